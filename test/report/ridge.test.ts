import { expect, test } from "vitest";
import { Random } from "../../src/random.js";
import { type Ridge, ridgeLine, ridgeOf } from "../../src/report/ridge.js";
import type { Space } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete, sweep } from "./trials.js";

const SPACE: Space = [
  { name: "base_lr", distribution: { kind: "log_uniform_values", min: 1e-5, max: 1e-3 } },
  { name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 0.1, max: 1000 } },
];

/** A valley in log ratio, whose bottom moves with log base_lr by `slope`. */
function studied(slope: number, count = 50): Ridge | undefined {
  const random = new Random(2);
  const trials = Array.from({ length: count }, (_, i): Trial => {
    const base_lr = 1e-5 * 100 ** random.uniform();
    const ratio = 0.1 * 10_000 ** random.uniform();
    const x = Math.log10(base_lr) + 4;
    const value = 1 + 0.3 * (Math.log10(ratio) - 1 - slope * x) ** 2 + 0.05 * x * x + 0.005 * random.normal();
    return { ...complete(i + 1, ratio, value, { base_lr }), parameters: { base_lr, lr_ratio: ratio } };
  });
  return ridgeOf({ ...sweep, space: SPACE }, trials);
}

test.each([-1, 0])("a valley whose bottom falls by %d for each power of ten is found to do so", (slope) => {
  const ridge = studied(slope) as Ridge;
  expect(Math.abs(ridge.slope - slope)).toBeLessThan(0.2);
  expect(ridge.low).toBeLessThanOrEqual(ridge.slope + 1e-9);
  expect(ridge.high).toBeGreaterThanOrEqual(ridge.slope - 1e-9);
  // In the middle of the rates, 1e-4, the bottom is at ratio 10.
  expect(ridge.ratio).toBeGreaterThan(6);
  expect(ridge.ratio).toBeLessThan(16);
});

test("one base_lr, or few trials, have no ridge", () => {
  expect(studied(-1, 10)).toBeUndefined();
  expect(ridgeOf({ ...sweep, space: SPACE }, [])).toBeUndefined();
  const one = [1, 3, 10, 30].map((ratio, i) => complete(i + 1, ratio, ratio));
  expect(ridgeOf({ ...sweep, space: SPACE.slice(1) }, one)).toBeUndefined();
});

test("the line says which of the two rates matters, where the slope says it", () => {
  const at = (slope: number, width: number) =>
    ridgeLine({ slope, low: slope - width, high: slope + width, introLr: 0.00123, ratio: 12.3 });
  expect(at(-1, 0.2)).toBe(
    "the best ratio changes by -1.0 powers of ten (-1.2 to -0.8) for each of base_lr, about one to one: it is the introduced tokens' own rate that matters, about 1.2e-3",
  );
  expect(at(0.1, 0.3)).toContain("about 12x does at any base_lr that was tried");
  expect(at(-0.5, 1)).toBe("the best ratio changes by -0.5 powers of ten (-1.5 to 0.5) for each of base_lr");
});
