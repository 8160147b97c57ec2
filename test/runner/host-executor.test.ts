import { execFileSync } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import type { Executor } from "../../src/runner/executor.js";
import { createHostExecutor } from "../../src/runner/host-executor.js";
import type { TrialJob } from "../../src/runner/protocol.js";
import type { Settings } from "../../src/sweep/settings.js";
import type { TrialOutcome, Verdict } from "../../src/sweep/trial.js";
import type { Notice } from "../../src/trainer/progress.js";

let executor: Executor | undefined;
afterEach(async () => {
  await executor?.close(true);
  vi.unstubAllEnvs();
});

const settings = (model: string) => ({ model }) as Settings;
const go: Verdict = { action: "continue" };

async function prepared(workers: number) {
  const host = createHostExecutor({ workers, workerFile: new URL("./fake-worker.mjs", import.meta.url) });
  executor = host;
  const { hashes } = await host.prepare(settings("present"), 0);
  const notices: Notice[] = [];
  const steps: [act: string, step: number][] = [];
  function run(act: string, verdict: Verdict = go): Promise<TrialOutcome> {
    const job = { inputs: hashes, parameters: { act }, settings: { trainer: {} } } as unknown as TrialJob;
    const onMeasurement = ({ step }: { step: number }) => {
      steps.push([act, step]);
      return verdict;
    };
    return host.run(job, { onMeasurement, onNotice: (notice) => notices.push(notice) });
  }
  return { host, run, notices, steps };
}

/** The hosts that this process has. */
function processesOf(parent: number): readonly number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.some((arg) => arg.endsWith("host.js")))
    .map(([pid]) => Number(pid));
}

test("measurements, verdicts and outcomes are those of the threads, in the same order", async () => {
  const { run, steps } = await prepared(2);
  expect(await run("train")).toMatchObject({ state: "complete", value: 2 });
  expect(steps.map(([, step]) => step)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  expect(await run("rung", { action: "stop", reason: "worst of nine" })).toMatchObject({ reason: "worst of nine" });
  expect(await run("reply-error")).toMatchObject({ failure: { kind: "error" } });
  await expect(run("disk-full")).rejects.toMatchObject({ code: "store", hint: "Make room." });
});

test("a native crash fails the trial that it happened in, and another process takes the next trials", async () => {
  const { run } = await prepared(1);
  const message = "its process was lost after step 10: SIGSEGV";
  expect(await run("segv")).toEqual({ state: "failed", failure: { kind: "crashed", message } });
  expect(await run("train")).toMatchObject({ state: "complete" });
});

test("of several trials in a crashed process the one that crashes it alone is found, and the others go on from where they were", async () => {
  const { run, notices, steps } = await prepared(3);
  const [bad, ...good] = await Promise.all([run("segv"), run("slow"), run("slow")]);
  expect(bad).toMatchObject({ failure: { kind: "crashed", message: "its process was lost after step 10: SIGSEGV" } });
  // The value is the step after which it was told to go on.
  expect(good).toMatchObject([
    { state: "complete", value: 1 },
    { state: "complete", value: 1 },
  ]);
  expect(notices.map(({ message }) => message)).toEqual(
    Array(3).fill("lost its process, SIGSEGV; the 3 trials that ran in it are run again one by one"),
  );
  expect(steps.filter(([act]) => act === "segv")).toHaveLength(1);
});

test("a thread whose heap is full fails its own trial, with the reason", async () => {
  vi.stubEnv("NODE_OPTIONS", "--max-old-space-size=64");
  const { run } = await prepared(2);
  const [full, other] = await Promise.all([run("heap"), run("slow")]);
  expect(full).toMatchObject({ state: "failed", failure: { kind: "crashed" } });
  expect(full.state === "failed" && full.failure.message).toMatch(/out of memory|heap/i);
  expect(other).toMatchObject({ state: "complete" });
});

test("a process that is lost while it prepares the inputs is an error with its cause", async () => {
  const { host } = await prepared(1);
  const [pid] = processesOf(process.pid);
  const waiting = expect(host.prepare(settings("forever"), 0)).rejects.toMatchObject({
    code: "worker",
    message: "the workers' process was lost: SIGBUS",
  });
  process.kill(pid as number, "SIGBUS");
  await waiting;
});

test("closing now cuts trials off and ends the process, and nothing can be asked afterwards", async () => {
  const { host, run, steps } = await prepared(1);
  const rejected = expect(run("until-stopped")).rejects.toMatchObject({ code: "interrupted" });
  await expect.poll(() => steps.length).toBeGreaterThan(0);
  await host.close(true);
  await rejected;
  await expect(run("train")).rejects.toThrow("already closed");
  expect(processesOf(process.pid)).toEqual([]);
});
