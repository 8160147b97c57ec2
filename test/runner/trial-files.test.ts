import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import type { TrialJob } from "../../src/runner/protocol.js";
import { fingerprintOf, hasWeights, TrialFiles } from "../../src/runner/trial-files.js";
import type { Trial, TrialCommon } from "../../src/sweep/trial.js";
import { writeSafetensors } from "../../src/trainer/files/safetensors.js";
import { temporaryFolder } from "../store/fixture.js";

function planned(number: number, ratio = number): TrialCommon {
  const rates = { base_lr: 1, lr_ratio: ratio, intro_lr: ratio };
  return { number, replicate: 0, seed: 0, parameters: { lr_ratio: ratio }, rates };
}

function complete(number: number, value: number, ratio?: number): Trial {
  return { ...planned(number, ratio), state: "complete", value, bestStep: 1, startedAt: 0, endedAt: 1 };
}

function running(number: number): Trial {
  return { ...planned(number), state: "running", startedAt: 0 };
}

function touch(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
}

const job = (model: string, seed: number) =>
  ({ settings: { model, trainer: {}, data: {} }, parameters: {}, inputs: {}, seed }) as unknown as TrialJob;

test("of the trials that ended the best one's weights stay; those of running trials are left alone", () => {
  const files = new TrialFiles(temporaryFolder(), "s");
  for (const trial of [1, 2, 3]) touch(files.weights(trial));
  for (const trial of [2, 3]) touch(files.checkpoint(trial));
  files.clear([complete(1, 0.5), complete(2, 0.4), running(3)], "minimize");
  expect([1, 2, 3].map((trial) => existsSync(files.weights(trial)))).toEqual([false, true, true]);
  expect([2, 3].map((trial) => existsSync(files.checkpoint(trial)))).toEqual([false, true]);
});

test("of several seeds of the best configuration the first one's weights stay", () => {
  const files = new TrialFiles(temporaryFolder(), "s");
  for (const trial of [1, 2, 3]) touch(files.weights(trial));
  const again = { ...complete(3, 0.4, 7), replicate: 1 };
  files.clear([complete(1, 0.3), complete(2, 0.5, 7), again], "minimize");
  expect([1, 2, 3].map((trial) => existsSync(files.weights(trial)))).toEqual([false, true, false]);
});

test("what a killed process left is deleted: halves of files, and what its last trial no longer needed", () => {
  const files = new TrialFiles(temporaryFolder(), "s");
  for (const trial of [1, 2, 3, 4]) touch(files.weights(trial));
  for (const trial of [2, 3, 4]) touch(files.checkpoint(trial));
  // Of processes that no system has.
  const halves = [`${files.checkpoint(3)}.${2 ** 22 + 1}.tmp`, `${files.weights(3)}.${2 ** 22 + 2}.tmp`];
  halves.forEach(touch);
  const paused: Trial = { ...planned(4), state: "paused", startedAt: 0, step: 1, reason: "", checkpoint: "c" };
  files.clear([complete(1, 0.5), complete(2, 0.4), running(3), paused], "minimize");
  expect([1, 2, 3, 4].map((trial) => existsSync(files.weights(trial)))).toEqual([false, true, true, true]);
  expect([2, 3, 4].map((trial) => existsSync(files.checkpoint(trial)))).toEqual([false, true, true]);
  expect(halves.filter((file) => existsSync(file))).toEqual([]);
});

test("a study without files has nothing to delete", () => {
  new TrialFiles(temporaryFolder(), "s").clear([complete(1, 0.5)], "minimize");
});

test("weights count only for the very trial that they were written for, wherever its model lies", async () => {
  const files = new TrialFiles(temporaryFolder(), "s");
  const weights = files.weights(1);
  expect(await hasWeights({ ...job("a", 1), weights })).toBe(false);
  touch(weights);
  expect(await hasWeights({ ...job("a", 1), weights })).toBe(false);
  await writeSafetensors(weights, [], { fingerprint: fingerprintOf(job("a", 1)) });
  expect(await hasWeights({ ...job("b", 1), weights })).toBe(true);
  expect(await hasWeights({ ...job("a", 2), weights })).toBe(false);
});

test("weights that the test split is still to be evaluated for stay", () => {
  const files = new TrialFiles(temporaryFolder(), "s");
  for (const trial of [1, 2, 3]) touch(files.weights(trial));
  const trials = [complete(1, 0.5), complete(2, 0.4), complete(3, 0.6)];
  files.clear(trials, "minimize", [trials[2] as Trial]);
  expect([1, 2, 3].map((trial) => existsSync(files.weights(trial)))).toEqual([false, true, true]);
});
