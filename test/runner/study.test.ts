import { expect, onTestFinished, test, vi } from "vitest";
import { DualrateError } from "../../src/errors.js";
import { createPruner } from "../../src/planner/planner.js";
import type { History, Pruner, Sampler } from "../../src/planner/sampler.js";
import type { Executor } from "../../src/runner/executor.js";
import { StopSignal } from "../../src/runner/stop.js";
import { type FailureKind, trialSeed } from "../../src/sweep/trial.js";
import { definition, measurement, settings, sweep, trial } from "../store/fixture.js";
import { FakeExecutor, type Run, type Script } from "./fake-executor.js";
import { complete, failed, forever, RATIOS, type Setup, settled, setup, train, wrapped } from "./study-fixture.js";

test("every planned trial runs once, in the order of its number, and is stored with what it measured", async () => {
  const { run, reader, id, states, messages } = setup();
  const executor = new FakeExecutor(1, train);
  const end = await run(executor);
  expect(executor.started).toEqual([1, 2, 3, 4, 5, 6]);
  expect(end).toEqual({
    reason: "finished",
    message: "finished: 6 trials have ended, 0 of them failed",
    ...{ queued: 0, running: 0, paused: 0, complete: 6, pruned: 0, failed: 0 },
  });
  expect(states()).toEqual(Array(6).fill("complete"));
  expect(reader.measurementsOf(id, 6)).toEqual([measurement(10), measurement(20)]);
  expect(messages()).toEqual(["started: trial 1 of 6, up to 1 at once", end.message]);
  expect(executor.closed).toBe(false);
});

test("a trial's job and its row carry its parameters, its resolved rates and the seed that all configurations share", async () => {
  const { run, reader, id } = setup();
  const executor = new FakeExecutor(2, train);
  await run(executor);
  const seed = trialSeed(sweep.seed, 0);
  expect(executor.jobs[2]).toEqual({
    study: "words",
    trial: 3,
    checkpoint: expect.stringMatching(/words.checkpoints.trial-3\.safetensors$/),
    weights: expect.stringMatching(/words.weights.trial-3\.safetensors$/),
    replicate: 0,
    seed,
    studySeed: sweep.seed,
    inputs: definition().inputs,
    settings,
    metric: sweep.metric,
    parameters: { lr_ratio: 10 },
    rungs: [],
  });
  const rates = { base_lr: 1e-4, lr_ratio: 10, intro_lr: 1e-4 * 10 };
  expect(reader.trials(id)[2]).toMatchObject({ number: 3, seed, parameters: { lr_ratio: 10 }, rates });
});

test.each([2, 4, 20])("%i slots are filled and never exceeded", async (slots) => {
  const { run } = setup();
  const executor = new FakeExecutor(slots, train);
  expect((await run(executor)).complete).toBe(6);
  expect(executor.peak).toBe(Math.min(slots, RATIOS.length));
});

test("a sampler sees the ended trials in the order of their numbers, and those that run", async () => {
  const { run } = setup();
  const seen: string[] = [];
  const short = ({ finished, running }: History) =>
    [finished, running].map((trials) => trials.map(({ number }) => number).join()).join("|");
  const sampler: Sampler = {
    size: 4,
    suggest(_, history, number) {
      seen.push(`${number}: ${short(history)}`);
      return number <= 4 ? { lr_ratio: number } : undefined;
    },
  };
  // Trial 2 ends before trial 1.
  const script: Script = async (job) => {
    if (job.job.trial === 1) await settled();
    return complete;
  };
  await run(new FakeExecutor(2, script), { sampler });
  expect(seen.slice(0, 3)).toEqual(["1: |", "2: |1", "3: 2|1"]);
  expect(seen.at(-1)).toBe("5: 1,2,3,4|");
});

test("measurements are stored when they come, not at the end", async () => {
  const { run, reader, id } = setup();
  const stored: number[] = [];
  const script: Script = ({ job, handlers }) => {
    handlers.onMeasurement(measurement(10), false);
    stored.push(reader.measurementsOf(id, job.trial).length);
    return complete;
  };
  await run(new FakeExecutor(1, script));
  expect(stored).toEqual(Array(6).fill(1));
});

