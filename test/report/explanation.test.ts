import { expect, test } from "vitest";
import { type Explained, explain } from "../../src/report/explanation.js";
import type { Measurement, Trial } from "../../src/sweep/trial.js";
import { complete, failed, measured, queued, sweep } from "./trials.js";

const SPACE = [{ name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10, 100] } }] as const;

function explained(trials: readonly Trial[], changes: Partial<Explained> = {}) {
  return explain({
    sweep: { ...sweep, space: SPACE },
    trials,
    measurementsOf: () => [],
    run: "dualrate run letters.yaml",
    exports: "dualrate export letters -o best.yaml",
    ...changes,
  });
}

const TRIALS = [complete(1, 1, 2.5), complete(2, 10, 2.1), complete(3, 100, 2.3)];

test("what was searched and found, in words with both rates and the single rate beside it", () => {
  const { searched, found } = explained(TRIALS, { findings: ["within noise: 3x to 30x"] });
  expect(searched[0]).toMatch(/^3 trials by \w+ search \(3 complete\), ranked by validation loss, lowest first\.$/);
  expect(searched[1]).toBe("Searched: lr_ratio: 1x, 10x, 100x.");
  expect(found[0]).toContain("learn 10x as fast as the pretrained weights (1.0e-3 against 1.0e-4 at the peak)");
  expect(found[1]).toBe("With a single learning rate (ratio 1x, trial 1) the best loss was 2.500.");
  expect(found.at(-1)).toBe("Within noise: 3x to 30x.");
});

test("a study without a complete trial has nothing found, and what failed", () => {
  const { found, careful, next } = explained([failed(1, 100), failed(2, 500), queued(3, 1)]);
  expect(found).toEqual(["No trial is complete yet, so nothing can be said of any ratio."]);
  expect(careful).toEqual(["2 trials diverged (ratios 100x to 500x): rates up there are too high."]);
  expect(next).toEqual(["Let it finish: dualrate run letters.yaml"]);
});

test("one seed, one base_lr and an edge are told, each with what to do", () => {
  const { careful, next } = explained([complete(1, 1, 2.5), complete(2, 10, 2.3), complete(3, 100, 2.1)]);
  expect(careful).toEqual([
    expect.stringContaining("It ran with 1 seed"),
    expect.stringContaining("The best ratio is at the end of what was tried: this is the highest of 3 ratios"),
    expect.stringContaining("base_lr was 1.0e-4 throughout"),
  ]);
  expect(next).toEqual([
    expect.stringMatching(/^Widen lr_ratio's range beyond 100x .*dualrate run letters.yaml --extend$/),
    expect.stringContaining("final: {top: 3, seeds: 5}"),
    expect.stringContaining("introduced_warmup_ratio: {values: [0, 0.1, 0.3]}"),
    expect.stringContaining("base_lr: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-3}"),
    "Take the best configuration along: dualrate export letters -o best.yaml",
  ]);
});

test("several seeds give the difference with its interval, and nothing is advised that was done", () => {
  const seeded = (trial: Trial, replicate: number): Trial => ({ ...trial, replicate });
  const trials = [0, 1, 2].flatMap((r) => [
    seeded(complete(2 * r + 1, 1, 2.5 + r / 100), r),
    seeded(complete(2 * r + 2, 10, 2.1 + r / 90), r),
  ]);
  const { found, careful, next } = explained(trials, {
    sweep: { ...sweep, space: SPACE, final: { top: 2, seeds: 3 } },
  });
  expect(found.join(" ")).toMatch(/Seed by seed the difference to a single rate is -0\.39\d+, between .* with 95 %\./);
  expect(found.join(" ")).toMatch(/the mean of 3 seeds/);
  expect(careful.join(" ")).not.toContain("luck");
  expect(next.join(" ")).not.toContain("final:");
});

test("overfitting, instability and forgetting come from the best trial's measurements", () => {
  const group = { lr: 1e-3, gradNorm: 1, updateRatio: 0.4 };
  const base = (step: number, train: number, loss: number, lossBase: number): Measurement => {
    const one = measured(step, train, loss);
    const groups = { base: { ...group, updateRatio: 1e-3 }, introduced: group };
    return { ...one, groups, validation: { ...one.validation, loss_base: lossBase } };
  };
  const curves: Readonly<Record<number, readonly Measurement[]>> = {
    1: [base(40, 2, 2.5, 1)],
    2: [base(20, 2, 2.4, 1.1), base(40, 1.5, 2.1, 1.2), base(60, 1, 2.6, 1.4)],
  };
  const { careful } = explained(TRIALS, { measurementsOf: (number) => curves[number] ?? [] });
  const text = careful.join("\n");
  expect(text).toContain("Overfitting: its validation loss was lowest at step 40 (2.100) and 2.600 at the end");
  expect(text).toContain("Instability: a step changed the introduced rows by 40 %");
  expect(text).toContain("Forgetting: on tokens that the model knew before, its loss is 1.200, and 1.000 at ratio 1x.");
});
