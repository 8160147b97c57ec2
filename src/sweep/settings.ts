// What a sweep file settles for all of its trials: model, task, data, introduced tokens, trainer. Plain data, resolved:
// paths are absolute, defaults are filled in.
import type { DataFormat } from "./data-format.js";
import type { HubModel } from "./hub-model.js";
import type { Parameters, Space, Value } from "./space.js";

export type Task = "masked-lm" | "causal-lm" | "sequence-classification" | "token-classification";

/** Whether a task asks for tokens: its output layer has an entry for each, and it needs no labels. */
export function predictsTokens(task: Task): boolean {
  return task === "masked-lm" || task === "causal-lm";
}

export type MetricName = "loss" | "loss_introduced" | "loss_base" | "accuracy" | "f1";
/** Whether an optimizer step moves rows of the word table that got no gradient in it. */
export type RowUpdates = "dense" | "lazy";
export type Goal = "minimize" | "maximize";

export interface Metric {
  readonly name: MetricName;
  readonly goal: Goal;
}

/** The shares of one file's texts that are set apart; the rest are for training. */
export interface SplitShares {
  readonly validation: number;
  readonly test?: number;
  readonly seed: number;
}

export interface DataSettings {
  /** Absolute paths; all the same one where `split` says which of its texts go where. */
  readonly train: string;
  readonly validation: string;
  readonly test?: string;
  readonly split?: SplitShares;
  /** Of all files; by their endings where none is given. */
  readonly format?: DataFormat;
  /** Names of fields or columns. */
  readonly text: string;
  /** The second text of each example, where there is one (sequence-classification). */
  readonly textPair?: string;
  readonly label: string;
  /** The first N examples only. */
  readonly maxTrainSamples?: number;
  readonly maxEvalSamples?: number;
}

/** Where `prepare` gets the introduced tokens: an absolute path, or a regular expression over the training texts. */
export type TokenSource =
  | { readonly file: string }
  | { readonly pattern: string /** Finding more is an error. */; readonly maxTokens: number };

export interface IntroducedTokens {
  /** Empty as long as a source is still to say them. */
  readonly tokens: readonly string[];
  /** How a token's row starts, by token, for tokens that do not start as the parameter `init` says; see token-init.ts. */
  readonly tokenInit?: Readonly<Record<string, string>>;
  /** Never in what is stored or trained: `prepare` turns it into tokens. */
  readonly source?: TokenSource;
  /** Special tokens are never masked, hence in masked-lm not predicted. */
  readonly special: boolean;
}

/** The part of the trainer that no trial may change, because trials would stop being comparable (or compiled once). */
export interface TrainerSettings {
  /** Exactly one of the two. */
  readonly length: { readonly maxSteps: number } | { readonly numTrainEpochs: number };
  readonly evalSteps: number;
  readonly evalBatchSize: number;
  /** In tokens, special tokens included; longer texts are truncated. */
  readonly maxLength: number;
  readonly maskProbability: number;
  readonly introducedMaskProbability: number;
  /** Shares of [MASK], a random row, and the token itself; they sum to 1. */
  readonly maskReplacement: readonly [mask: number, random: number, keep: number];
  /** All of a word's tokens are masked, or none. */
  readonly wholeWordMasking?: true;
  /** Labels are numbers, and the loss is the squared error; classes where it is not given (sequence-classification). */
  readonly problemType?: "regression";
  /** False turns all of the config's dropout off. */
  readonly dropout: boolean;
  /** Batches of texts of about the same length (less padding); false takes them in shuffled order. */
  readonly groupByLength: boolean;
  /** Evaluations without a better value after which a trial ends. */
  readonly earlyStoppingPatience?: number;
  /** Where they are not dense. */
  readonly rowUpdates?: "lazy";
  /** Minutes after which a trial is stopped and fails; no part of what makes a trial's numbers. */
  readonly maxTrialMinutes?: number;
}

export type MemoryParameter = "batch_size" | "gradient_accumulation_steps";

