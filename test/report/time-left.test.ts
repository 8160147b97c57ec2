import { expect, test } from "vitest";
import { estimateTimeLeft } from "../../src/report/time-left.js";
import type { Trial, TrialState } from "../../src/sweep/trial.js";
import { common, settings, study, sweep } from "./trials.js";

const START = 1_000_000;
const at = (seconds: number) => START + 1000 * seconds;

function ended(number: number, from: number, to: number): Trial {
  const state = { state: "complete", startedAt: at(from), endedAt: at(to), value: 1, bestStep: 20 } as const;
  return { ...common(number, 1), ...state };
}

function running(number: number, from: number): Trial {
  const state: TrialState = { state: "running", startedAt: at(from) };
  return { ...common(number, 1), ...state };
}

const after = (step: number, seconds: number) => ({ step, seconds });

function left(trials: readonly Trial[], plannedTrials: number | undefined, progress = new Map(), from = study) {
  return estimateTimeLeft({ study: { ...from, plannedTrials }, trials, progress, workers: 2, now: at(60) });
}

test("time left is the mean time of the ended trials, times those left, over the workers", () => {
  const trials = [ended(1, 0, 60), ended(2, 0, 20)];
  expect(left(trials, 10)).toEqual({ milliseconds: (8 * 40_000) / 2, endedTrials: 2 });
});

test("what running trials have done is taken off", () => {
  expect(left([ended(1, 0, 40), running(2, 40)], 2)).toEqual({ milliseconds: 20_000, endedTrials: 1 });
});

test("a single trial that is left has one worker alone", () => {
  expect(left([ended(1, 0, 40)], 2)?.milliseconds).toBe(40_000);
});

test("before the first trial has ended, the running ones' own pace tells, and that it does", () => {
  const { length } = settings.trainer;
  const steps = "maxSteps" in length ? length.maxSteps : 0;
  expect(steps).toBeGreaterThan(0);
  const progress = new Map([[1, after(steps / 4, 10)]]);
  const estimate = left([running(1, 50), running(2, 55)], 6, progress);
  expect(estimate).toEqual({ milliseconds: (6 * 40_000 - 10_000 - 5000) / 2, endedTrials: 0 });
});

test("a trial measured in epochs has the steps of its batch size", () => {
  const trainer = { ...settings.trainer, length: { numTrainEpochs: 2 } };
  const fixed = { ...settings.fixed, batch_size: 8 };
  const epochs = { ...study, sweep: { ...sweep, settings: { ...settings, trainer, fixed } } };
  // 2000 examples: 250 steps an epoch.
  expect(left([running(1, 50)], 2, new Map([[1, after(100, 10)]]), epochs)?.milliseconds).toBe((100_000 - 10_000) / 2);
});

test("nothing is guessed before the first measurement, or where the number of trials is open", () => {
  expect(left([running(1, 0)], 6)).toBeUndefined();
  expect(left([ended(1, 0, 40)], undefined)).toBeUndefined();
});

test("nothing is left of a study whose trials have all ended", () => {
  expect(left([ended(1, 0, 40)], 1)).toEqual({ milliseconds: 0, endedTrials: 1 });
});
