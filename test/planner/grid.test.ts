import { describe, expect, test } from "vitest";
import { createSampler } from "../../src/planner/planner.js";
import type { History } from "../../src/planner/sampler.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import { gridPoint, type Space } from "../../src/sweep/space.js";
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