export interface Settings {
  /** Absolute path of a Hugging Face folder; of a hub model, empty until it is in the cache. */
  readonly model: string;
  /** Where the folder comes from, if from the hub. */
  readonly hub?: HubModel;
  readonly task: Task;
  readonly data: DataSettings;
  readonly introduced: IntroducedTokens;
  /** Lists of the vocabulary's tokens that are parameter groups of their own, by the group's name. */
  readonly tokenGroups?: Readonly<Record<string, readonly string[]>>;
  readonly trainer: TrainerSettings;
  /** Tokens that no text uses keep their rows in training: some trial's optimizer does more to them than decay. */
  readonly keepAllRows?: true;
  /** The greatest values of searched parameters on which memory depends, by name. */
  readonly greatest?: Readonly<Partial<Record<MemoryParameter, number>>>;
  /** Fixed values of searchable parameters, by their names in the sweep file (snake_case); a trial's parameters add to these. */
  readonly fixed: Readonly<Record<string, Value>>;
}

export type Method = "grid" | "random" | "sobol" | "bayes";

/** When a trial is stopped before its end. Iterations are evaluations; planner/course.ts turns them into shares of a trial. */
export type EarlyTerminate =
  | {
      readonly type: "hyperband";
      /** The first rung and those eta times as far each, or as many as `s` below `max` by the same factor. */
      readonly rungs: { readonly min: number } | { readonly max: number; readonly s?: number };
      readonly eta: number;
      /** Judged at every evaluation after the first rung, as more trials have come by. */
      readonly strict: boolean;
    }
  | {
      readonly type: "asha";
      readonly rungs: { readonly min: number };
      readonly eta: number;
      /** Paused trials at most; MOST_PAUSED where none is given. */
      readonly maxPaused?: number;
    }
  | { readonly type: "median"; readonly minIterations: number; readonly minTrials: number };

/** What a study may spend, over all of its runs; no trial is begun after the first of these is spent. */
export interface Budget {
  /** Of all runs, from their beginning to their end. */
  readonly minutes?: number;
  /** Optimizer steps of all trials. */
  readonly steps?: number;
  /** Tokens of the texts that all trials trained on, as tokensAfter() counts them. */
  readonly tokens?: number;
}

/** Where an exported configuration came from, and what it reached there. */
export interface ExportedFrom {
  readonly study: string;
  readonly trial: number;
  readonly metric: MetricName;
  /** The metric's value at `step`, as the trial measured it. */
  readonly value: number;
  readonly step: number;
  /** Which of the configuration's seeds the trial ran with; the first where it is not given. */
  readonly replicate?: number;
}

/** What is run again after the search: so many leaders, and the best at ratio 1, until each has so many seeds. */
export interface Final {
  readonly top: number;
  readonly seeds: number;
}

/** What a trial of another study says of a point of this one's space. */
export interface PriorTrial {
  readonly parameters: Parameters;
  readonly replicate: number;
  /** The metric's value in its own study; null where it diverged. */
  readonly value: number | null;
}

/** The study that a Bayesian search begins from. */
export interface WarmStart {
  readonly study: string;
  /** The results folder that holds it, where it is another one: an absolute path. */
  readonly results?: string;
  /** As they were when the search began; empty in a sweep that was not run yet. */
  readonly trials: readonly PriorTrial[];
}

/** A sweep file, read and checked. */
export interface Sweep {
  readonly name: string;
  /** The sweep file itself. */
  readonly file: string;
  readonly seed: number;
  readonly settings: Settings;
  readonly method: Method;
  readonly metric: Metric;
  readonly space: Space;
  /** At most this many trials; every method but grid has it, or a budget. */
  readonly runCap?: number;
  readonly earlyTerminate?: EarlyTerminate;
  readonly budget?: Budget;
  /** What every trial's parameters must meet, as constraints.ts reads it. */
  readonly constraints?: readonly string[];
  /** Points of the space that are the first trials. */
  readonly enqueued?: readonly Parameters[];
  /** Seeds that the search runs every configuration with, where they are more than one. */
  readonly replicates?: number;
  readonly final?: Final;
  readonly warmStart?: WarmStart;
  /** Only in files that `dualrate export` wrote. */
  readonly exportedFrom?: ExportedFrom;
}
