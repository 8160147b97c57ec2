import { describe, expect, test } from "vitest";
import { rankTrials, type Trial, type TrialState, trialSeed } from "../../src/sweep/trial.js";

const TIMES = { startedAt: 0, endedAt: 1 };

function trial(number: number, state: TrialState): Trial {
  const rates = { base_lr: 1e-4, lr_ratio: 10, intro_lr: 1e-3 };
  return { number, replicate: 0, seed: 1, parameters: {}, rates, ...state };
}

function complete(number: number, value: number): Trial {
  return trial(number, { state: "complete", ...TIMES, value, bestStep: 10 });
}

describe("rankTrials", () => {
  const trials = [complete(1, 2), complete(2, 1), complete(3, 3), complete(4, 1)];

  test("puts the lowest value first where it is minimized, the earlier of two equal ones before the later", () => {
    expect(rankTrials(trials, "minimize").map(({ number }) => number)).toEqual([2, 4, 1, 3]);
  });

  test("puts the highest value first where it is maximized", () => {
    expect(rankTrials(trials, "maximize").map(({ number }) => number)).toEqual([3, 1, 2, 4]);
  });

  test("ranks complete trials only", () => {
    const others = [
      trial(5, { state: "queued" }),
      trial(6, { state: "running", startedAt: 0 }),
      trial(7, { state: "pruned", ...TIMES, step: 3, reason: "behind" }),
      trial(8, { state: "failed", ...TIMES, failure: { kind: "diverged", message: "loss is NaN", step: 2 } }),
    ];
    expect(rankTrials([...others, complete(9, 5)], "minimize").map(({ number }) => number)).toEqual([9]);
  });

  test("leaves the given list as it was", () => {
    const given = [complete(1, 2), complete(2, 1)];
    rankTrials(given, "minimize");
    expect(given.map(({ number }) => number)).toEqual([1, 2]);
  });
});

describe("trialSeed", () => {
  test("depends on the study's seed and the replicate", () => {
    const seeds = [trialSeed(0, 0), trialSeed(0, 1), trialSeed(1, 0), trialSeed(1, 1)];
    expect(new Set(seeds).size).toBe(4);
    expect(trialSeed(3, 2)).toBe(trialSeed(3, 2));
  });
});
