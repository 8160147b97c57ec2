import { describe, expect, test } from "vitest";
import { PARAMETER_NAMES, PARAMETERS, type ParameterSpec, parameterValue } from "../../src/sweep/parameters.js";

describe("parameterValue", () => {
  test("prefers what is given, 0 included", () => {
    expect(parameterValue({ weight_decay: 0 }, "weight_decay")).toBe(0);
  });

  test("follows another parameter, and its default", () => {
    expect(parameterValue({ warmup_ratio: 0.1 }, "introduced_warmup_ratio")).toBe(0.1);
    expect(parameterValue({}, "introduced_lr_scheduler_type")).toBe("linear");
  });

  test("follows the base for a token group's, but for its ratio", () => {
    const given = { warmup_ratio: 0.1, head_warmup_ratio: 0.9 };
    expect(parameterValue(given, "special_warmup_ratio")).toBe(0.1);
    expect(parameterValue(given, "special_lr_ratio")).toBe(1);
    expect(parameterValue({ special_weight_decay: 0 }, "special_weight_decay")).toBe(0);
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
