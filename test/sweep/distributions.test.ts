import { describe, expect, test } from "vitest";
import { type Distribution, quantile, sizeOf, valuesOf } from "../../src/sweep/distributions.js";

// By hand for uniform and logarithmic kinds (e.g. 1e-3 * 10^(4 * 0.3)); of the normal kinds from Python 3.11's
// statistics.NormalDist: inv_cdf(u), its exponential, round(x / q) * q, and for a truncated one inv_cdf(a + u (b - a)) with
// a, b the cumulative probabilities of the bounds.
const TABLE: readonly (readonly [Distribution, number, number | string])[] = [
  [{ kind: "constant", value: "linear" }, 0.7, "linear"],
  [{ kind: "categorical", values: ["a", "b", "c"] }, 0, "a"],
  [{ kind: "categorical", values: ["a", "b", "c"] }, 0.34, "b"],
  [{ kind: "categorical", values: ["a", "b", "c"] }, 0.99, "c"],
  [{ kind: "categorical", values: ["a", "b", "c"], probabilities: [0.1, 0.6, 0.3] }, 0.09, "a"],
  [{ kind: "categorical", values: ["a", "b", "c"], probabilities: [0.1, 0.6, 0.3] }, 0.69, "b"],
  [{ kind: "categorical", values: ["a", "b", "c"], probabilities: [0.1, 0.6, 0.3] }, 0.71, "c"],
  [{ kind: "categorical", values: ["a", "b"], probabilities: [1, 0] }, 1 - 2 ** -53, "a"],
  [{ kind: "int_uniform", min: 2, max: 5 }, 0, 2],
  [{ kind: "int_uniform", min: 2, max: 5 }, 0.49, 3],
  [{ kind: "int_uniform", min: 2, max: 5 }, 0.999, 5],
  [{ kind: "uniform", min: -1, max: 3 }, 0.25, 0],
  [{ kind: "q_uniform", min: 0, max: 1, q: 0.1 }, 0.32, 0.3],
  [{ kind: "log_uniform", min: -7, max: -3 }, 0.3, Math.exp(-5.8)],
  [{ kind: "q_log_uniform", min: Math.log(8), max: Math.log(128), q: 8 }, 0.4, 24],
  [{ kind: "inv_log_uniform", min: 3, max: 7 }, 0.3, Math.exp(-5.8)],
  [{ kind: "log_uniform_values", min: 1e-3, max: 10 }, 0, 1e-3],
  [{ kind: "log_uniform_values", min: 1e-3, max: 10 }, 0.3, 0.015848931924611134],
  [{ kind: "q_log_uniform_values", min: 8, max: 128, q: 8 }, 0.5, 32],
  [{ kind: "q_log_uniform_values", min: 8, max: 128, q: 8 }, 0.4, 24],
  [{ kind: "inv_log_uniform_values", min: 1e-3, max: 10 }, 0.7, 0.015848931924611134],
  [{ kind: "normal", mu: 2, sigma: 0.5 }, 0.3, 1.7377997436459798],
  [{ kind: "normal", mu: 0.1, sigma: 0.1, least: 0, greatest: 1 }, 0.25, 0.06654742733055669],
  [{ kind: "normal", mu: 0.1, sigma: 0.1, least: 0, greatest: 1 }, 0.9, 0.23777873615993073],
  [{ kind: "q_normal", mu: 10, sigma: 4, q: 2 }, 0.3, 8],
  [{ kind: "log_normal", mu: -7, sigma: 1 }, 0.8, 0.002115680505073546],
  [{ kind: "q_log_normal", mu: 3, sigma: 1, q: 5 }, 0.9, 70],
];

describe("quantiles", () => {
  test.each(TABLE)("%j at %d", (distribution, u, expected) => {
    const value = quantile(distribution, u);
    if (typeof expected === "string") expect(value).toBe(expected);
    else expect(Math.abs(Number(value) - expected)).toBeLessThanOrEqual(1e-11 * Math.abs(expected));
  });

  test("of quantized kinds are as short as q", () => {
    expect(quantile({ kind: "q_uniform", min: 0, max: 1, q: 0.1 }, 0.3)).toBe(0.3);
  });
});

describe("at the ends of the unit interval", () => {
  const bounded: readonly (readonly [Distribution, number, number])[] = [
    [{ kind: "log_uniform_values", min: 1e-5, max: 0.3 }, 1e-5, 0.3],
    [{ kind: "inv_log_uniform_values", min: 1e-5, max: 0.3 }, 1e-5, 0.3],
    [{ kind: "normal", mu: 0.9, sigma: 1, least: 0, greatest: 1 - Number.EPSILON }, 0, 1 - Number.EPSILON],
    [{ kind: "q_normal", mu: 3, sigma: 9, q: 4, least: 1 }, 4, Number.MAX_VALUE],
    [{ kind: "q_normal", mu: 0.5, sigma: 9, q: 0.3, least: 0, greatest: 1 - Number.EPSILON }, 0, 0.9],
    [{ kind: "log_normal", mu: 0, sigma: 300, least: Number.EPSILON }, Number.EPSILON, Number.MAX_VALUE],
  ];

  test.each(bounded)("%j stays within bounds", (distribution, low, high) => {
    for (const u of [0, 1e-9, 1 - 1e-9, 1 - 2 ** -53]) {
      const value = Number(quantile(distribution, u));
      expect(value).toBeGreaterThanOrEqual(low);
      expect(value).toBeLessThanOrEqual(high);
    }
  });

  test("a truncated and rounded normal reaches its outermost multiples, with the weight that they have", () => {
    const distribution: Distribution = { kind: "q_normal", mu: 0.5, sigma: 9, q: 0.5, least: 0, greatest: 1 };
    const draws = Array.from({ length: 3000 }, (_, i) => quantile(distribution, (i + 0.5) / 3000));
    // So wide a normal is nearly flat here: thirds.
    for (const value of [0, 0.5, 1]) expect(draws.filter((draw) => draw === value).length / 1000).toBeCloseTo(1, 1);
  });
});

test("lists of values", () => {
  expect(valuesOf({ kind: "int_uniform", min: 2, max: 5 })).toEqual([2, 3, 4, 5]);
  expect(valuesOf({ kind: "uniform", min: 2, max: 5 })).toBeUndefined();
  expect(sizeOf({ kind: "int_uniform", min: 2, max: 5 })).toBe(4);
  expect(sizeOf({ kind: "normal", mu: 0, sigma: 1 })).toBe(Number.POSITIVE_INFINITY);
});
