// One trial as a sweep file of one configuration: plain data that every format writes, and that `train` and `run` read.
import { relative } from "node:path";
import { DualrateError } from "../errors.js";
import type { StudyRecord } from "../store/records.js";
import { rankConfigurations } from "../sweep/configuration.js";
import { hubModelText } from "../sweep/hub-model.js";
import { type AnyParameterName, isUsedBy, parameterValue } from "../sweep/parameters.js";
import {
  type DataSettings,
  type ExportedFrom,
  type Metric,
  predictsTokens,
  type Settings,
  type SplitShares,
  type TrainerSettings,
} from "../sweep/settings.js";
import type { Parameters, Value } from "../sweep/space.js";
import type { CompleteTrial, Trial } from "../sweep/trial.js";

/** Keys and their order are the sweep file's own. */
export interface ExportedConfiguration {
  readonly name: string;
  readonly model: string;
  readonly task: string;
  readonly data: Readonly<Record<string, string | number | SplitShares>>;
  readonly introduced_tokens: {
    readonly tokens: readonly string[];
    readonly special: boolean;
    readonly token_init?: Readonly<Record<string, string>>;
  };
  readonly token_groups?: Readonly<Record<string, readonly string[]>>;
  readonly trainer: Readonly<Record<string, Value | boolean | readonly number[]>>;
  readonly metric: Metric;
  readonly method: "grid";
  readonly seed: number;
  readonly parameters: Readonly<Record<string, { readonly value: Value }>>;
  readonly exported_from: ExportedFrom;
}

/** The trial of that number, or the first of the best configuration. Only a complete trial has a value to reproduce. */
export function trialToExport(study: StudyRecord, trials: readonly Trial[], number?: number): CompleteTrial {
  if (number === undefined) return bestTrial(study, trials);
  const trial = trials.find((candidate) => candidate.number === number);
  if (trial?.state === "complete") return trial;
  const what = trial ? `is ${trial.state}, not complete` : "does not exist";
  throw new DualrateError("study", `trial ${number} of "${study.name}" ${what}`, {
    hint: `Choose a complete trial: dualrate rank ${study.name}`,
  });
}

function bestTrial(study: StudyRecord, trials: readonly Trial[]): CompleteTrial {
  const [best] = rankConfigurations(trials, study.sweep.metric.goal);
  if (best) return best.trial;
  throw new DualrateError("study", `"${study.name}" has no complete trial to export`, {
    hint: `Look at its trials: dualrate rank ${study.name}`,
  });
}

/** The trial's configuration. Paths are relative to `folder`, or absolute where none is given. */
export function exportedConfiguration(
  study: StudyRecord,
  trial: CompleteTrial,
  folder?: string,
): ExportedConfiguration {
  const { sweep } = study;
  const { settings, metric } = sweep;
  const path = (absolute: string) => (folder === undefined ? absolute : pathFrom(folder, absolute));
  return {
    name: `${study.name}-trial-${trial.number}`,
    model: settings.hub ? hubModelText(settings.hub) : path(settings.model),
    task: settings.task,
    data: dataKeys(settings, path),
    introduced_tokens: tokenKeys(settings),
    ...(settings.tokenGroups && { token_groups: settings.tokenGroups }),
    trainer: trainerKeys(settings),
    metric: { name: metric.name, goal: metric.goal },
    method: "grid",
    seed: sweep.seed,
    parameters: fixedParameters({ ...settings.fixed, ...trial.parameters }),
    exported_from: {
      study: study.name,
      trial: trial.number,
      metric: metric.name,
      value: trial.value,
      step: trial.bestStep,
      ...(trial.replicate > 0 && { replicate: trial.replicate }),
    },
  };
}

/** A model folder beside the file stays recognisable as a path, and Windows' separators do not leak into the file. */
function pathFrom(folder: string, absolute: string): string {
  return relative(folder, absolute).replaceAll("\\", "/") || ".";
}

function dataKeys({ data, task }: Settings, path: (absolute: string) => string): ExportedConfiguration["data"] {
  const { train, validation, test, split, format, text, textPair, label }: DataSettings = data;
  const { maxTrainSamples, maxEvalSamples } = data;
  const files = { train: path(train), validation: path(validation), ...(test !== undefined && { test: path(test) }) };
  return {
    ...(split ? { file: path(train), split } : files),
    ...(format !== undefined && { format }),
    text,
    ...(textPair !== undefined && { text_pair: textPair }),
    ...(!predictsTokens(task) && { label }),
    ...(maxTrainSamples !== undefined && { max_train_samples: maxTrainSamples }),
    ...(maxEvalSamples !== undefined && { max_eval_samples: maxEvalSamples }),
  };
}

function tokenKeys({ introduced }: Settings): ExportedConfiguration["introduced_tokens"] {
  const { tokens, special, tokenInit } = introduced;
  return { tokens, special, ...(tokenInit && { token_init: tokenInit }) };
}

function trainerKeys({ trainer, task, introduced }: Settings): ExportedConfiguration["trainer"] {
  return {
    ...lengthKey(trainer.length),
    eval_steps: trainer.evalSteps,
    eval_batch_size: trainer.evalBatchSize,
    max_length: trainer.maxLength,
    ...(task === "masked-lm" && maskKeys(trainer, introduced.special)),
    ...(trainer.problemType !== undefined && { problem_type: trainer.problemType }),
    dropout: trainer.dropout,
    group_by_length: trainer.groupByLength,
    ...(trainer.earlyStoppingPatience !== undefined && { early_stopping_patience: trainer.earlyStoppingPatience }),
    ...(trainer.rowUpdates !== undefined && { row_updates: trainer.rowUpdates }),
  };
}

function lengthKey(length: TrainerSettings["length"]): Record<string, number> {
  return "maxSteps" in length ? { max_steps: length.maxSteps } : { num_train_epochs: length.numTrainEpochs };
}

/** Special tokens are never masked, so a sweep file may not say how often. */
function maskKeys(trainer: TrainerSettings, special: boolean): ExportedConfiguration["trainer"] {
  return {
    mask_probability: trainer.maskProbability,
    ...(!special && { introduced_mask_probability: trainer.introducedMaskProbability }),
    mask_replacement: trainer.maskReplacement,
    ...(trainer.wholeWordMasking && { whole_word_masking: true }),
  };
}

/** Those that the trial's optimizer uses: a sweep of several may name settings of each. */
function fixedParameters(parameters: Parameters): ExportedConfiguration["parameters"] {
  const optim = parameterValue(parameters, "optim");
  const used = Object.entries(parameters).filter(([name]) => isUsedBy(optim, name as AnyParameterName));
  return Object.fromEntries(used.map(([name, value]) => [name, { value }]));
}
