import { describe, expect, test } from "vitest";
import { createSampler } from "../../src/planner/planner.js";
import type { History } from "../../src/planner/sampler.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import { gridPoint, gridSize, type Parameters, type Space } from "../../src/sweep/space.js";
import type { Trial } from "../../src/sweep/trial.js";

const space: Space = [
  { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 3, 10, 30, 100] } },
  { name: "base_lr", distribution: { kind: "constant", value: 1e-4 } },
  { name: "warmup_ratio", distribution: { kind: "categorical", values: [0, 0.1, 0.2, 0.3] } },
];

function sweep(overrides: Partial<Sweep> = {}): Sweep {
  const base = {
    name: "s",
    file: "/s.yaml",
    seed: 0,
    method: "grid",
    metric: { name: "loss", goal: "minimize" },
  } as const;
  // The planner looks at the space alone.
  return { ...base, settings: { fixed: {} } as Settings, space, ...overrides };
}

function history(seed = 0): History {
  return { finished: [], running: [], goal: "minimize", seed };
}

function suggestions(of: Sweep, seed = 0) {
  const sampler = createSampler(of);
  return Array.from({ length: sampler.size ?? 0 }, (_, i) => sampler.suggest(of.space, history(seed), i + 1));
}

describe("the grid sampler", () => {
  test("suggests the whole grid in its order, and then nothing", () => {
    expect(suggestions(sweep())).toEqual(Array.from({ length: 20 }, (_, index) => gridPoint(space, index)));
    expect(createSampler(sweep()).suggest(space, history(), 21)).toBeUndefined();
  });

  test("is not cut by a run_cap that the grid does not reach", () => {
    expect(suggestions(sweep({ runCap: 20 }))).toEqual(suggestions(sweep()));
    expect(createSampler(sweep({ runCap: 50 })).size).toBe(20);
  });

  test("cut by run_cap, suggests that many different points, and then nothing", () => {
    const cut = sweep({ runCap: 8 });
    expect(new Set(suggestions(cut).map((point) => JSON.stringify(point))).size).toBe(8);
    expect(createSampler(cut).size).toBe(8);
    expect(createSampler(cut).suggest(space, history(), 9)).toBeUndefined();
  });

  test.each([0, 1, 2, 3, 4])("cut by run_cap, spreads over the slowest parameter (seed %d)", (seed) => {
    const ratios = new Set(suggestions(sweep({ runCap: 8 }), seed).map((point) => point?.lr_ratio));
    // The grid's first eight points have two of the five ratios.
    expect(ratios.size).toBeGreaterThanOrEqual(3);
  });

  test("orders a cut grid by the study's seed", () => {
    const cut = sweep({ runCap: 8 });
    expect(suggestions(cut, 1)).toEqual(suggestions(cut, 1));
    expect(suggestions(cut, 1)).not.toEqual(suggestions(cut, 2));
  });

  test("suggests the same whatever was asked or has ended before", () => {
    const cut = sweep({ runCap: 8 });
    const inOrder = suggestions(cut);
    const ended = { number: 1, state: "queued" } as Trial;
    const later = createSampler(cut).suggest(space, { ...history(), finished: [ended] }, 5);
    expect(later).toEqual(inOrder[4]);
  });

  test.each([2, 3, 5, 16, 17, 64, 100])("cut by one, leaves out a single point of %d", (size) => {
    const values = Array.from({ length: size }, (_, i) => i);
    const line: Space = [{ name: "batch_size", distribution: { kind: "categorical", values } }];
    const cut = suggestions(sweep({ space: line, runCap: size - 1 })).map((point) => point?.batch_size);
    expect(new Set(cut).size).toBe(size - 1);
    for (const value of cut) expect(values).toContain(value);
  });

  test("cuts a grid too large to list", () => {
    const values = Array.from({ length: 1000 }, (_, i) => i);
    const huge: Space = ["a", "b", "c", "d"].map((name) => ({ name, distribution: { kind: "categorical", values } }));
    const points = suggestions(sweep({ space: huge, runCap: 200 }));
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(200);
    for (const name of ["a", "b", "c", "d"]) {
      const mean = points.reduce((sum, point) => sum + Number(point?.[name]), 0) / points.length;
      // Uniform over 0..999: standard error of the mean of 200 is about 20.
      expect(Math.abs(mean - 499.5), name).toBeLessThan(100);
    }
  });
});

describe("a grid that changes in the middle of its study", () => {
  const list = (name: string, values: readonly number[]) =>
    ({ name, distribution: { kind: "categorical", values } }) as const;
  const before = [list("lr_ratio", [1, 10, 100]), list("batch_size", [8, 16])];

  /** Goes on from what was tried until nothing is left. */
  function goOn(of: Sweep, tried: readonly Parameters[], limit = 100): readonly Parameters[] {
    const finished = tried.map((parameters, i) => ({ number: i + 1, replicate: 0, parameters }) as Trial);
    const next = createSampler(of).suggest(of.space, { ...history(), finished }, tried.length + 1);
    return next === undefined || tried.length === limit ? tried : goOn(of, [...tried, next], limit);
  }
  const keys = (points: readonly Parameters[]) => points.map((point) => JSON.stringify(point)).sort();

  test.each<[string, Space]>([
    ["more values of the first parameter", [list("lr_ratio", [0.1, 1, 3, 10, 100, 1000]), list("batch_size", [8, 16])]],
    ["more values of the second", [list("lr_ratio", [1, 10, 100]), list("batch_size", [4, 8, 16, 32])]],
    ["fewer values", [list("lr_ratio", [1, 100]), list("batch_size", [8, 16])]],
    ["other values in another order", [list("lr_ratio", [1000, 100, 1]), list("batch_size", [32, 8])]],
  ])("with %s runs no point twice and leaves none out", (_, space) => {
    for (let cut = 0; cut <= 6; cut++) {
      for (const runCap of [undefined, 4]) {
        const capped = runCap === undefined ? {} : { runCap };
        const tried = goOn(sweep({ space: before, ...capped }), [], cut);
        const all = goOn(sweep({ space }), tried);
        expect(all.slice(0, tried.length)).toEqual(tried);
        const whole = Array.from({ length: gridSize(space) }, (_, index) => gridPoint(space, index));
        expect(keys(all)).toEqual([...new Set(keys([...tried, ...whole]))].sort());
        expect(all).toHaveLength(new Set(keys(all)).size);
      }
    }
  });

  test("under a run_cap ends there, trials that are out of the grid counted", () => {
    const tried = goOn(sweep({ space: before }), [], 3);
    const all = goOn(sweep({ space: [list("lr_ratio", [2, 3, 4, 5]), list("batch_size", [8])], runCap: 5 }), tried);
    expect(all).toHaveLength(5);
    expect(new Set(keys(all)).size).toBe(5);
  });

  test("runs what new constraints allow and was not tried", () => {
    const settings = { fixed: { base_lr: 1e-4 } } as unknown as Settings;
    const tried = goOn(sweep({ space: before, settings, constraints: ["batch_size <= 8"] }), []);
    expect(tried).toHaveLength(3);
    const all = goOn(sweep({ space: before }), tried);
    expect(keys(all)).toEqual(keys(Array.from({ length: 6 }, (_, index) => gridPoint(before, index))));
  });
});
