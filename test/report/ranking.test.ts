import { expect, test } from "vitest";
import { configurationRows, rankedRows, varyingParameters } from "../../src/report/ranking.js";
import type { Trial } from "../../src/sweep/trial.js";
import { complete, failed, pruned, queued } from "./trials.js";

test("complete trials come best first, then pruned, failed and waiting ones by number, without a value", () => {
  const trials = [queued(1, 1), failed(2, 10), complete(3, 1, 2), pruned(4, 1), complete(5, 1, 1), failed(6, 1)];
  const rows = rankedRows(trials, "minimize", {});
  expect(rows.map(({ number }) => number)).toEqual([5, 3, 4, 2, 6, 1]);
  expect(rows.map(({ value }) => value)).toEqual([1, 2, null, null, null, null]);
});

test("a row has all three rates, fixed and searched parameters, and how long the trial took", () => {
  const [row] = rankedRows([complete(3, 10, 2, { warmup_ratio: 0.1 })], "minimize", { base_lr: 1e-4, init: "mean" });
  expect(row).toMatchObject({ number: 3, state: "complete", value: 2, best_step: 40, seconds: 2.5, reason: null });
  expect(row?.parameters).toEqual({ lr_ratio: 10, base_lr: 1e-4, intro_lr: 1e-3, init: "mean", warmup_ratio: 0.1 });
});

test("a failed row says why", () => {
  const [row] = rankedRows([failed(1, 1)], "minimize", {});
  expect(row?.reason).toBe("diverged at step 12: the training loss is NaN");
});

test("varying parameters are those with more than one value, rates aside", () => {
  const trials = [
    complete(1, 1, 1, { warmup_ratio: 0, init: "mean", base_lr: 1e-4 }),
    complete(2, 10, 1, { warmup_ratio: 0.1, init: "mean", base_lr: 1e-5 }),
  ];
  expect(varyingParameters(trials)).toEqual(["warmup_ratio"]);
});

test("a configuration is one row: its mean, the standard error, and the trials that it is made of", () => {
  const seeded = (trial: Trial, replicate: number): Trial => ({ ...trial, replicate });
  const trials = [
    complete(1, 10, 3),
    failed(2, 100),
    queued(3, 1),
    complete(4, 30, 1),
    seeded(complete(5, 10, 5), 1),
    seeded(queued(6, 1), 1),
  ];
  const rows = configurationRows(trials, "minimize", { init: "mean" });
  const told = rows.map(({ number, state, value, seeds, trials: numbers }) => [number, state, value, seeds, numbers]);
  expect(told).toEqual([
    [1, "complete", 4, 2, [1, 5]],
    [4, "complete", 1, 1, [4]],
    [2, "failed", null, 0, [2]],
    [3, "queued", null, 0, [3, 6]],
  ]);
  expect(rows.map(({ standard_error }) => standard_error)).toEqual([1, null, null, null]);
  expect(rows[0]?.parameters).toMatchObject({ lr_ratio: 10, init: "mean" });
});

test.each([0, 1, 2, 3, 4, 9])("the first %i rows are those of all rows", (limit) => {
  const trials = [queued(1, 1), failed(2, 10), complete(3, 1, 2), pruned(4, 1), complete(5, 1, 1)];
  expect(rankedRows(trials, "minimize", {}, limit)).toEqual(rankedRows(trials, "minimize", {}).slice(0, limit));
  expect(configurationRows(trials, "minimize", {}, limit)).toEqual(
    configurationRows(trials, "minimize", {}).slice(0, limit),
  );
});
