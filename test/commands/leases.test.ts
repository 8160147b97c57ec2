// Several processes and one database, as real processes: who runs a study, who looks on, and who has to stop.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HEARTBEAT_LIMIT } from "../../src/store/lease.js";
import { openReader } from "../../src/store/reader.js";
import type { StudyEvent } from "../../src/store/records.js";
import { runDualrate } from "../program.js";
import { ends, integrity, outcome, temporaryFiles, type Victim } from "./killing.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const trainer = { max_steps: 200, eval_steps: 10, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };
const parameters = { base_lr: { value: 1e-4 }, lr_ratio: { values: [0.5, 2] } };

let tiny: TinySweep;
const started: ChildProcess[] = [];

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("sweep.yaml", { trainer, parameters });
  tiny.write("other.yaml", { name: "other", trainer, parameters, seed: 6 });
  for (const file of ["sweep.yaml", "other.yaml"]) await ended(start(file, "whole"));
}, 60_000);
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(() => tiny.dispose());

interface Run {
  readonly child: ChildProcess;
  readonly stderr: () => string;
}

function start(file: string, results: string): Run {
  const args = [CLI, "run", file, "--workers", "1", "--plain", "--results", results];
  const child = spawn(process.execPath, args, { cwd: tiny.folder, stdio: ["ignore", "ignore", "pipe"] });
  started.push(child);
  let stderr = "";
  child.stderr?.on("data", (data) => {
    stderr += data;
  });
  return { child, stderr: () => stderr };
}

async function ended({ child, stderr }: Run): Promise<{ readonly status: number | null; readonly stderr: string }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  return { status: child.exitCode, stderr: stderr() };
}

function victim(results: string, study = "tiny"): Victim {
  return { folder: tiny.folder, file: "sweep.yaml", study, results, workers: 1 };
}

function eventsOf(results: string): readonly StudyEvent[] {
  const reader = openReader(join(tiny.folder, results));
  const events = reader.events(reader.study("tiny")?.study.id ?? 0);
  reader.close();
  return events;
}

/** Waits until trial 1 has a checkpoint. */
async function underWay(results: string): Promise<string> {
  const checkpoint = join(tiny.folder, results, "tiny", "checkpoints", "trial-1.safetensors");
  while (statSync(checkpoint, { throwIfNoEntry: false }) === undefined) await sleep(5);
  return checkpoint;
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Suspends the run at a moment when it writes no file: what it has begun to write, it ends when it goes on. */
async function suspend(child: ChildProcess, results: string): Promise<void> {
  for (;;) {
    child.kill("SIGSTOP");
    await sleep(50);
    if (temporaryFiles(victim(results)).length === 0) return;
    child.kill("SIGCONT");
    await sleep(5);
  }
}

/** Makes the lease another host's, with its last heartbeat so long ago. */
function forge(results: string, age: number): void {
  const db = new Database(join(tiny.folder, results, "sweeps.db"), { timeout: 5000 });
  db.prepare("UPDATE leases SET host = 'elsewhere', pid = 77, heartbeat_at = ?").run(Date.now() - age);
  db.close();
}

test("of two runs that start at the same moment one trains, and the other looks on until it is done", async () => {
  const both = [start("sweep.yaml", "race"), start("sweep.yaml", "race")];
  const [one, two] = await Promise.all(both.map(ended));
  expect([one?.status, two?.status]).toEqual([0, 0]);
  const lookers = [one, two].filter((run) => run?.stderr.includes("runs tiny already; this view is read-only"));
  expect(lookers).toHaveLength(1);
  expect(outcome(victim("race"))).toEqual(outcome(victim("whole")));
  const messages = eventsOf("race").map(({ message }) => message);
  expect(messages.filter((message) => /^(started|resumed)/.test(message))).toHaveLength(1);
  expect(messages.filter((message) => message.includes("looks on, read-only: process"))).toHaveLength(1);
});

test("studies run side by side in one database, and come to what they come to alone", async () => {
  const both = [start("sweep.yaml", "beside"), start("other.yaml", "beside")];
  for (const run of await Promise.all(both.map(ended))) {
    expect([run.status, run.stderr]).toEqual([0, expect.not.stringMatching(/error|locked/)]);
  }
  for (const study of ["tiny", "other"]) {
    expect(outcome(victim("beside", study))).toEqual(outcome(victim("whole", study)));
  }
});

test("a dead owner on this host is replaced at once, and the log tells whose trial went on from which step", async () => {
  const first = start("sweep.yaml", "dead");
  await underWay("dead");
  first.child.kill("SIGKILL");
  await ended(first);
  expect((await ended(start("sweep.yaml", "dead"))).status).toBe(0);
  expect(outcome(victim("dead"))).toEqual(outcome(victim("whole")));
  const { stdout } = await runDualrate(["log", "tiny", "--results", "dead"], tiny.folder);
  const takeover = `takes over from process ${first.child.pid} on \\S+, which is gone; its last sign of life was at 20`;
  expect(stdout).toMatch(new RegExp(`  lease  +process \\d+ on \\S+ ${takeover}`));
  expect(stdout).toMatch(/ {2}trial +#1 {2}trial 1 was cut off when its run ended: put back\n/);
  expect(stdout).toMatch(/ {2}trial +#1 {2}trial 1 goes on after step \d+\n/);
});

test("an owner on another host is waited for until its heartbeat is too old, and then replaced", async () => {
  const first = start("sweep.yaml", "away");
  await underWay("away");
  first.child.kill("SIGKILL");
  await ended(first);
  forge("away", 0);
  const early = start("sweep.yaml", "away");
  while (!early.stderr().includes("process 77 on elsewhere runs tiny already")) await sleep(5);
  forge("away", HEARTBEAT_LIMIT);
  const looked = await ended(early);
  expect([looked.status, looked.stderr]).toEqual([0, expect.stringContaining("dualrate run sweep.yaml")]);
  expect((await ended(start("sweep.yaml", "away"))).status).toBe(0);
  expect(outcome(victim("away"))).toEqual(outcome(victim("whole")));
  expect(eventsOf("away").map(({ message }) => message)).toContainEqual(
    expect.stringContaining("takes over from process 77 on elsewhere"),
  );
});

test("a coordinator that was suspended while its study was taken over stops, and writes nothing more", async () => {
  const slept = start("sweep.yaml", "slept");
  const checkpoint = await underWay("slept");
  await suspend(slept.child, "slept");
  forge("slept", 0);
  const before = [outcome(victim("slept")), ends(victim("slept")), hashOf(checkpoint)];
  slept.child.kill("SIGCONT");
  const { status, stderr } = await ended(slept);
  expect(status).toBe(1);
  expect(stderr).toContain(
    'error: this process no longer owns study "tiny": process 77 on elsewhere has taken it over',
  );
  expect([outcome(victim("slept")), ends(victim("slept")), hashOf(checkpoint)]).toEqual(before);
  expect(eventsOf("slept").at(-1)).toMatchObject({ kind: "lease", message: expect.stringContaining("lost the study") });
  // Its successor, once that is gone too, goes on from there.
  forge("slept", HEARTBEAT_LIMIT);
  expect((await ended(start("sweep.yaml", "slept"))).status).toBe(0);
  expect(outcome(victim("slept"))).toEqual(outcome(victim("whole")));
  expect(integrity(victim("slept"))).toEqual(["ok"]);
});
