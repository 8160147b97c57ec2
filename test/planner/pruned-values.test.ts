import { expect, test } from "vitest";
import { courseOf } from "../../src/planner/course.js";
import { prunedValues } from "../../src/planner/pruned-values.js";
import { prunedSweep, standing } from "./standings.js";

const course = courseOf(prunedSweep({ type: "median", minIterations: 1, minTrials: 1 }), 100);
// From step 20 on they get better by 0.1, 0.5 and 2.
const complete = [
  standing(1, [1, 0.9, 0.8], { state: "complete" }),
  standing(2, [2, 1.5, 1], { state: "complete" }),
  standing(3, [4, 3, 1], { state: "complete" }),
];

test("a pruned trial's value is its best one, bettered by the complete trials' median improvement from there", () => {
  const pruned = standing(4, [3, 2.5], { state: "pruned" });
  const paused = standing(6, [3, 2.6], { state: "paused" });
  const values = prunedValues(course, [...complete, pruned, standing(5, [1, 1]), paused]);
  expect([...values]).toEqual([
    [4, 2],
    [6, 2.1],
  ]);
});

test("what is to be greatest grows", () => {
  const accuracy = { ...course, metric: { name: "accuracy", goal: "maximize" } as const };
  const rising = [0.2, 0.6].map((value, i) => ({ step: 10 * (i + 1), value }));
  const { trial, measurements } = standing(1, [1, 1], { state: "complete" });
  const whole = measurements.map((one, i) => ({
    ...one,
    validation: { ...one.validation, accuracy: rising[i]?.value ?? null },
  }));
  const cut = { ...standing(2, [1], { state: "pruned" }), measurements: whole.slice(0, 1) };
  expect(prunedValues(accuracy, [{ trial, measurements: whole }, cut]).get(2)).toBeCloseTo(0.6, 12);
});

test("there are none before a trial is complete", () => {
  expect([...prunedValues(course, [standing(4, [3], { state: "pruned" })])]).toEqual([]);
});
