import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { studentQuantile, studentWithin } from "../../src/report/student.js";

interface Golden {
  readonly within: readonly { readonly t: number; readonly df: number; readonly within: number }[];
  readonly quantiles: readonly { readonly within: number; readonly df: number; readonly t: number }[];
}

// scipy's values: test/golden/make_student.py.
const golden: Golden = JSON.parse(readFileSync(new URL("../golden/student.json", import.meta.url), "utf8"));

test("the probability within t is scipy's", () => {
  // Sums of at most fifteen terms below 1.
  for (const { t, df, within } of golden.within) expect(studentWithin(t, df)).toBeCloseTo(within, 13);
});

test("the quantiles are scipy's", () => {
  // Where the density is low, rounding of a probability of nearly 1 shows in t: 1e-16 over a density of 1e-4.
  for (const { within, df, t } of golden.quantiles)
    expect(Math.abs(studentQuantile(within, df) / t - 1)).toBeLessThan(1e-11);
});
