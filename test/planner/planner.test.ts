import { expect, test } from "vitest";
import { createPruner, createSampler } from "../../src/planner/planner.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import type { Trial } from "../../src/sweep/trial.js";

const SWEEP: Sweep = {
  name: "s",
  file: "/s.yaml",
  seed: 0,
  // The planner looks at the space alone.
  settings: {} as Settings,
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

test("the pruner has no rungs and stops no trial", () => {
  const pruner = createPruner(SWEEP);
  expect(pruner.rungs).toEqual([]);
  expect(pruner.judge({ state: "running" } as Trial, [], [])).toEqual({ action: "continue" });
});