test("a study goes on where it was, repeats no ended trial, and runs what was cut off first", async () => {
  const { run, writer, reader, id, messages } = setup();
  const rates = { base_lr: 1e-4, lr_ratio: 1, intro_lr: 1e-4 };
  for (const number of [1, 2, 3]) {
    writer.addTrial(id, { ...trial(number), parameters: { lr_ratio: RATIOS[number - 1] ?? 0 }, rates });
    writer.startTrial(id, number);
    writer.recordMeasurement(id, number, measurement(10));
  }
  writer.endTrial(id, 1, complete);
  writer.endTrial(id, 3, failed("error"));
  const executor = new FakeExecutor(1, train);
  const end = await run(executor);
  expect(executor.started).toEqual([2, 4, 5, 6]);
  expect(end).toMatchObject({ reason: "finished", complete: 5, failed: 1 });
  expect(reader.measurementsOf(id, 2)).toHaveLength(2);
  expect(messages().slice(0, 2)).toEqual([
    "resumed: 2 of 6 trials have ended; cut off before, and put back: trials 2",
    "trial 2 was cut off when its run ended: put back",
  ]);
});

test("a finished run leaves the executor alone, whatever is asked to stop later", async () => {
  const { run, stop } = setup();
  const executor = new FakeExecutor(2, train);
  await run(executor);
  stop.request("now");
  expect(executor.closed).toBe(false);
});

test("a finished study that is run again runs nothing", async () => {
  const { run } = setup();
  await run(new FakeExecutor(2, train));
  const again = new FakeExecutor(2, train);
  expect(await run(again)).toMatchObject({ reason: "finished", complete: 6 });
  expect(again.started).toEqual([]);
});

test("a divergence is a result: it stays, and any number of them ends nothing", async () => {
  const { run, reader, id } = setup();
  const executor = new FakeExecutor(1, () => failed("diverged"));
  expect(await run(executor)).toMatchObject({ reason: "finished", failed: 6 });
  expect(executor.started).toEqual([1, 2, 3, 4, 5, 6]);
  expect(reader.events(id)[1]).toMatchObject({
    kind: "trial",
    trial: 1,
    message: "trial 1 failed (diverged): diverged!",
  });
});

test("a crash is tried once more at once, from its beginning", async () => {
  const { run, reader, id, messages } = setup();
  const executor = new FakeExecutor(1, (job) => {
    job.handlers.onMeasurement(measurement(10), false);
    return job.job.trial === 2 && job.attempt === 1 ? failed("crashed") : complete;
  });
  expect(await run(executor)).toMatchObject({ reason: "finished", complete: 6 });
  expect(executor.started).toEqual([1, 2, 2, 3, 4, 5, 6]);
  expect(reader.measurementsOf(id, 2)).toHaveLength(1);
  expect(messages()).toContain("trial 2 crashed and is tried once more: crashed!");
});

test("a trial past its time limit is tried once more, and then stays failed", async () => {
  const { run, states, messages } = setup();
  const executor = new FakeExecutor(1, ({ job }) => (job.trial === 2 ? failed("timeout") : complete));
  expect(await run(executor)).toMatchObject({ reason: "finished", complete: 5, failed: 1 });
  expect(executor.started).toEqual([1, 2, 2, 3, 4, 5, 6]);
  expect(states()[1]).toBe("failed");
  expect(messages()).toContain("trial 2 timed out and is tried once more: timeout!");
  expect(messages()).toContain("trial 2 failed (timeout): timeout!");
});

test("time limits that nothing meets end the study, and say which key to raise", async () => {
  const { run } = setup();
  const end = await run(new FakeExecutor(1, () => failed("timeout")));
  expect(end).toMatchObject({ reason: "failures", failed: 2, queued: 1 });
  expect(end.message).toMatch(/5 failures in a row, all past trainer\.max_trial_minutes: raise it/);
});

