import { expect, test } from "vitest";
import { createSobolSampler } from "../../src/planner/sobol.js";
import type { Parameters, Space } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";

const space: Space = ["u", "v"].map((name) => ({ name, distribution: { kind: "uniform", min: 0, max: 1 } }));
const history = (seed: number) => ({ finished: [], running: [], goal: "minimize", seed }) as const;
const points = (count: number, seed: number, allowed: (point: Parameters) => boolean = () => true) =>
  Array.from({ length: count }, (_, i) => {
    return createSobolSampler(count, allowed).suggest(space, history(seed), i + 1) as Parameters;
  });

test("spreads: one of 64 points in each of 64 intervals of every parameter", () => {
  for (const name of ["u", "v"]) {
    expect(new Set(points(64, 2).map((point) => Math.floor(64 * Number(point[name])))).size).toBe(64);
  }
});

test("depends on seed and number alone, and ends at run_cap", () => {
  expect(points(9, 2)).toEqual(points(20, 2).slice(0, 9));
  expect(points(9, 2)).not.toEqual(points(9, 3));
  expect(createSobolSampler(3, () => true).suggest(space, history(0), 4)).toBeUndefined();
});

test("leaves out what is not allowed, and ends where nothing is", () => {
  const low = ({ u }: Parameters) => Number(u) < 0.25;
  expect(points(20, 2, low)).toEqual(points(200, 2).filter(low).slice(0, 20));
  expect(createSobolSampler(3, () => false).suggest(space, history(0), 1)).toBeUndefined();
});

test("runs no point twice where other constraints hold than before", () => {
  const tried = points(6, 2, ({ u }) => Number(u) < 0.5);
  for (let number = 7; number <= 20; number++) {
    const finished = tried.map((parameters, i) => ({ number: i + 1, parameters }) as Trial);
    const sampler = createSobolSampler(20, () => true);
    tried.push(sampler.suggest(space, { ...history(2), finished }, number) as Parameters);
  }
  expect(new Set(tried.map((point) => JSON.stringify(point))).size).toBe(20);
});
