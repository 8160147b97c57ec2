import { expect, test } from "vitest";
import { type Line, logGain } from "../../src/planner/knowledge-gradient.js";
import { logH } from "../../src/planner/log-ei.js";
import { Random } from "../../src/random.js";

/** The new point's, which may lie below the others, and of those tried some that are never lowest. */
function randomLines(seed: number): readonly Line[] {
  const random = new Random(seed);
  return Array.from({ length: 2 + (seed % 7) }, () => ({ a: random.normal(), b: random.normal() }));
}

/** min a - E min (a + b Z) by the trapezoidal rule, whose steps of 1e-3 leave 1e-6 at the kinks. */
function integrated(lines: readonly Line[]): number {
  const step = 1e-3;
  let expected = 0;
  for (let z = -9; z <= 9; z += step) {
    const lowest = Math.min(...lines.map(({ a, b }) => a + b * z));
    expected += (lowest * Math.exp(-(z * z) / 2) * step) / Math.sqrt(2 * Math.PI);
  }
  return Math.min(...lines.slice(1).map(({ a }) => a)) - expected;
}

const seeds = Array.from({ length: 12 }, (_, seed) => seed + 1);

test.each(seeds)("the gain of lines %d is that of numeric integration", (seed) => {
  const lines = randomLines(seed);
  expect(Math.exp(logGain(lines).value)).toBeCloseTo(integrated(lines), 5);
});

test.each(seeds)("its derivatives by the new line and by all slopes are finite differences, lines %d", (seed) => {
  const lines = randomLines(seed);
  const { byA, byB } = logGain(lines);
  const step = 1e-5;
  const moved = (line: number, key: keyof Line) => {
    const [up, down] = [step, -step].map((by) => {
      return logGain(lines.map((each, i) => (i === line ? { ...each, [key]: each[key] + by } : each))).value;
    });
    return ((up ?? 0) - (down ?? 0)) / (2 * step);
  };
  // Central differences of step h err by h^2 and by 1e-16 / h, relative to a third derivative of up to 1e4 here.
  expect(byA[0]).toBeCloseTo(moved(0, "a"), 5);
  for (const line of lines.keys()) expect(byB[line]).toBeCloseTo(moved(line, "b"), 5);
});

test.each([-40, -3, 0.4])("without noise it is the logarithm of expected improvement: %d deviations ahead", (z) => {
  const tried = [0.7, 0.2, 1.5].map((a) => ({ a, b: 0 }));
  const deviation = 0.3;
  const { value } = logGain([{ a: 0.2 - z * deviation, b: deviation }, ...tried]);
  expect(value).toBeCloseTo(Math.log(deviation) + logH(z)[0], 8);
});

test("a value that changes all means alike teaches nothing", () => {
  expect(logGain([1, 0, 2].map((a) => ({ a, b: 0.5 }))).value).toBe(Number.NEGATIVE_INFINITY);
});
