import { expect, test } from "vitest";
import { createRandomSampler } from "../../src/planner/random.js";
import type { Space } from "../../src/sweep/space.js";

const space: Space = [
  { name: "lr_ratio", distribution: { kind: "log_uniform_values", min: 0.1, max: 1000 } },
  { name: "warmup_ratio", distribution: { kind: "uniform", min: 0, max: 0.3 } },
  { name: "init", distribution: { kind: "categorical", values: ["mean", "random"], probabilities: [0.8, 0.2] } },
];
const history = (seed: number) => ({ finished: [], running: [], goal: "minimize", seed }) as const;
const draws = (of: Space, seed: number, count: number) =>
  Array.from({ length: count }, (_, i) => createRandomSampler(count).suggest(of, history(seed), i + 1) ?? {});

test("a suggestion depends on seed and number alone, and each number has its own", () => {
  expect(draws(space, 5, 20)).toEqual(draws(space, 5, 20));
  expect(new Set(draws(space, 5, 20).map(({ lr_ratio }) => lr_ratio)).size).toBe(20);
  expect(draws(space, 6, 1)).not.toEqual(draws(space, 5, 1));
  const late = createRandomSampler(20).suggest(space, { ...history(5), finished: [] }, 20);
  expect(late).toEqual(draws(space, 5, 20)[19]);
});

test("the search ends at run_cap", () => {
  const sampler = createRandomSampler(3);
  expect(sampler.size).toBe(3);
  expect(sampler.suggest(space, history(0), 3)).toBeDefined();
  expect(sampler.suggest(space, history(0), 4)).toBeUndefined();
});

test("a parameter's values do not depend on which others are searched, nor on their order", () => {
  const alone = draws(space.slice(1, 2), 5, 10).map(({ warmup_ratio }) => warmup_ratio);
  expect(draws(space.toReversed(), 5, 10).map(({ warmup_ratio }) => warmup_ratio)).toEqual(alone);
});

test("draws spread as their distributions say, and parameters independently of each other", () => {
  const many = draws(space, 1, 2000);
  const share = (holds: (point: (typeof many)[number]) => boolean) => many.filter(holds).length / many.length;
  const high = (point: (typeof many)[number]) => Number(point.lr_ratio) > 10;
  const late = (point: (typeof many)[number]) => Number(point.warmup_ratio) > 0.15;
  // Four standard deviations of a share of 2000 draws are 0.045.
  expect(Math.abs(share(high) - 0.5)).toBeLessThan(0.045);
  expect(Math.abs(share(late) - 0.5)).toBeLessThan(0.045);
  expect(Math.abs(share(({ init }) => init === "mean") - 0.8)).toBeLessThan(0.036);
  expect(Math.abs(share((point) => high(point) && late(point)) - 0.25)).toBeLessThan(0.039);
});
