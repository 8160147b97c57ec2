import { describe, expect, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import { resolveRates, tokensAfter } from "../../src/sweep/resolve.js";
import type { Parameters } from "../../src/sweep/space.js";

const RATES = { base_lr: 2e-4, lr_ratio: 8, intro_lr: 1.6e-3 };

describe("resolveRates", () => {
  test.each(["base_lr", "lr_ratio", "intro_lr"] as const)("finds %s from the other two", (left) => {
    const { [left]: _, ...given } = RATES;
    const rates = resolveRates(given);
    for (const name of ["base_lr", "lr_ratio", "intro_lr"] as const) expect(rates[name]).toBeCloseTo(RATES[name], 12);
  });

  test("keeps the given two to the last bit", () => {
    expect(resolveRates({ base_lr: 0.1, intro_lr: 0.3 })).toMatchObject({ base_lr: 0.1, intro_lr: 0.3 });
  });

  test.each([
    [{}, "none of them"],
    [{ lr_ratio: 8 }, "lr_ratio"],
    [RATES, "base_lr, lr_ratio, intro_lr"],
  ])("refuses %j", (given, came) => {
    expect(() => resolveRates(given)).toThrow(DualrateError);
    expect(() => resolveRates(given)).toThrow(`exactly two of base_lr, lr_ratio, intro_lr must be given; got ${came}`);
  });
});

describe("tokensAfter", () => {
  const summary = { trainExamples: 10, trainTokens: 1000 };
  const tokens = (steps: number, parameters: Parameters) =>
    tokensAfter(steps, { fixed: { batch_size: 4 } }, parameters, summary);

  test("counts every text's tokens once a pass, however the pass is cut into steps", () => {
    // 3 batches of 4, the last one with 2 texts.
    expect([0, 3, 6, 30].map((steps) => tokens(steps, {}))).toEqual([0, 1000, 2000, 10_000]);
    // 2 steps a pass, of 2 batches and of 1.
    expect([2, 4].map((steps) => tokens(steps, { gradient_accumulation_steps: 2 }))).toEqual([1000, 2000]);
    expect(tokens(5, { batch_size: 2 })).toBe(1000);
  });

  test("counts the share of the texts in a pass that is not over", () => {
    expect([1, 2, 4].map((steps) => tokens(steps, {}))).toEqual([400, 800, 1400]);
  });
});
