// A study's definition and trials for the tests of the store and of the study loop, in a folder of their own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StudyDefinition } from "../../src/store/records.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import type { Measurement, TrialCommon } from "../../src/sweep/trial.js";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dualrate-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const settings: Settings = {
  model: "/models/a",
  task: "masked-lm",
  data: { train: "/data/train.jsonl", validation: "/data/valid.jsonl", text: "text", label: "label" },
  introduced: { tokens: ["<A>", "<B>"], special: false },
  trainer: {
    length: { maxSteps: 20 },
    evalSteps: 10,
    evalBatchSize: 32,
    maxLength: 64,
    maskProbability: 0.15,
    introducedMaskProbability: 0.15,
    maskReplacement: [0.8, 0.1, 0.1],
    dropout: true,
    groupByLength: false,
  },
  fixed: { base_lr: 1e-4, weight_decay: 0.01 },
};

export const sweep: Sweep = {
  name: "words",
  file: "/sweeps/words.yaml",
  seed: 7,
  settings,
  method: "grid",
  metric: { name: "loss", goal: "minimize" },
  space: [{ name: "lr_ratio", distribution: { kind: "categorical", values: [0.1, 1, 10, 100] } }],
};

const inputs = { model: "a".repeat(64), tokenizer: "b".repeat(64), data: "c".repeat(64) };

export function definition(changes: Partial<Sweep> = {}): StudyDefinition {
  const summary = {
    hashes: inputs,
    trainExamples: 100,
    trainTokens: 1000,
    validationExamples: 20,
    introducedCounts: [5, 6],
    parameterCount: 1000,
    vocabularyRows: 50,
    keptRows: 50,
    workerBytes: 1e6,
    warnings: [],
  };
  return { sweep: { ...sweep, ...changes }, inputs, summary, plannedTrials: 4 };
}

export function trial(number: number): TrialCommon {
  const rates = { base_lr: 1e-4, lr_ratio: 10 ** number, intro_lr: 1e-4 * 10 ** number };
  return { number, replicate: 0, seed: 2 ** 32 - 1, parameters: { lr_ratio: 10 ** number, init: "mean" }, rates };
}

export function measurement(step: number, loss = 1 / step): Measurement {
  return {
    step,
    trainLoss: loss + 0.1,
    validation: { loss, loss_introduced: loss / 3, loss_base: null, accuracy: 0.5, f1: 0.25 },
    groups: {
      base: { lr: 1e-4, gradNorm: 1.5, updateRatio: 1e-3 },
      introduced: { lr: 0, gradNorm: 2, updateRatio: 0 },
    },
    seconds: step / 7,
  };
}
