import { afterEach, expect, test } from "vitest";
import type { Executor } from "../../src/runner/executor.js";
import { createPiscinaExecutor } from "../../src/runner/piscina.js";
import type { TrialJob } from "../../src/runner/protocol.js";
import type { Settings } from "../../src/sweep/settings.js";
import type { Measurement, TrialOutcome, Verdict } from "../../src/sweep/trial.js";

let executor: Executor | undefined;
afterEach(() => executor?.close(true));

const settings = (model: string) => ({ model }) as Settings;
const go: Verdict = { action: "continue" };

async function prepared(workers: number, minutes?: number): Promise<{ run: typeof run; executor: Executor }> {
  const pool = createPiscinaExecutor({
    workers,
    workerFile: new URL("./fake-worker.mjs", import.meta.url),
    graceMs: 200,
  });
  executor = pool;
  const { hashes } = await pool.prepare(settings("present"), 0);
  function run(act: string, onMeasurement: (m: Measurement, atRung: boolean) => Verdict = () => go) {
    const job = { inputs: hashes, parameters: { act }, settings: { trainer: { maxTrialMinutes: minutes } } };
    return pool.run(job as unknown as TrialJob, { onMeasurement });
  }
  return { run, executor: pool };
}

function failure(outcome: TrialOutcome) {
  expect(outcome.state).toBe("failed");
  return outcome.state === "failed" ? outcome.failure : { kind: "none", message: "" };
}

test("a trial's measurements arrive in order and all before its outcome, on inputs in shared memory", async () => {
  const { run } = await prepared(1);
  const steps: number[] = [];
  const outcome = await run("train", ({ step }) => {
    steps.push(step);
    return go;
  });
  expect(steps).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  expect(outcome).toMatchObject({ state: "complete", value: 2 });
});

test("a verdict reaches a trial that waits at a rung", async () => {
  const { run } = await prepared(1);
  expect(await run("rung", () => ({ action: "stop", reason: "worst of nine" }))).toMatchObject({
    state: "pruned",
    reason: "worst of nine",
  });
});

test("an exception in a trial is that trial's failure, on one line with its place", async () => {
  const { run } = await prepared(1);
  expect(failure(await run("reply-error"))).toEqual({ kind: "error", message: "TypeError: no (at f (model.js:3:1))" });
  expect(await run("train")).toMatchObject({ state: "complete", bestStep: 2 });
});

test("a disk that takes no more files is nobody's failure: the run rejects", async () => {
  const { run } = await prepared(1);
  await expect(run("disk-full")).rejects.toMatchObject({ code: "store", hint: "Make room." });
  expect(await run("train")).toMatchObject({ state: "complete" });
});

test("a thread that exits fails its own trial alone, and the pool goes on", async () => {
  const { run } = await prepared(2);
  const [dead, alive] = await Promise.all([run("exit"), run("train")]);
  expect(failure(dead)).toEqual({
    kind: "crashed",
    message: "its worker was lost after step 10: Error: worker exited with code: 7",
  });
  expect(alive.state).toBe("complete");
  expect(await Promise.all([run("train"), run("train")])).toMatchObject([{ state: "complete" }, { state: "complete" }]);
});

test("an exception outside of the trial's own calls is a crash that names it", async () => {
  const { run } = await prepared(1);
  const { kind, message } = failure(await run("throw-later"));
  expect(kind).toBe("crashed");
  expect(message).toMatch(/before its first evaluation: RangeError: from nowhere \(at .*fake-worker\.mjs:\d+:\d+\)+$/);
});

test("a trial past its time limit is told to stop, and keeps its thread for the next one", async () => {
  const { run } = await prepared(1, 0.1 / 60);
  expect(failure(await run("until-stopped"))).toEqual({
    kind: "timeout",
    message: `it took longer than max_trial_minutes (${0.1 / 60}): its last evaluation was at step 1`,
  });
  expect(await run("train")).toMatchObject({ state: "complete", bestStep: 2 });
});

test.each([["hang"], ["spin"]])(
  "a trial that would %s past its time limit loses its thread, and the rest go on",
  async (act) => {
    const { run } = await prepared(2, 1 / 60);
    const [hung, alive] = await Promise.all([run(act), run("train")]);
    expect(failure(hung).kind).toBe("timeout");
    expect(failure(hung).message).toContain("it had no evaluation yet; it did not stop when told to");
    expect(alive.state).toBe("complete");
    const next = await Promise.all([run("train"), run("train")]);
    expect(next).toMatchObject([{ state: "complete" }, { state: "complete" }]);
  },
);

test("a trial that diverges within its time limit is what its worker says", async () => {
  const { run } = await prepared(1, 1);
  expect(failure(await run("nan"))).toEqual({ kind: "diverged", step: 3, message: "the training loss is NaN" });
});

test.each(["hang", "spin"])("closing now ends a trial that would %s for ever, as a rejection", async (act) => {
  const { run, executor } = await prepared(2);
  const trial = run(act);
  const rejected = expect(trial).rejects.toMatchObject({ code: "interrupted" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await executor.close(true);
  await rejected;
  await expect(run("train")).rejects.toThrow("already closed");
});

test("closing now tells a trial that still works to stop, and waits for it", async () => {
  const { run, executor } = await prepared(1);
  const steps: number[] = [];
  const trial = run("until-stopped", ({ step }) => {
    steps.push(step);
    return go;
  });
  const rejected = expect(trial).rejects.toMatchObject({ code: "interrupted" });
  await expect.poll(() => steps.length).toBeGreaterThan(0);
  await executor.close(true);
  await rejected;
});

test("closing waits for the trials that run", async () => {
  const { run, executor } = await prepared(1);
  const trial = run("train");
  await executor.close();
  expect(await trial).toMatchObject({ state: "complete" });
});

test("bad input comes back from prepare as the error it was, and a lost worker as an error with a hint", async () => {
  const { executor } = await prepared(1);
  await expect(executor.prepare(settings("absent"), 0)).rejects.toMatchObject({
    code: "model",
    hint: "Give a folder.",
  });
  await expect(executor.prepare(settings("deadly"), 0)).rejects.toMatchObject({
    code: "worker",
    message: expect.stringContaining("exited with code: 3"),
  });
});

test("a trial on inputs that were never prepared is refused", async () => {
  const { executor } = await prepared(1);
  const inputs = { model: "other", tokenizer: "t", data: "d" };
  await expect(executor.run({ inputs } as TrialJob, { onMeasurement: () => go })).rejects.toThrow("not prepared");
});

test("threads that cannot start are an error, not a wait without end", async () => {
  const broken = createPiscinaExecutor({ workers: 1, workerFile: new URL("./absent.mjs", import.meta.url) });
  executor = broken;
  await expect(broken.prepare(settings("present"), 0)).rejects.toMatchObject({
    code: "worker",
    message: expect.stringContaining("absent.mjs"),
  });
});
