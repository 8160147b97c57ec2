import { expect, test } from "vitest";
import { costAt, courseOf, rungsOf, sharesOf } from "../../src/planner/course.js";
import type { EarlyTerminate, Sweep } from "../../src/sweep/settings.js";
import { settings, sweep } from "../store/fixture.js";
import { prunedSweep, standing } from "./standings.js";

type Halving = Exclude<EarlyTerminate, { type: "median" }>;
const hyperband = (rungs: Halving["rungs"], eta: number) =>
  ({ type: "hyperband", rungs, eta, strict: false }) as Halving;

// The first three by W&B's documentation: min_iter 3 with the default eta gives 3, 9, 27, 81; max_iter 27 with s 2 gives 9, 3.
test.each<[string, Halving, number, readonly number[]]>([
  ["min_iter: times eta, up to the end", hyperband({ min: 3 }, 3), 100, [3, 9, 27, 81]],
  ["max_iter and s: that many below the end", hyperband({ max: 27, s: 2 }, 3), 100, [3, 9]],
  ["max_iter alone: down to the first", hyperband({ max: 27 }, 3), 100, [1, 3, 9]],
  ["a trial's end is no rung", hyperband({ min: 3 }, 3), 9, [3]],
  ["max_iter beyond a trial's end", hyperband({ max: 27 }, 3), 5, [1, 3]],
  ["eta need not be whole; no rung comes twice", hyperband({ min: 1 }, 1.5), 6, [1, 2, 3, 5]],
  ["asha", { type: "asha", rungs: { min: 2 }, eta: 4 }, 50, [2, 8, 32]],
  ["too late for any", hyperband({ min: 30 }, 3), 30, []],
])("rungs: %s", (_, early, evaluations, expected) => {
  expect(rungsOf(early, evaluations)).toEqual(expected);
});

const epochs: Sweep = {
  ...sweep,
  settings: { ...settings, trainer: { ...settings.trainer, length: { numTrainEpochs: 4 } } },
  space: [{ name: "batch_size", distribution: { kind: "categorical", values: [10, 20] } }],
};

test("evaluations are counted in the longest trial, and are the same share of every other", () => {
  // 4 epochs of 100 examples: 40 steps with 10 at once, 20 with 20; evaluated every 10.
  expect(sharesOf(epochs, 100, [1, 2, 3, 4])).toEqual([0.25, 0.5, 0.75]);
  const course = courseOf(epochs, 100);
  const long = standing(1, [5, 4, 3, 2], { parameters: { batch_size: 10 } });
  const short = standing(2, [5.5, 2.5], { parameters: { batch_size: 20 } });
  expect([long, short].map((trial) => costAt(course, trial, 0.5))).toEqual([4, 5.5]);
  // The first evaluation at or past a quarter of 20 steps is that of step 10.
  expect([long, short].map((trial) => costAt(course, trial, 0.25))).toEqual([5, 5.5]);
});

test("a cost is the best value so far, the lowest best, and there is none before the share is reached", () => {
  const course = courseOf(prunedSweep({ type: "median", minIterations: 1, minTrials: 1 }), 100);
  const trial = standing(1, [3, 2, 4]);
  expect([0.1, 0.2, 0.3, 0.4].map((share) => costAt(course, trial, share))).toEqual([3, 2, 2, undefined]);
  const accuracy = { ...course, metric: { name: "accuracy", goal: "maximize" } as const };
  expect(costAt(accuracy, trial, 0.1)).toBe(-0.5);
});

test("every evaluation's share leads back to its own step", () => {
  for (const steps of [7, 97, 100, 300, 1000]) {
    const trainer = { ...settings.trainer, length: { maxSteps: steps }, evalSteps: 1 };
    const long = { ...sweep, settings: { ...settings, trainer } };
    const all = standing(
      1,
      Array.from({ length: steps }, (_, i) => steps - i),
      { every: 1 },
    );
    const evaluations = Array.from({ length: steps - 1 }, (_, i) => i + 1);
    const costs = sharesOf(long, 100, evaluations).map((share) => costAt(courseOf(long, 100), all, share));
    expect(costs).toEqual(evaluations.map((evaluation) => steps - evaluation + 1));
  }
});
