// A trial's parameters and the sweep's settings, resolved into the numbers that the trainer uses. No tensors here.

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

export interface TrainConfig {
  readonly groups: Readonly<Record<GroupName, GroupConfig>>;
  readonly adam: AdamSettings;
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
