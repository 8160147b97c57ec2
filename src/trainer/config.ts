// A trial's parameters and the sweep's settings, resolved into the numbers that the trainer uses. No tensors here.
import { DualrateError } from "../errors.js";
import { type ParameterValue, parameterValue, type ScheduleType } from "../sweep/parameters.js";
import { resolveRates, totalSteps } from "../sweep/resolve.js";
import type { RowUpdates, Settings, TrainerSettings } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";

/** base, head, introduced, or a token group's name. */
export type GroupName = string;

/** Something for each parameter group. */
export interface ByGroup<T> {
  readonly base: T;
  readonly head: T;
  readonly introduced: T;
  readonly [tokenGroup: string]: T;
}
export type RowInit = "mean" | "mean_resizing" | "random" | "subword_mean";
export type GradClipping = ParameterValue<"grad_clipping">;
export type BiasInit = "mean" | "min" | "zero" | "subword_mean";

/** How a learning rate rises or falls between two values. */
export type Curve = "linear" | "cosine" | "1-sqrt";

/** What a learning rate does after its warmup. `endFactor` is the multiplier at the end. */
export type Decay =
  | { readonly type: "constant" | "linear" | "cosine" | "inverse_sqrt" }
  | { readonly type: "cosine_with_restarts"; readonly numCycles: number }
  | { readonly type: "cosine_with_min_lr" | "one_cycle"; readonly endFactor: number }
  | { readonly type: "polynomial"; readonly power: number; readonly endFactor: number }
  | {
      readonly type: "warmup_stable_decay";
      readonly warmupType: Curve;
      readonly decayType: Curve;
      readonly decaySteps: number;
      readonly endFactor: number;
    };

/** A learning-rate schedule over optimizer steps; see optim/schedule.ts for the formula. */
export type Schedule = Decay & ScheduleSteps;

