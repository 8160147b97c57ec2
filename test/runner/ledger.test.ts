import { expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../src/runner/ledger.js";
import { openReader } from "../../src/store/reader.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, measurement, temporaryFolder, trial } from "../store/fixture.js";

function stored() {
  const folder = temporaryFolder();
  const writer = openWriter(folder);
  const reader = openReader(folder);
  onTestFinished(() => {
    writer.close();
    reader.close();
  });
  const study = writer.openStudy(definition());
  return { reader, writer, study, ledger: () => new Ledger(study, writer, reader) };
}

test("a ledger that was opened again knows the same as the one that wrote", () => {
  const { ledger } = stored();
  const first = ledger();
  for (const number of [1, 2, 3]) first.start(trial(number));
  first.record(1, measurement(10));
  first.record(2, measurement(10));
  first.end(1, { state: "complete", value: 0.1, bestStep: 10 });
  first.requeue(2);
  first.end(3, { state: "failed", failure: { kind: "diverged", message: "loss is NaN" } });
  const again = ledger();
  expect(again.counts()).toEqual(first.counts());
  expect(again.nextNumber).toBe(4);
  expect(again.nextQueued).toEqual(first.nextQueued);
  for (const open of [first, again]) {
    expect([open.measurementsOf(1), open.measurementsOf(2)]).toEqual([[measurement(10)], []]);
  }
  expect(again.history().finished.map(({ number, state }) => [number, state])).toEqual([
    [1, "complete"],
    [3, "failed"],
  ]);
});

test("the trial that was put back last runs first", () => {
  const { ledger } = stored();
  const open = ledger();
  for (const number of [1, 2]) open.start(trial(number));
  open.requeue(2);
  expect(open.nextQueued?.number).toBe(2);
  open.requeue(1);
  expect(open.nextQueued?.number).toBe(1);
  open.start(trial(1));
  expect(open.nextQueued?.number).toBe(2);
});

test("a change that the store refuses is not in the ledger either", () => {
  const { ledger, writer, study } = stored();
  const open = ledger();
  open.start(trial(1));
  writer.endTrial(study.id, 1, { state: "complete", value: 1, bestStep: 1 });
  expect(() => open.record(1, measurement(10))).toThrow("expected trial 1 to be running");
  expect(open.measurementsOf(1)).toEqual([]);
});

test("a trial that was paused, resumed and put back is the same in a ledger that was opened again", () => {
  const { ledger } = stored();
  const first = ledger();
  for (const number of [1, 2]) {
    first.start(trial(number));
    first.record(number, measurement(10));
    first.pause(number, { step: 10, reason: "rank 2 of 2", checkpoint: `/c/${number}` });
  }
  const { startedAt, resumed } = first.start(trial(1));
  expect(resumed?.checkpoint).toBe("/c/1");
  // It has run for 10 / 7 seconds.
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1428);
  first.record(1, measurement(20));
  first.requeue(1);
  const again = ledger();
  expect(again.paused).toEqual(first.paused);
  expect(again.paused.map(({ number }) => number)).toEqual([1, 2]);
  expect(again.nextQueued).toBeUndefined();
  for (const open of [first, again]) expect(open.measurementsOf(1)).toEqual([measurement(10)]);
  // A search takes them for trials that run.
  expect(again.history().running).toHaveLength(2);
  again.end(2, { state: "pruned", step: 10, reason: "never promoted" });
  const [, ended] = again.trials;
  // The time in which it waited is not its own.
  expect(ended?.state === "pruned" && Math.abs(ended.endedAt - ended.startedAt - 1429) < 500).toBe(true);
});

test("standings have the metric of all measurements, those of earlier runs and those of this one", () => {
  const { ledger } = stored();
  const first = ledger();
  first.start(trial(1));
  first.record(1, measurement(10));
  first.end(1, { state: "complete", value: 0.1, bestStep: 10 });
  const again = ledger();
  again.start(trial(2));
  const steps = () => again.standings().map(({ measurements }) => measurements.map(({ step }) => step));
  expect(steps()).toEqual([[10], []]);
  again.record(2, measurement(10));
  again.record(2, measurement(20));
  expect(steps()).toEqual([[10], [10, 20]]);
  again.pause(2, { step: 20, reason: "rank 2 of 2", checkpoint: "/c/2" });
  again.start(trial(2));
  again.record(2, measurement(30));
  expect(steps()).toEqual([[10], [10, 20, 30]]);
  again.requeue(2);
  expect(steps()).toEqual([[10], [10, 20]]);
  again.end(2, { state: "pruned", step: 20, reason: "late" });
  expect(steps()).toEqual([[10], [10, 20]]);
  const losses = (open: ReturnType<typeof ledger>) =>
    open.standings().map(({ measurements }) => measurements.map(({ validation }) => validation.loss));
  expect(losses(again)).toEqual(losses(ledger()));
});

test("the last steps are those of all trials, and follow what this run does", () => {
  const { ledger } = stored();
  const first = ledger();
  first.start(trial(1));
  first.record(1, measurement(10));
  first.record(1, measurement(20));
  first.end(1, { state: "complete", value: 0.1, bestStep: 10 });
  const again = ledger();
  const steps = () => again.lastSteps().map(({ step }) => step);
  again.start(trial(2));
  expect(steps()).toEqual([20, 0]);
  again.record(2, measurement(10));
  expect(steps()).toEqual([20, 10]);
  again.requeue(2);
  expect(steps()).toEqual([20, 0]);
});