test("a second crash of a trial and any error stay failed", async () => {
  const { run, states } = setup();
  const kinds: Record<number, FailureKind> = { 2: "crashed", 4: "error" };
  const executor = new FakeExecutor(1, ({ job }) => {
    const kind = kinds[job.trial];
    return kind ? failed(kind) : complete;
  });
  expect(await run(executor)).toMatchObject({ reason: "finished", complete: 4, failed: 2 });
  expect(executor.started).toEqual([1, 2, 2, 3, 4, 5, 6]);
  expect(states()).toEqual(["complete", "failed", "complete", "failed", "complete", "complete"]);
});

test("five failures in a row end the study with the last one's reason", async () => {
  const { run, messages } = setup();
  const executor = new FakeExecutor(1, () => failed("error"));
  const end = await run(executor);
  expect(end).toMatchObject({ reason: "failures", failed: 5 });
  expect(end.message).toMatch(/after 5 failures in a row.*error!$/);
  expect(executor.started).toEqual([1, 2, 3, 4, 5]);
  expect(messages().at(-1)).toBe(end.message);
});

test("failures with a trial between them that works do not end the study", async () => {
  const { run } = setup();
  const executor = new FakeExecutor(1, ({ job }) => (job.trial === 3 ? failed("diverged") : failed("error")));
  expect(await run(executor)).toMatchObject({ reason: "finished", failed: 6 });
});

test("crashes in a row count, and a trial that waits for its second try keeps it for the next run", async () => {
  const { run, states } = setup();
  expect(await run(new FakeExecutor(1, () => failed("crashed")))).toMatchObject({ reason: "failures", queued: 1 });
  expect(states()).toEqual(["failed", "failed", "queued"]);
  expect(await run(new FakeExecutor(1, train))).toMatchObject({ reason: "finished", complete: 4, failed: 2 });
});

test("a drain starts no more trials, lets the running ones end, and can be resumed", async () => {
  const { run, stop, states } = setup();
  const executor = new FakeExecutor(2, async (job) => {
    stop.request("drain");
    return train(job);
  });
  const end = await run(executor);
  expect(end).toMatchObject({ reason: "drained", complete: 2 });
  expect(end.message).toContain("run the sweep again to go on");
  expect(executor).toMatchObject({ started: [1, 2], closed: false });
  expect(states()).toEqual(["complete", "complete"]);
});

test("a drain while the last trials run is a finished study", async () => {
  const { run, stop } = setup();
  const executor = new FakeExecutor(6, async (job) => {
    stop.request("drain");
    return train(job);
  });
  expect((await run(executor)).reason).toBe("finished");
});

test("a stop now puts running trials back without their measurements, and the next run does them first", async () => {
  const { run, stop, reader, id, states } = setup();
  const executor = new FakeExecutor(2, (job) => {
    if (job.job.trial === 1) return complete;
    job.handlers.onMeasurement(measurement(10), false);
    return forever();
  });
  const running = run(executor);
  await settled();
  expect(states()).toEqual(["complete", "running", "running"]);
  stop.request("now");
  expect(await running).toMatchObject({ reason: "stopped", complete: 1, queued: 2, running: 0 });
  expect(executor.closed).toBe(true);
  expect(states()).toEqual(["complete", "queued", "queued"]);
  expect([...reader.measurements(id)]).toEqual([]);
});

test("the log tells which trials a stop put back, and from where those go on that were paused before", async () => {
  const { run, stop, reader, id, writer } = setup();
  const running = run(new FakeExecutor(2, forever));
  await settled();
  stop.request("now");
  await running;
  const told = () => reader.events(id).flatMap(({ trial, message }) => (trial === undefined ? [] : [[trial, message]]));
  expect(told()).toEqual([
    [1, "trial 1 is put back: the run was stopped at once"],
    [2, "trial 2 is put back: the run was stopped at once"],
  ]);
  writer.startTrial(id, 1);
  writer.pauseTrial(id, 1, { step: 10, reason: "", checkpoint: "c" });
  writer.resumeTrial(id, 1, 5);
  await run(new FakeExecutor(1, train), { stop: new StopSignal() });
  expect(told()[2]).toEqual([1, "trial 1 was cut off when its run ended: paused again, at step 10"]);
});

