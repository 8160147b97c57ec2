// Trials that fail, through the whole program: their time limit, the end of a run of failures, and what retries them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const TRAINER = { max_steps: 6, eval_steps: 2, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("short.yaml", { trainer: { ...TRAINER, max_trial_minutes: 1e-6 } });
  tiny.write("sweep.yaml", { trainer: TRAINER });
  tiny.write("diverge.yaml", { name: "diverge", parameters: { base_lr: { value: 1e30 }, lr_ratio: { value: 1 } } });
});
afterAll(() => tiny.dispose());

test("a time limit that no trial meets ends the sweep after five tries, and says what to raise", async () => {
  const { status, stderr } = await dualrate("run", "short.yaml", "--workers", "1");
  expect(status).toBe(1);
  expect(stderr).toContain("#1 failed (timeout): it took longer than max_trial_minutes (0.000001)");
  expect(stderr).toContain("error: stopped after 5 failures in a row, all past trainer.max_trial_minutes: raise it");
  const shown = await dualrate("show", "tiny", "1");
  expect(shown.stdout).toContain("timeout: it took longer");
  expect(shown.stderr).toContain("next: dualrate run short.yaml --retry-failed");
});

test("plan tells the time left from the trials so far", async () => {
  const { stdout } = await dualrate("plan", "sweep.yaml");
  expect(stdout).toMatch(/\ntime +about \d+s left at \d+ workers?, from 2 trials\n/);
  const { seconds_left: seconds } = JSON.parse((await dualrate("plan", "sweep.yaml", "--json")).stdout);
  expect(seconds).toBeGreaterThan(0);
  expect(JSON.parse((await dualrate("plan", "diverge.yaml", "--json")).stdout).seconds_left).toBeNull();
});

test("run --retry-failed runs the failed trials again, under the limit that the file gives now", async () => {
  const { status, stdout, stderr } = await dualrate("run", "sweep.yaml", "--retry-failed");
  expect(status).toBe(0);
  expect(stderr).toContain("2 failed trials back in the queue: #1 #2");
  expect(stdout).toContain("4 of 4 trials");
  expect(stdout).toContain("4 complete");
  expect((await dualrate("log", "--trial", "2")).stdout).toMatch(
    /\(timeout\).*\n.* trial 2 had failed, and is put back\n/,
  );
  expect((await dualrate("plan", "sweep.yaml")).stdout).toMatch(/\ntime +nothing left: 4 trials ended\n/);
});

test("run --retry-failed of a finished study leaves what cannot go better, and says so", async () => {
  expect((await dualrate("run", "sweep.yaml", "--retry-failed")).stderr).toContain("none of its trials failed");
  await dualrate("run", "diverge.yaml");
  const { status, stderr } = await dualrate("run", "diverge.yaml", "--retry-failed");
  expect(status).toBe(0);
  expect(stderr).toContain("nothing is to be retried: its failed trials diverged, and would again");
});

test("a trial that cannot fit into memory is refused before anything is started, unless asked for", async () => {
  tiny.write("huge.yaml", { name: "huge", trainer: { ...TRAINER, eval_batch_size: 1e6 } });
  const refused = await dualrate("run", "huge.yaml");
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/error: a trial needs about \S+ GB of memory; \S+ GB are free/);
  expect(refused.stderr).toContain("--overcommit");
  expect((await dualrate("plan", "huge.yaml")).stdout).toContain("more than is free");
});

test("a place that takes no checkpoints stops the sweep without a failed trial, and it goes on once there is one", async () => {
  const other = await createTinySweep();
  onTestFinished(() => other.dispose());
  other.write("sweep.yaml", { name: "full" });
  const run = () => runDualrate(["run", "sweep.yaml", "--workers", "1"], other.folder);
  // As on a full disk: a file stands where the folder of the checkpoints would be.
  const inTheWay = join(other.folder, "results", "full", "checkpoints");
  mkdirSync(dirname(inTheWay), { recursive: true });
  writeFileSync(inTheWay, "");
  const stopped = await run();
  expect(stopped.status).toBe(1);
  expect(stopped.stderr).toMatch(/error: .*checkpoints.*cannot be written: .*\n {2}hint: Make room on its disk/);
  expect(stopped.stderr).not.toMatch(/failed|at .*\.js:/);
  rmSync(inTheWay);
  const { status, stdout } = await run();
  expect([status, stdout]).toEqual([0, expect.stringMatching(/4 of 4 trials .*: 4 complete\n/)]);
});

test("a model folder that vanishes in mid-sweep changes nothing for the run, and is named by the next one", async () => {
  const other = await createTinySweep();
  onTestFinished(() => other.dispose());
  const model = join(other.folder, "model");
  other.write("sweep.yaml", { name: "gone", model });
  cpSync(other.model, model, { recursive: true });
  const running = spawn(process.execPath, [CLI, "run", "sweep.yaml", "--workers", "1", "--json"], {
    cwd: other.folder,
  });
  const lines: string[] = [];
  running.stdout.on("data", (chunk: Buffer) => {
    lines.push(chunk.toString());
    // The first trial has begun: everything is in memory.
    if (existsSync(model) && lines.join("").includes('"started"')) rmSync(model, { recursive: true });
  });
  const [status] = await once(running, "close");
  expect([status, existsSync(model)]).toEqual([0, false]);
  const again = await runDualrate(["run", "sweep.yaml"], other.folder);
  expect(again.status).toBe(2);
  expect(again.stderr).toMatch(/model must be an existing Hugging Face folder; there is none at/);
});
