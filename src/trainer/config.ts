// A trial's parameters and the sweep's settings, resolved into the numbers that the trainer uses. No tensors here.
import { DualrateError } from "../errors.js";
import { parameterValue, resolveRates, totalSteps } from "../sweep/parameters.js";
import type { RowUpdates, Settings, TrainerSettings } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";

export type GroupName = "base" | "head" | "introduced";
export type ScheduleType = "constant" | "linear" | "cosine";
export type RowInit = "mean" | "mean_resizing" | "random" | "subword_mean";
export type BiasInit = "mean" | "min" | "zero" | "subword_mean";

/** A learning-rate schedule over optimizer steps; see optim/schedule.ts for the formula. */
export interface Schedule {
  readonly type: ScheduleType;
  readonly totalSteps: number;
  readonly warmupSteps: number;
  /** Steps before the group starts to learn. */
  readonly delaySteps: number;
  /** Multiplier at the first warmup step; 0 is the usual ramp from nothing. */
  readonly startFactor: number;
}

export interface GroupConfig {
  /** Peak learning rate. */
  readonly lr: number;
  readonly weightDecay: number;
  readonly schedule: Schedule;
}

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export interface SgdSettings {
  readonly momentum: number;
}

export interface LionSettings {
  readonly beta1: number;
  readonly beta2: number;
}

/** An optimizer and its own settings; see optim/ for the formulas. */
export type OptimizerConfig =
  | ({ readonly name: "adamw" | "adam" } & AdamSettings)
  | ({ readonly name: "sgd" } & SgdSettings)
  | ({ readonly name: "lion" } & LionSettings);

export interface TrainConfig {
  readonly groups: Readonly<Record<GroupName, GroupConfig>>;
  readonly optimizer: OptimizerConfig;
  readonly rowUpdates: RowUpdates;
  /** Global-norm clipping over all groups; 0 is off. */
  readonly maxGradNorm: number;
  readonly batchSize: number;
  readonly totalSteps: number;
  readonly evalSteps: number;
  readonly init: RowInit;
  readonly biasInit: BiasInit;
  readonly dropout: boolean;
  /** Seeds head initialisation, data order, masks and dropout. */
  readonly seed: number;
}

/** What a configuration needs to know beside settings and parameters. */
export interface TrialFacts {
  /** The trial's seed; see `trialSeed`. */
  readonly seed: number;
  /** Examples in the training split, after max_train_samples. */
  readonly trainExamples: number;
}

/**
 * One trial's configuration: the sweep's fixed values, the trial's parameters over them, defaults for the rest. Throws a
 * DualrateError where exactly two of the three rates are not given, or where evaluation would come after the last step.
 */
export function resolveConfig(settings: Settings, parameters: Parameters, facts: TrialFacts): TrainConfig {
  const all = { ...settings.fixed, ...parameters };
  const steps = totalSteps(settings, parameters, facts.trainExamples);
  return {
    groups: groupsOf(all, steps),
    optimizer: optimizerOf(all),
    rowUpdates: settings.trainer.rowUpdates ?? "dense",
    maxGradNorm: parameterValue(all, "max_grad_norm"),
    batchSize: parameterValue(all, "batch_size"),
    totalSteps: steps,
    evalSteps: checkedEvalSteps(settings.trainer, steps),
    init: parameterValue(all, "init"),
    biasInit: parameterValue(all, "bias_init"),
    dropout: settings.trainer.dropout,
    seed: facts.seed,
  };
}

function checkedEvalSteps({ evalSteps }: TrainerSettings, totalSteps: number): number {
  if (evalSteps <= totalSteps) return evalSteps;
  throw new DualrateError(
    "sweep-file",
    `eval_steps must not exceed a trial's ${totalSteps} steps, or no evaluation is scheduled; got ${evalSteps}`,
    { hint: `Set eval_steps to ${totalSteps} or less, or train for more epochs.`, key: ["trainer", "eval_steps"] },
  );
}

/** Lion's adam_beta2 where none is given, as Chen et al. (2023) recommend. */
const LION_BETA2 = 0.99;

function optimizerOf(parameters: Parameters): OptimizerConfig {
  const name = parameterValue(parameters, "optim");
  if (name === "sgd") return { name, momentum: parameterValue(parameters, "momentum") };
  const beta1 = parameterValue(parameters, "adam_beta1");
  if (name === "lion")
    return { name, beta1, beta2: parameterValue({ adam_beta2: LION_BETA2, ...parameters }, "adam_beta2") };
  const beta2 = parameterValue(parameters, "adam_beta2");
  return { name, beta1, beta2, epsilon: parameterValue(parameters, "adam_epsilon") };
}

function groupsOf(parameters: Parameters, totalSteps: number): TrainConfig["groups"] {
  const rates = resolveRates(parameters);
  const weightDecay = parameterValue(parameters, "weight_decay");
  const schedule: Schedule = {
    type: parameterValue(parameters, "lr_scheduler_type"),
    totalSteps,
    warmupSteps: warmupStepsOf(parameterValue(parameters, "warmup_ratio"), totalSteps),
    delaySteps: 0,
    startFactor: 0,
  };
  return {
    base: { lr: rates.base_lr, weightDecay, schedule },
    head: { lr: rates.base_lr * parameterValue(parameters, "head_lr_ratio"), weightDecay, schedule },
    introduced: {
      lr: rates.intro_lr,
      weightDecay: parameterValue(parameters, "introduced_weight_decay"),
      schedule: introducedSchedule(parameters, totalSteps),
    },
  };
}

function introducedSchedule(parameters: Parameters, totalSteps: number): Schedule {
  return {
    type: parameterValue(parameters, "introduced_lr_scheduler_type"),
    totalSteps,
    warmupSteps: warmupStepsOf(parameterValue(parameters, "introduced_warmup_ratio"), totalSteps),
    delaySteps: Math.round(parameterValue(parameters, "introduced_delay_ratio") * totalSteps),
    startFactor: parameterValue(parameters, "introduced_start_factor"),
  };
}

/** Hugging Face's rounding (TrainingArguments.get_warmup_steps). */
function warmupStepsOf(ratio: number, totalSteps: number): number {
  return Math.ceil(totalSteps * ratio);
}