test("a run that ends with an error says so in the log, on one line", async () => {
  const { run, messages } = setup();
  const broken = new FakeExecutor(1, () => {
    throw new DualrateError("internal", "TypeError: no\n    at f (a.js:1:2)");
  });
  await expect(run(broken)).rejects.toThrow("TypeError: no");
  expect(messages().at(-1)).toBe("the run ended with an error: TypeError: no");
});

test("trials of a study that was taken over are abandoned: told to stop without a word in their files", async () => {
  const { run, writer } = setup();
  const executor = new FakeExecutor(1, train);
  const closed = vi.spyOn(executor, "close");
  const lost = wrapped(writer, "recordMeasurement", () => {
    throw new DualrateError("lease", "this process no longer owns the study");
  });
  await expect(run(executor, { writer: lost })).rejects.toThrow("no longer owns");
  expect(closed.mock.calls).toEqual([[true, true]]);
});

test("a stop that came before the run starts nothing", async () => {
  const { run, stop } = setup();
  stop.request("now");
  const executor = new FakeExecutor(2, train);
  expect(await run(executor)).toMatchObject({ reason: "stopped", complete: 0 });
  expect(executor.started).toEqual([]);
});

test("a pause lets running trials end and starts no more until it is taken back", async () => {
  const { run, stop, states } = setup();
  const executor = new FakeExecutor(2, train);
  const running = run(executor);
  stop.pause(true);
  await settled();
  expect(states()).toEqual(["complete", "complete"]);
  stop.pause(false);
  expect(await running).toMatchObject({ reason: "finished", complete: 6 });
});

test("a paused study can be stopped", async () => {
  const { run, stop } = setup();
  stop.pause(true);
  const running = run(new FakeExecutor(2, train));
  await settled();
  stop.request("drain");
  expect(await running).toMatchObject({ reason: "drained", complete: 0 });
});

test("at a rung the pruner judges by all measurements so far; its verdict reaches the trial and the outcome is stored", async () => {
  const { run, reader, id } = setup();
  const judged: unknown[] = [];
  const pruner: Pruner = {
    rungs: [0.5],
    judge({ trial, measurements }, others) {
      const steps = measurements.map(({ step }) => step);
      judged.push([trial.number, trial.state, steps, others.map((other) => other.measurements.length)]);
      return trial.number === 2 ? { action: "stop", reason: "worst of two" } : { action: "continue" };
    },
  };
  const executor = new FakeExecutor(1, ({ job, handlers }) => {
    expect(job.rungs).toEqual([0.5]);
    handlers.onMeasurement(measurement(5), false);
    const verdict = handlers.onMeasurement(measurement(10), true);
    return verdict.action === "stop" ? { state: "pruned", step: 10, reason: verdict.reason } : complete;
  });
  expect(await run(executor, { pruner })).toMatchObject({ reason: "finished", complete: 5, pruned: 1 });
  expect(judged.slice(0, 3)).toEqual([
    [1, "running", [5, 10], []],
    [2, "running", [5, 10], [2]],
    [3, "running", [5, 10], [2, 2]],
  ]);
  expect(reader.trials(id)[1]).toMatchObject({ state: "pruned", step: 10, reason: "worst of two" });
});

test("an executor that fails as a whole ends the run with its error, and the next run goes on", async () => {
  const { run, states } = setup();
  const broken = new FakeExecutor(2, ({ job }) => {
    if (job.trial === 2) throw new DualrateError("worker", "worker threads cannot start");
    return forever();
  });
  await expect(run(broken)).rejects.toThrow("worker threads cannot start");
  expect(broken.closed).toBe(true);
  expect(states()).toEqual(["running", "running"]);
  expect(await run(new FakeExecutor(2, train))).toMatchObject({ reason: "finished", complete: 6 });
});

test("a store that fails ends the run with its error instead of losing measurements", async () => {
  const { run, writer } = setup();
  const full = wrapped(writer, "recordMeasurement", () => {
    throw new DualrateError("store", "no space is left on its disk");
  });
  await expect(run(new FakeExecutor(2, train), { writer: full })).rejects.toThrow("no space is left");
});