export interface ScheduleSteps {
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
  readonly groups: ByGroup<GroupConfig>;
  /** See optim/layout.ts; 1 is off. */
  readonly layerLrDecay: number;
  readonly optimizer: OptimizerConfig;
  readonly rowUpdates: RowUpdates;
  /** Steps at the start in which the base group is frozen. */
  readonly baseFrozenSteps: number;
  /** Clipping by the L2 norm; 0 is off. */
  readonly maxGradNorm: number;
  readonly gradClipping: GradClipping;
  readonly batchSize: number;
  /** Batches in one optimizer step. */
  readonly accumulationSteps: number;
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
 * DualrateError where exactly two of the three rates are not given, where evaluation would come after the last step, or
 * where a polynomial schedule's lr_end is not below the group's rate.
 */
export function resolveConfig(settings: Settings, parameters: Parameters, facts: TrialFacts): TrainConfig {
  const all = { ...settings.fixed, ...parameters };
  const steps = totalSteps(settings, parameters, facts.trainExamples);
  return {
    groups: groupsOf(all, steps, Object.keys(settings.tokenGroups ?? {})),
    layerLrDecay: parameterValue(all, "layer_lr_decay"),
    optimizer: optimizerOf(all),
    rowUpdates: settings.trainer.rowUpdates ?? "dense",
    baseFrozenSteps: Math.round(parameterValue(all, "base_freeze_ratio") * steps),
    maxGradNorm: parameterValue(all, "max_grad_norm"),
    gradClipping: parameterValue(all, "grad_clipping"),
    batchSize: parameterValue(all, "batch_size"),
    accumulationSteps: parameterValue(all, "gradient_accumulation_steps"),
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

function groupsOf(parameters: Parameters, totalSteps: number, tokenGroups: readonly string[]): TrainConfig["groups"] {
  const { base_lr, intro_lr } = resolveRates(parameters);
  const own = (name: string, lr: number): GroupConfig => {
    const ramp = {
      type: parameterValue(parameters, `${name}_lr_scheduler_type`),
      warmupRatio: parameterValue(parameters, `${name}_warmup_ratio`),
      delayRatio: parameterValue(parameters, `${name}_delay_ratio`),
      startFactor: parameters[`${name}_start_factor`] as number | undefined,
    };
    const weightDecay = parameterValue(parameters, `${name}_weight_decay`);
    return { lr, weightDecay, schedule: scheduleOf(parameters, lr, ramp, totalSteps) };
  };
  const byRatio = (name: string) => own(name, base_lr * parameterValue(parameters, `${name}_lr_ratio`));
  const baseRamp = {
    type: parameterValue(parameters, "lr_scheduler_type"),
    warmupRatio: parameterValue(parameters, "warmup_ratio"),
    delayRatio: 0,
  };
  return {
    base: {
      lr: base_lr,
      weightDecay: parameterValue(parameters, "weight_decay"),
      schedule: scheduleOf(parameters, base_lr, baseRamp, totalSteps),
    },
    head: byRatio("head"),
    introduced: own("introduced", intro_lr),
    ...Object.fromEntries(tokenGroups.map((name) => [name, byRatio(name)])),
  };
}

/** What a group's parameters say of its schedule. */
interface Ramp {
  readonly type: ScheduleType;
  readonly warmupRatio: number;
  readonly delayRatio: number;
  /** Not given: where the schedule's own warmup starts. */
  readonly startFactor?: number | undefined;
}

/** The schedule of a group whose peak learning rate is `lr`. Throws a DualrateError where lr_end is not below it. */
function scheduleOf(parameters: Parameters, lr: number, ramp: Ramp, totalSteps: number): Schedule {
  // Hugging Face's rounding (TrainingArguments.get_warmup_steps).
  const warmupSteps = Math.ceil(totalSteps * ramp.warmupRatio);
  const delaySteps = Math.round(totalSteps * ramp.delayRatio);
  const decay = decayOf(parameters, ramp.type, lr, { totalSteps, left: totalSteps - delaySteps - warmupSteps });
  return { ...decay, totalSteps, warmupSteps, delaySteps, startFactor: ramp.startFactor ?? startOf(decay) };
}

/** PyTorch's defaults of OneCycleLR: div_factor, from the start to the peak, and final_div_factor, from the end to the start. */
const DIV_FACTOR = 25;
const FINAL_DIV_FACTOR = 1e4;

/** Where a schedule's warmup starts, as a factor of the peak. */
function startOf(decay: Decay): number {
  if (decay.type === "one_cycle") return 1 / DIV_FACTOR;
  return decay.type === "warmup_stable_decay" ? decay.endFactor : 0;
}

/** A trial's steps, and those of them that a group has left after its delay and warmup. */
interface StepsLeft {
  readonly totalSteps: number;
  readonly left: number;
}

function decayOf(parameters: Parameters, type: ScheduleType, lr: number, steps: StepsLeft): Decay {
  switch (type) {
    case "cosine_with_restarts":
      return { type, numCycles: parameterValue(parameters, "num_cycles") };
    case "cosine_with_min_lr":
      return { type, endFactor: parameterValue(parameters, "min_lr_ratio") };
    case "polynomial":
      return { type, power: parameterValue(parameters, "power"), endFactor: polynomialEnd(parameters, lr) };
    case "warmup_stable_decay":
      return stableDecayOf(parameters, steps);
    case "one_cycle":
      return { type, endFactor: 1 / DIV_FACTOR / FINAL_DIV_FACTOR };
    default:
      return { type };
  }
}

function stableDecayOf(parameters: Parameters, { totalSteps, left }: StepsLeft): Decay {
  const decaySteps = Math.ceil(totalSteps * parameterValue(parameters, "decay_ratio"));
  return {
    type: "warmup_stable_decay",
    warmupType: parameterValue(parameters, "warmup_type"),
    decayType: parameterValue(parameters, "decay_type"),
    // Shares that sum to 1 may be a step too long, both rounded up.
    decaySteps: Math.max(0, Math.min(decaySteps, left)),
    endFactor: parameterValue(parameters, "min_lr_ratio"),
  };
}

/**
 * lr_end as a factor of the group's own rate. Hugging Face divides by the optimizer's default rate for every group, by
 * which the groups of other rates would end at other rates than lr_end.
 */
function polynomialEnd(parameters: Parameters, lr: number): number {
  const end = parameterValue(parameters, "lr_end");
  if (lr === 0) return 0;
  if (end < lr) return end / lr;
  throw new DualrateError("sweep-file", `lr_end must be less than every group's learning rate (${lr}); got ${end}`, {
    hint: "Lower lr_end, or raise the learning rate.",
  });
}
