// A trial: one configuration, trained once. Its states are a tagged union, so a trial in a wrong state cannot be built.
import { deriveKey } from "../random.js";
import type { Goal, MetricName } from "./settings.js";
import type { Parameters } from "./space.js";

/** The learning rates that a trial's parameters come to, at the schedule's peak. */
export interface Rates {
  readonly base_lr: number;
  readonly lr_ratio: number;
  readonly intro_lr: number;
}

/** What one evaluation found. Null where there was nothing to average, e.g. no base token was asked for. */
export type MetricValues = Readonly<Record<MetricName, number | null>>;

/** Health of one parameter group at a step. */
export interface GroupReport {
  /** The rate that the step used. */
  readonly lr: number;
  /** L2 norm of the group's gradient before clipping. */
  readonly gradNorm: number;
  /** L2 norm of the step's change over L2 norm of the weights; about 1e-3 is usual, 1 is a rewrite. */
  readonly updateRatio: number;
}

/** One scheduled evaluation. */
export interface Measurement {
  /** Optimizer steps done, from 1. */
  readonly step: number;
  /** Mean training loss per target since the last measurement. */
  readonly trainLoss: number;
  readonly validation: MetricValues;
  readonly groups: Readonly<Record<string, GroupReport>>;
  /** Seconds of training and evaluation since the trial began. */
  readonly seconds: number;
}

/** As much of a measurement as the planner looks at. */
export interface Evaluation {
  readonly step: number;
  /** The study's metric, at least. */
  readonly validation: Readonly<Partial<Record<MetricName, number | null>>>;
}

/** How far a trial has come, without all of its measurements. */
export interface TrialProgress {
  /** Of its last measurement. */
  readonly step: number;
  readonly seconds: number;
  /** The metric's best value so far; null where it has none, and of a trial that is complete or failed. */
  readonly best: number | null;
}

export type FailureKind = "diverged" | "error" | "crashed" | "timeout" | "interrupted";

export interface FailureReason {
  readonly kind: FailureKind;
  readonly message: string;
  /** The step at which it happened, where one had begun. */
  readonly step?: number;
}

export interface TrialCommon {
  /** From 1, in the order of planning. */
  readonly number: number;
  /** From 0; replicates of one configuration differ by seed alone. */
  readonly replicate: number;
  readonly seed: number;
  /** The searched parameters. */
  readonly parameters: Parameters;
  readonly rates: Rates;
}

/** Where a trial was paused, and why. */
export interface Pause {
  readonly step: number;
  readonly reason: string;
  /** The file that it goes on from. */
  readonly checkpoint: string;
}

/** Timestamps are milliseconds since the epoch. */
export type TrialState =
  | { readonly state: "queued" }
  /** `resumed`: from that pause; what was measured before it stays as it is. */
  | { readonly state: "running"; readonly startedAt: number; readonly resumed?: Pause }
  | ({ readonly state: "paused"; readonly startedAt: number } & Pause)
  | {
      readonly state: "complete";
      readonly startedAt: number;
      readonly endedAt: number;
      /** The metric's best scheduled value, and the step of that evaluation. */
      readonly value: number;
      readonly bestStep: number;
    }
  | {
      readonly state: "pruned";
      readonly startedAt: number;
      readonly endedAt: number;
      readonly step: number;
      readonly reason: string;
    }
  | { readonly state: "failed"; readonly startedAt: number; readonly endedAt: number; readonly failure: FailureReason };

export type Trial = TrialCommon & TrialState;
export type CompleteTrial = Extract<Trial, { state: "complete" }>;

/** How a trial ended. */
export type TrialEnd =
  | { readonly state: "complete"; readonly value: number; readonly bestStep: number }
  | { readonly state: "pruned"; readonly step: number; readonly reason: string }
  | { readonly state: "failed"; readonly failure: FailureReason };

/** How a trial left its worker: at its end, or for a while. */
export type TrialOutcome = TrialEnd | { readonly state: "paused"; readonly step: number; readonly reason: string };

/** A pruner's answer to a measurement. A trial that goes on has a reason where it was held against others. */
export type Verdict =
  | { readonly action: "continue"; readonly reason?: string }
  | { readonly action: "stop"; readonly reason: string }
  | { readonly action: "pause"; readonly reason: string };

/** A trial's seed: the same for all configurations, so that their differences are the configurations' own. */
export function trialSeed(studySeed: number, replicate: number): number {
  return deriveKey(studySeed, "replicate", replicate);
}

/** Divergence is what a configuration does, and would do again; anything else may go better another time. */
export function mayGoBetter({ kind }: FailureReason): boolean {
  return kind !== "diverged";
}

/** Whether its configuration drives the loss out of bounds. */
export function hasDiverged(trial: Trial): boolean {
  return trial.state === "failed" && trial.failure.kind === "diverged";
}

/** Complete trials, best value first; of equal values, the lower number first. */
export function rankTrials(trials: readonly Trial[], goal: Goal): readonly CompleteTrial[] {
  const sign = goal === "minimize" ? 1 : -1;
  return trials
    .filter((trial) => trial.state === "complete")
    .sort((a, b) => sign * (a.value - b.value) || a.number - b.number);
}
