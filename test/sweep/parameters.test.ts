import { describe, expect, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import {
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterSpec,
  parameterValue,
  resolveRates,
} from "../../src/sweep/parameters.js";

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

describe("parameterValue", () => {
  test("prefers what is given, 0 included", () => {
    expect(parameterValue({ weight_decay: 0 }, "weight_decay")).toBe(0);
  });

  test("follows another parameter, and its default", () => {
    expect(parameterValue({ warmup_ratio: 0.1 }, "introduced_warmup_ratio")).toBe(0.1);
    expect(parameterValue({}, "introduced_lr_scheduler_type")).toBe("linear");
  });

  test("throws where there is neither value nor default", () => {
    expect(() => parameterValue({}, "base_lr")).toThrow(/base_lr has no value/);
  });
});

test("every default lies within its parameter's own bounds", () => {
  for (const name of PARAMETER_NAMES) {
    const { domain, default: fallback }: ParameterSpec = PARAMETERS[name];
    if (fallback === "none" || "sameAs" in fallback) continue;
    if (domain.kind === "choice") expect(domain.choices, name).toContain(fallback.value);
    else {
      expect(Number(fallback.value), name).toBeGreaterThanOrEqual(domain.min ?? domain.above ?? Number.NaN);
      expect(Number(fallback.value), name).toBeLessThanOrEqual(domain.max ?? domain.below ?? Number.POSITIVE_INFINITY);
    }
  }
});
