import { expect, test } from "vitest";
import type { Segment } from "../../../src/trainer/optim/layout.js";
import { lazyParts } from "../../../src/trainer/optim/lazy.js";
import { allocateOptimizerMemory } from "../../../src/trainer/optim/memory.js";
import { goldenJson } from "../../golden-model.js";

const table = { name: "table", shape: [4, 3], offset: 10, length: 12 };
const segment = (start: number, end: number): Segment => ({ group: "base", decay: true, lrFactor: 1, start, end });
const touched =
  (...rows: number[]) =>
  (start: number, end: number) => {
    expect(end - start).toBe(3);
    return rows.includes((start - 10) / 3);
  };
const parts = (start: number, end: number, ...rows: number[]) =>
  lazyParts(segment(start, end), table, touched(...rows)).map(({ start, end, updated }) => [start, end, updated]);

test("what lies outside of the table is always updated, of the table the rows with gradient", () => {
  expect(parts(0, 30, 1, 2)).toEqual([
    [0, 10, true],
    [10, 13, false],
    [13, 19, true],
    [19, 22, false],
    [22, 30, true],
  ]);
  expect(parts(0, 30, 0, 1, 2, 3)).toEqual([[0, 30, true]]);
  expect(parts(0, 30)).toEqual([
    [0, 10, true],
    [10, 22, false],
    [22, 30, true],
  ]);
});

test("a segment that holds some of the table's rows asks for those alone", () => {
  expect(parts(13, 19, 2)).toEqual([
    [13, 16, false],
    [16, 19, true],
  ]);
  expect(parts(0, 5)).toEqual([[0, 5, true]]);
  expect(parts(22, 25)).toEqual([[22, 25, true]]);
});

/**
 * Values from torch.optim.SparseAdam in float64 (test/golden/make_optimizers.py), to float32's rounding. It adds epsilon
 * before the bias correction, we after it, as Adam does: with gradients far above epsilon there is no difference.
 */
test("twelve steps over a few rows each are SparseAdam's", () => {
  const { shape, initial, gradients, options, after_step: after } = goldenJson(".", "optimizers").lazy;
  const memory = allocateOptimizerMemory(initial.length);
  memory.value.set(initial);
  const whole = { name: "table", shape, offset: 0, length: initial.length };
  const [beta1, beta2] = options.betas;
  const optimizer = { name: "adamw", beta1, beta2, epsilon: options.eps } as const;
  for (const [s, multiplier] of goldenJson(".", "optimizers").multipliers.entries()) {
    memory.gradient.set(gradients[s]);
    const hasGradient = (start: number, end: number) => memory.squaredNorm("gradient", start, end) > 0;
    const all = lazyParts(segment(0, initial.length), whole, hasGradient);
    const step = { lr: options.lr * multiplier, weightDecay: 0, optimizer, t: s + 1, gradientScale: 1 };
    for (const { start, end, updated } of all) if (updated) memory.update(start, end, step);
    for (const [i, expected] of after[s].entries()) {
      expect(Math.abs(memory.value[i]! - expected), `${i} after ${s + 1}`).toBeLessThan(
        2e-6 * (1 + Math.abs(expected)),
      );
    }
  }
});
