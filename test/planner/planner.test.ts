import { expect, test } from "vitest";
import { createPruner, createSampler } from "../../src/planner/planner.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import type { Trial } from "../../src/sweep/trial.js";
import { prunedSweep } from "./standings.js";

const SWEEP: Sweep = {
  name: "s",
  file: "/s.yaml",
  seed: 0,
  // The planner looks at the space alone.
  settings: { fixed: {} } as Settings,
  method: "grid",
  metric: { name: "loss", goal: "minimize" },
  space: [{ name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10] } }],
};

test("method grid gives a sampler over the sweep's grid", () => {
  const sampler = createSampler(SWEEP);
  const history = { finished: [], running: [], goal: "minimize", seed: 0 } as const;
  expect([1, 2, 3].map((number) => sampler.suggest(SWEEP.space, history, number))).toEqual([
    { lr_ratio: 1 },
    { lr_ratio: 10 },
    undefined,
  ]);
});

test("method random gives run_cap draws", () => {
  const space = [{ name: "lr_ratio", distribution: { kind: "uniform", min: 1, max: 9 } }] as const;
  const sampler = createSampler({ ...SWEEP, method: "random", space, runCap: 7 });
  expect(sampler.size).toBe(7);
});

test("without early_terminate the pruner has no rungs and stops no trial", () => {
  const pruner = createPruner(SWEEP, 100);
  expect(pruner.rungs).toEqual([]);
  const trial = { state: "running" } as Trial;
  expect(pruner.judge({ trial, measurements: [] }, [])).toEqual({ action: "continue" });
});

test("a grid leaves out the points that the constraints forbid, whole and cut", () => {
  const ratios = { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10, 100, 1000] } } as const;
  const base = { name: "base_lr", distribution: { kind: "categorical", values: [1e-5, 1e-4] } } as const;
  const settings = { fixed: {} } as Settings;
  const sweep: Sweep = { ...SWEEP, settings, space: [ratios, base], constraints: ["intro_lr <= 0.002"] };
  const points = (of: Sweep) => {
    const sampler = createSampler(of);
    const history = { finished: [], running: [], goal: "minimize", seed: 0 } as const;
    return Array.from({ length: sampler.size ?? 0 }, (_, i) => sampler.suggest(of.space, history, i + 1));
  };
  const allowed = points(sweep);
  expect(allowed.map((point) => point?.lr_ratio)).toEqual([1, 1, 10, 10, 100]);
  const cut = points({ ...sweep, runCap: 3 });
  expect(cut).toHaveLength(3);
  for (const point of cut) expect(allowed).toContainEqual(point);
});

test("random search draws again what the constraints forbid, and keeps the other draws", () => {
  const space = [{ name: "lr_ratio", distribution: { kind: "uniform", min: 1, max: 9 } }] as const;
  const settings = { fixed: { base_lr: 1 } } as unknown as Settings;
  const points = (constraints: readonly string[]) => {
    const sampler = createSampler({ ...SWEEP, settings, method: "random", space, runCap: 40, constraints });
    const history = { finished: [], running: [], goal: "minimize", seed: 0 } as const;
    return Array.from({ length: 40 }, (_, i) => Number(sampler.suggest(space, history, i + 1)?.lr_ratio));
  };
  const [free, low] = [points([]), points(["lr_ratio < 4"])];
  expect(Math.max(...low)).toBeLessThan(4);
  free.forEach((ratio, i) => {
    if (ratio < 4) expect(low[i]).toBe(ratio);
  });
});

test("a first rung past a trial's end is an error that says where the end is", () => {
  const early = prunedSweep({ type: "hyperband", rungs: { min: 10 }, eta: 3, strict: false });
  const message = "early_terminate would stop no trial: no rung lies before a trial's end (it has 10 evaluations)";
  expect(() => createPruner(early, 100)).toThrow(message);
  expect(createPruner({ ...early, earlyTerminate: { type: "asha", rungs: { min: 9 }, eta: 3 } }, 100).rungs).toEqual([
    0.9,
  ]);
});

test("with a budget and no run_cap a search has no size, whichever the method", () => {
  const space = [{ name: "lr_ratio", distribution: { kind: "uniform", min: 1, max: 9 } }] as const;
  for (const method of ["random", "sobol", "bayes"] as const) {
    const sampler = createSampler({ ...SWEEP, method, space, budget: { minutes: 1 } });
    expect(sampler.size).toBeUndefined();
    const history = { finished: [], running: [], goal: "minimize", seed: 0 } as const;
    expect(sampler.suggest(space, history, 1)).toBeDefined();
  }
});
