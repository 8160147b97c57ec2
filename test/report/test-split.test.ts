import { expect, test } from "vitest";
import { testJson, testLine, testResultOf } from "../../src/report/test-split.js";
import type { MetricValues, Trial } from "../../src/sweep/trial.js";
import { complete } from "./trials.js";

const metric = { name: "loss", goal: "minimize" } as const;

const values = (loss: number): MetricValues => ({
  loss,
  loss_introduced: null,
  loss_base: loss,
  accuracy: 0.5,
  f1: null,
});

/** Ratio 10 and ratio 1 on three seeds each, ratio 100 on one. */
const TRIALS: readonly Trial[] = [
  ...[2.0, 2.1, 2.2].map((value, replicate) => ({ ...complete(1 + replicate, 10, value), replicate })),
  ...[2.5, 2.6, 2.7].map((value, replicate) => ({ ...complete(4 + replicate, 1, value), replicate })),
  complete(7, 100, 1.9),
];

test("the winner's and the baseline's means over the tested seeds, and their paired difference", () => {
  const tests = new Map([2.1, 2.3, 2.5, 2.6, 2.9, 3.2].map((loss, i) => [i + 1, values(loss)]));
  const result = testResultOf(TRIALS, tests, metric);
  expect(result).toMatchObject({ winner: { seeds: 3 }, baseline: { seeds: 3 } });
  expect(result?.winner.value).toBeCloseTo(2.3, 12);
  expect(result?.winner.standardError).toBeCloseTo(0.2 / Math.sqrt(3), 12);
  // -0.5, -0.6, -0.7; Student's t of two degrees of freedom: 4.3027
  expect(result?.difference).toBeCloseTo(-0.6, 12);
  expect(result?.contrast?.high).toBeCloseTo(-0.6 + (4.302653 * 0.1) / Math.sqrt(3), 5);
  expect(testLine(result!, "loss")).toMatch(
    /^test split, evaluated once: loss of ratio 10x 2\.300 ± 0\.12 \(3 seeds\), of ratio 1x 2\.900 ± 0\.17: -0\.600\d* \(95 % interval -0\.84\d+ to -0\.35\d+\)$/,
  );
  expect(testJson(result!)).toMatchObject({ winner: { trial: 1, lr_ratio: 10, seeds: 3 }, baseline: { trial: 4 } });
});

test("of one seed there is a difference, and no interval", () => {
  const single = [complete(1, 10, 2), complete(2, 1, 3)];
  const result = testResultOf(
    single,
    new Map([
      [1, values(2.2)],
      [2, values(3.2)],
    ]),
    metric,
  );
  expect(result?.difference).toBeCloseTo(-1, 12);
  expect(result?.contrast).toBeUndefined();
  expect(testLine(result!, "loss")).toBe(
    "test split, evaluated once: loss of ratio 10x 2.200, of ratio 1x 3.200: -1.000",
  );
});

test("a split that was evaluated for another winner before is said to be", () => {
  const tests = new Map([1, 2, 3, 4, 5, 6, 7].map((number) => [number, values(2)]));
  const result = testResultOf(TRIALS, tests, metric);
  expect(result?.again).toBe(true);
  expect(testLine(result!, "loss")).toMatch(/^test split, evaluated for an earlier winner before: loss of/);
});

test("a winner that was not tested has no result; one alone has no baseline", () => {
  expect(testResultOf(TRIALS, new Map(), metric)).toBeUndefined();
  expect(testResultOf(TRIALS, new Map([[4, values(2)]]), metric)).toBeUndefined();
  expect(testResultOf([complete(1, 1, 2)], new Map([[1, values(2)]]), metric)?.baseline).toBeUndefined();
});
