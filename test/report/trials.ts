// Trials made up for tests of what is said about a study.
import type { StudyRecord } from "../../src/store/records.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import type { Parameters } from "../../src/sweep/space.js";
import type { FailureKind, Measurement, Trial, TrialCommon } from "../../src/sweep/trial.js";

export function common(number: number, ratio: number, parameters: Parameters = {}): TrialCommon {
  const base_lr = Number(parameters.base_lr ?? 1e-4);
  const rates = { base_lr, lr_ratio: ratio, intro_lr: base_lr * ratio };
  return { number, replicate: 0, seed: 7, parameters: { lr_ratio: ratio, ...parameters }, rates };
}

export function complete(number: number, ratio: number, value: number, parameters?: Parameters): Trial {
  const ended = { state: "complete", startedAt: 1000, endedAt: 3500, value, bestStep: 40 } as const;
  return { ...common(number, ratio, parameters), ...ended };
}

export function failed(number: number, ratio: number, kind: FailureKind = "diverged"): Trial {
  const failure = { kind, message: "the training loss is NaN", step: 12 };
  return { ...common(number, ratio), state: "failed", startedAt: 1000, endedAt: 2000, failure };
}

export function pruned(number: number, ratio: number): Trial {
  const ended = { state: "pruned", startedAt: 1000, endedAt: 2000, step: 20, reason: "worst of nine" } as const;
  return { ...common(number, ratio), ...ended };
}

export function queued(number: number, ratio: number): Trial {
  return { ...common(number, ratio), state: "queued" };
}

export function measured(step: number, trainLoss: number, loss: number | null): Measurement {
  const validation = { loss, loss_introduced: null, loss_base: loss, accuracy: 0.5, f1: null };
  const group = { lr: 1e-4, gradNorm: 0.5, updateRatio: 1e-3 };
  return { step, trainLoss, validation, groups: { base: group, introduced: group }, seconds: step / 10 };
}

export const settings: Settings = {
  model: "/models/tiny",
  task: "masked-lm",
  data: { train: "/data/train.jsonl", validation: "/data/valid.jsonl", text: "text", label: "label" },
  introduced: { tokens: ["<A>", "b: c"], special: false },
  trainer: {
    length: { maxSteps: 60 },
    evalSteps: 20,
    evalBatchSize: 32,
    maxLength: 64,
    maskProbability: 0.15,
    introducedMaskProbability: 1,
    maskReplacement: [0.8, 0.1, 0.1],
    dropout: true,
    groupByLength: false,
  },
  fixed: { base_lr: 1e-4, weight_decay: 0.01, init: "mean" },
};

export const sweep: Sweep = {
  name: "letters",
  file: "/sweeps/letters.yaml",
  seed: 3,
  settings,
  method: "grid",
  metric: { name: "loss", goal: "minimize" },
  space: [
    { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10, 100] } },
    { name: "warmup_ratio", distribution: { kind: "categorical", values: [0, 0.1] } },
  ],
};

export const study: StudyRecord = {
  id: 1,
  name: "letters",
  createdAt: 0,
  sweep,
  inputs: { model: "a".repeat(64), tokenizer: "b".repeat(64), data: "c".repeat(64) },
  summary: {
    hashes: { model: "a".repeat(64), tokenizer: "b".repeat(64), data: "c".repeat(64) },
    trainExamples: 2000,
    trainTokens: 1000,
    validationExamples: 300,
    introducedCounts: [120, 0],
    parameterCount: 123_456,
    vocabularyRows: 602,
    keptRows: 602,
    workerBytes: 5e8,
    warnings: ["the introduced token b: c never occurs in the training texts"],
  },
  plannedTrials: 6,
};
