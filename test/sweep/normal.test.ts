import { expect, test } from "vitest";
import { normalProbability, normalQuantile } from "../../src/sweep/normal.js";

// Reference values: Python 3.11, math.erfc(-z / sqrt(2)) / 2.
test.each([
  [-8, 6.220960574271819e-16],
  [-3, 0.0013498980316300957],
  [-1, 0.15865525393145707],
  [0, 0.5],
  [0.5, 0.6914624612740131],
  [2, 0.9772498680518208],
  [5, 0.9999997133484281],
])("P(Z <= %d)", (z, probability) => {
  expect(Math.abs(normalProbability(z) / probability - 1)).toBeLessThan(Math.abs(z) < 6 ? 1e-12 : 1e-8);
});

// Reference values: Python 3.11, statistics.NormalDist().inv_cdf (Wichura, 1988).
test.each([
  [1e-10, -6.361340902404056],
  [0.001, -3.090232306167813],
  [0.025, -1.9599639845400538],
  [0.1, -1.2815515655446008],
  [0.5, 0],
  [0.9, 1.2815515655446008],
  [0.999, 3.090232306167813],
])("the quantile at %d", (u, z) => expect(normalQuantile(u)).toBeCloseTo(z, 9));

test("a truncated quantile keeps to its bounds, at the very ends too", () => {
  expect(normalQuantile(0, -1, 2)).toBeCloseTo(-1, 12);
  expect(normalQuantile(0, -1, 2)).toBeGreaterThanOrEqual(-1);
  expect(normalQuantile(1 - 2 ** -53, -1, 2)).toBeLessThanOrEqual(2);
});