test("a sampler that fails ends the run with its error", async () => {
  const { run } = setup();
  const sampler: Sampler = {
    size: undefined,
    suggest: (_, __, number) => (number === 1 ? { lr_ratio: 1 } : { lr_ratio: 1, intro_lr: 1 }),
  };
  await expect(run(new FakeExecutor(2, forever), { sampler })).rejects.toThrow(/base_lr.*lr_ratio.*intro_lr/);
});

test("heartbeats show that the study lives; a lost lease ends the run, which writes no more", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const { run, writer, reader, id, states } = setup();
  let late: Run | undefined;
  const beats = vi.fn(writer.heartbeat.bind(writer));
  const executor = new FakeExecutor(1, (job) => {
    late = job;
    return forever();
  });
  const running = run(executor, { writer: wrapped(writer, "heartbeat", beats) });
  running.catch(() => {});
  await settled();
  vi.advanceTimersByTime(20_000);
  expect(beats.mock.calls).toEqual([[id], [id]]);
  writer.releaseLease(id);
  vi.advanceTimersByTime(10_000);
  late?.handlers.onMeasurement(measurement(10), false);
  await expect(running).rejects.toThrow("no longer owns");
  expect(reader.measurementsOf(id, 1)).toEqual([]);
  expect(states()).toEqual(["running"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a spent budget ends the study after the running trials, says which, and a larger one goes on", async () => {
  const { run, messages, states } = setup({ budget: { steps: 50 } });
  // Each trial takes 20 steps: 40 are spent before the third, 60 after it.
  const first = new FakeExecutor(1, train);
  const end = await run(first);
  expect(first.started).toEqual([1, 2, 3]);
  expect(end).toMatchObject({ reason: "budget", complete: 3, running: 0 });
  expect(end.message).toBe(
    "the budget of 50 steps is spent (60): 3 trials have ended, 0 of them failed; raise it and run the sweep again to go on",
  );
  expect(messages().at(-1)).toBe(end.message);
  const nothing = new FakeExecutor(1, train);
  expect(await run(nothing)).toMatchObject({ reason: "budget", complete: 3 });
  expect(nothing.started).toEqual([]);
  expect(await run(new FakeExecutor(1, train), { budget: { steps: 10_000 } })).toMatchObject({ reason: "finished" });
  expect(states()).toEqual(Array(6).fill("complete"));
});

test("trials that run side by side are not begun beyond the budget", async () => {
  const { run } = setup({ budget: { steps: 40 } });
  const executor = new FakeExecutor(4, train);
  expect(await run(executor)).toMatchObject({ reason: "budget", complete: 2 });
  expect(executor.peak).toBe(2);
});

test("a budget that the last trial spends leaves nothing to raise", async () => {
  const { run } = setup({ budget: { steps: 120 } });
  expect(await run(new FakeExecutor(1, train))).toMatchObject({ reason: "finished", complete: 6 });
});

const earlyTerminate = { type: "asha", rungs: { min: 1 }, eta: 2 } as const;

/** Two evaluations of a loss, the first of them at a rung; a trial that goes on with after it measures the second alone. */
const halving =
  (loss: (trial: number) => number): Script =>
  ({ job, handlers }) => {
    const verdict = job.after === undefined && handlers.onMeasurement(measurement(10, loss(job.trial)), true);
    if (verdict && verdict.action === "pause") return { state: "paused", step: 10, reason: verdict.reason };
    handlers.onMeasurement(measurement(20, loss(job.trial) / 2), false);
    return { state: "complete", value: loss(job.trial) / 2, bestStep: 20 };
  };

function halved() {
  const study = setup({ earlyTerminate });
  const pruner = createPruner({ ...sweep, earlyTerminate }, 100);
  return { ...study, resume: (executor: Executor) => study.run(executor, { pruner }) };
}

test("successive halving pauses trials, takes them up as more have come, and ends those that never were among the best", async () => {
  const { resume, reader, id, messages } = halved();
  const executor = new FakeExecutor(
    1,
    halving((trial) => trial),
  );
  // Of two trials one goes on, of four two: trial 2 is paused and taken up again after trial 4, and trial 3 after trial 6.
  expect(await resume(executor)).toMatchObject({ reason: "finished", complete: 3, pruned: 3, paused: 0 });
  expect(executor.started).toEqual([1, 2, 3, 4, 2, 5, 6, 3]);
  expect(executor.jobs.map(({ after }) => after)).toEqual([...Array(4).fill(undefined), 10, undefined, undefined, 10]);
  expect(reader.trials(id)[3]).toMatchObject({
    state: "pruned",
    step: 10,
    // At once: its checkpoint need not wait for the study's end.
    reason: "rung 1 of 1: loss 4 is rank 4 of 4, keeps 2; of 6 that may come to it, 3 go on",
  });
  expect(reader.measurementsOf(id, 2)).toEqual([measurement(10, 2), measurement(20, 1)]);
  expect(messages()).toEqual(
    expect.arrayContaining([
      "trial 1 goes on at step 10: rung 1 of 1: loss 1 is rank 1 of 1, keeps 1",
      "trial 2 is paused at step 10: rung 1 of 1: loss 2 is rank 2 of 2, keeps 1",
      "trial 2 is taken up again: rung 1 of 1: loss 2 is rank 2 of 4, keeps 2",
    ]),
  );
});

test("trials that get better and better are never paused", async () => {
  const { resume } = halved();
  expect(
    await resume(
      new FakeExecutor(
        1,
        halving((trial) => 7 - trial),
      ),
    ),
  ).toMatchObject({ complete: 6, pruned: 0 });
});

test.each([1, 2, 4, 5, 6, 8])(
  "a halving study that is cut off in start %i decides as if it had not been",
  async (cut) => {
    const whole = halved();
    const uncut = new FakeExecutor(
      1,
      halving((trial) => trial),
    );
    await whole.resume(uncut);
    const study = halved();
    const stop = new StopSignal();
    const stopping: FakeExecutor = new FakeExecutor(1, (run) => {
      if (stopping.started.length < cut) return halving((trial) => trial)(run);
      // A resumed trial has measured something new by then.
      if (run.job.after !== undefined) run.handlers.onMeasurement(measurement(15, 9), false);
      stop.request("now");
      return forever();
    });
    const pruner = createPruner({ ...sweep, earlyTerminate }, 100);
    expect(await study.run(stopping, { pruner, stop })).toMatchObject({ reason: "stopped", running: 0 });
    const rest = new FakeExecutor(
      1,
      halving((trial) => trial),
    );
    await study.resume(rest);
    expect(rest.started).toEqual(uncut.started.slice(cut - 1));
    const told = ({ reader, id }: Setup) =>
      reader
        .trials(id)
        .map((trial) => [trial.state, "reason" in trial && trial.reason, reader.measurementsOf(id, trial.number)]);
    expect(told(study)).toEqual(told(whole));
  },
);

test("a sampler sees what pruned trials would have come to", async () => {
  const { run } = setup();
  const pruner: Pruner = {
    rungs: [0.5],
    judge: ({ trial }) => (trial.number === 2 ? { action: "stop", reason: "!" } : { action: "continue" }),
  };
  const seen: (readonly (readonly [number, number])[])[] = [];
  const sampler: Sampler = {
    size: 3,
    suggest(_, { prunedValues }, number) {
      seen.push([...(prunedValues ?? [])]);
      return number <= 3 ? { lr_ratio: number } : undefined;
    },
  };
  const script: Script = ({ job, handlers }) => {
    const verdict = handlers.onMeasurement(measurement(10, job.trial), true);
    if (verdict.action === "stop") return { state: "pruned", step: 10, reason: verdict.reason };
    handlers.onMeasurement(measurement(20, job.trial - 0.25), false);
    return { state: "complete", value: job.trial - 0.25, bestStep: 20 };
  };
  await run(new FakeExecutor(1, script), { pruner, sampler });
  expect(seen.slice(0, 3)).toEqual([[], [], [[2, 1.75]]]);
});
