import { expect, test } from "vitest";
import { compareRatios } from "../../src/report/ratios.js";
import { verdictLines } from "../../src/report/verdict.js";
import { complete, failed, pruned, queued } from "./trials.js";

const usual = [
  complete(1, 1, 2.5, { warmup_ratio: 0 }),
  complete(2, 1, 2.7, { warmup_ratio: 0.1 }),
  complete(3, 10, 2.0, { warmup_ratio: 0 }),
  complete(4, 10, 2.4, { warmup_ratio: 0.1 }),
  complete(5, 100, 3.0, { warmup_ratio: 0 }),
  failed(6, 100),
];

test("each ratio has its counts, its best and mean value, and its difference to the best of ratio 1", () => {
  const { rows, best, one } = compareRatios(usual, "minimize");
  expect(rows.map(({ ratio, trials, complete, diverged }) => [ratio, trials, complete, diverged])).toEqual([
    [1, 2, 2, 0],
    [10, 2, 2, 0],
    [100, 2, 1, 1],
  ]);
  expect(rows.map(({ best }) => best?.number)).toEqual([1, 3, 5]);
  expect(rows.map(({ mean }) => mean)).toEqual([2.6, 2.2, 3.0]);
  expect(rows.map(({ againstOne }) => againstOne)).toEqual([0, -0.5, 0.5]);
  expect([best?.ratio, one?.ratio]).toEqual([10, 1]);
});

test("a metric to maximize has the highest value as its best", () => {
  const { best, rows } = compareRatios(usual, "maximize");
  expect(best?.ratio).toBe(100);
  expect(rows[0]?.best?.number).toBe(2);
});

test("ratios that differ by rounding alone are one ratio", () => {
  const third = { ...complete(1, 3, 2), rates: { base_lr: 1e-4, lr_ratio: 3.0000000000000004, intro_lr: 3e-4 } };
  expect(compareRatios([third, complete(2, 3, 2.2)], "minimize").rows).toHaveLength(1);
});

test("pruned trials and failures other than divergence are counted apart, and nothing of them is averaged", () => {
  const [row] = compareRatios([pruned(1, 10), failed(2, 10, "crashed"), queued(3, 10)], "minimize").rows;
  expect(row).toMatchObject({ trials: 3, complete: 0, pruned: 1, broken: 1, diverged: 0 });
  expect([row?.best, row?.mean, row?.againstOne]).toEqual([undefined, undefined, undefined]);
});

test.each([
  ["lowest", [complete(1, 1, 1), complete(2, 10, 2)]],
  ["highest", [complete(1, 1, 2), complete(2, 10, 1)]],
  [undefined, [complete(1, 1, 2), complete(2, 10, 1), failed(3, 100)]],
  [undefined, [complete(1, 10, 2)]],
] as const)("the best ratio's edge is %s", (edge, trials) => {
  expect(compareRatios(trials, "minimize").edge).toBe(edge);
});

test("the verdict names the best ratio, its gain over a single rate, and what one seed and one base_lr cannot show", () => {
  expect(verdictLines(compareRatios(usual, "minimize"), "loss")).toEqual([
    "best ratio 10x: loss 2.000 (trial 3)",
    "against 1x (trial 1, 2.500): -0.5000, better than a single learning rate",
    "base_lr was 1.0e-4 throughout: at another base_lr another ratio may be best",
    "n = 1 seed: how much of a difference is chance is not known, so no interval is given",
  ]);
});

test("the verdict asks for a wider range at an edge, and for ratio 1 where it is missing", () => {
  const trials = [complete(1, 10, 2.2), complete(2, 100, 2.1, { base_lr: 1e-5 })];
  const text = verdictLines(compareRatios(trials, "minimize"), "loss").join("\n");
  expect(text).toContain("the highest of 2 ratios: widen the range, e.g. with 300 and 1000");
  expect(text).toContain("ratio 1 was not tried: add 1");
  expect(text).toContain("base_lr took 2 values");
});

test("the verdict does not call ratio 1 better than itself, nor a comparison with a diverged one a difference", () => {
  const first = verdictLines(compareRatios([complete(1, 1, 1), complete(2, 10, 2)], "minimize"), "loss");
  expect(first).toContain("no ratio was better than 1x, a single learning rate");
  const second = verdictLines(compareRatios([failed(1, 1), complete(2, 10, 2)], "minimize"), "loss");
  expect(second).toContain("ratio 1 has no complete trial (diverged: 1 of 1)");
});

test("without a complete trial there is no verdict", () => {
  expect(verdictLines(compareRatios([failed(1, 1)], "minimize"), "loss")).toEqual([
    "no trial is complete, so no ratio can be compared yet",
  ]);
});
