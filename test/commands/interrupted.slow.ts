// A run that is stopped, by Ctrl-C or by the plug, and goes on: nothing is lost, nothing is done twice.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openReader } from "../../src/store/reader.js";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const trainer = { max_steps: 500, eval_steps: 50, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };
const parameters = { base_lr: { value: 1e-4 }, lr_ratio: { values: [0.5, 1, 2, 4, 8] } };

let tiny: TinySweep;
let undisturbed: readonly Ranked[];

interface Ranked {
  readonly number: number;
  readonly value: number | null;
  readonly state: string;
}

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("sweep.yaml", { trainer, parameters });
  expect((await runDualrate(["run", "sweep.yaml", "--results", "whole"], tiny.folder)).status).toBe(0);
  undisturbed = await ranked("whole");
}, 60_000);
afterAll(() => tiny.dispose());

async function ranked(results: string): Promise<readonly Ranked[]> {
  const { stdout } = await runDualrate(["rank", "--json", "--results", results], tiny.folder);
  return JSON.parse(stdout).map(({ number, value, state }: Ranked) => ({ number, value, state }));
}

interface Stopped {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** Runs the sweep with one worker, and sends each signal once its word has been printed. */
function interrupt(results: string, ...signals: readonly [word: string, signal: NodeJS.Signals][]): Promise<Stopped> {
  const args = [CLI, "run", "sweep.yaml", "--workers", "1", "--results", results];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: tiny.folder, stdio: ["ignore", "ignore", "pipe"] });
  const left = [...signals];
  let stderr = "";
  child.stderr?.on("data", (data) => {
    stderr += data;
    while (left[0] && stderr.includes(left[0][0])) child.kill(left.shift()?.[1]);
  });
  return new Promise((resolve) => child.on("close", (status, signal) => resolve({ status, signal, stderr })));
}

async function goesOn(results: string): Promise<void> {
  const { status, stderr } = await runDualrate(["run", "sweep.yaml", "--results", results], tiny.folder);
  expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
  expect(await ranked(results)).toEqual(undisturbed);
}

test("Ctrl-C finishes the running trial and starts no more; the same file goes on", async () => {
  const { status, stderr } = await interrupt("drained", ["#2 started", "SIGINT"]);
  expect(status).toBe(130);
  expect(stderr).toContain("finishing the trials that run");
  // Lines come some time after what they tell, so a third trial may have begun; a fifth has not.
  const states = (await ranked("drained")).map(({ state }) => state);
  expect([2, 3, 4]).toContain(states.length);
  expect(new Set(states)).toEqual(new Set(["complete"]));
  await goesOn("drained");
});

test("Ctrl-C twice puts the running trial back and ends at once; the same file goes on", async () => {
  const { status, stderr } = await interrupt("stopped", ["#1 started", "SIGINT"], ["finishing the trials", "SIGINT"]);
  expect(status).toBe(130);
  expect(stderr).toMatch(/#\d back in the queue/);
  expect(stderr).not.toContain("terminate called");
  await goesOn("stopped");
});

test("SIGTERM stops at once, in order", async () => {
  const { status, signal, stderr } = await interrupt("terminated", ["#1 started", "SIGTERM"]);
  expect([status, signal]).toEqual([143, null]);
  expect(stderr).toMatch(/#\d back in the queue/);
  await goesOn("terminated");
});

/** Runs the sweep and pulls the plug once the trial's checkpoint has been written so many times. */
async function killAtCheckpoint(results: string, trial: number, written: number): Promise<void> {
  const args = [CLI, "run", "sweep.yaml", "--workers", "1", "--results", results];
  const child = spawn(process.execPath, args, { cwd: tiny.folder, stdio: "ignore" });
  const file = join(tiny.folder, results, "tiny", "checkpoints", `trial-${trial}.safetensors`);
  const seen = new Set<number>();
  while (seen.size < written && child.exitCode === null) {
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined) seen.add(mtimeMs);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  child.kill("SIGKILL");
  await new Promise((resolve) => child.on("close", resolve));
}

test.each([
  [1, 1],
  [1, 4],
  [3, 2],
])("killed after checkpoint, trial %i goes on from there (%i) and ends as if undisturbed", async (trial, written) => {
  const results = `plug-${trial}-${written}`;
  await killAtCheckpoint(results, trial, written);
  expect((await ranked(results)).filter(({ state }) => state === "running")).toHaveLength(1);
  await goesOn(results);
  const reader = openReader(join(tiny.folder, results));
  const messages = reader.events(reader.study()!.study.id).map(({ message }) => message);
  reader.close();
  const step = messages.find((message) => message.includes("goes on after step"))?.match(/trial (\d) .* step (\d+)$/);
  expect(Number(step?.[1])).toBe(trial);
  expect(Number(step?.[2])).toBeGreaterThanOrEqual(50);
  expect(readdirSync(join(tiny.folder, results, "tiny", "checkpoints"))).toEqual([]);
  const best = [...undisturbed].sort((a, b) => a.value! - b.value!)[0]?.number;
  expect(readdirSync(join(tiny.folder, results, "tiny", "weights"))).toEqual([`trial-${best}.safetensors`]);
});

test("after kill -9 the cut-off trial runs again, the finished ones do not", async () => {
  const { signal } = await interrupt("killed", ["#3 started", "SIGKILL"]);
  expect(signal).toBe("SIGKILL");
  const before = await ranked("killed");
  expect(before.filter(({ state }) => state === "running")).toHaveLength(1);
  expect(before.filter(({ state }) => state === "complete").length).toBeGreaterThanOrEqual(2);
  await goesOn("killed");
});
