import { expect, test } from "vitest";
import { logH } from "../../src/planner/log-ei.js";
import { golden } from "../gp/golden.js";

test.each(golden.logH)("ln h($z) is that of numeric integration", ({ z, logH: expected }) => {
  // 1 + z R(z) loses digits as z^-2 does: 1e-7 are left at -1e4.
  expect(Math.abs(logH(z)[0] - expected)).toBeLessThan(1e-7 + 1e-14 * Math.abs(expected));
});

test("it is finite and rises from the deepest tail on", () => {
  const zs = [-1e100, -1e8, -10001, -9999, -5000, -71, -70, -40, -10, -1, -1e-9, 0, 1, 10, 100];
  const values = zs.map((z) => logH(z)[0]);
  for (const value of values) expect(Number.isFinite(value)).toBe(true);
  expect(values.toSorted((a, b) => a - b)).toEqual(values);
});

test.each([-2e4, -200, -60, -5, -0.7, 0, 0.3, 4])("its slope at %d is its finite difference", (z) => {
  const step = 1e-4 * Math.max(1, Math.abs(z));
  const difference = (logH(z + step)[0] - logH(z - step)[0]) / (2 * step);
  expect(logH(z)[1] / difference).toBeCloseTo(1, 5);
});
