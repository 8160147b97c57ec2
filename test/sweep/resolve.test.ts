import { describe, expect, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import { resolveRates } from "../../src/sweep/resolve.js";

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
