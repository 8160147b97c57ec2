// The planner's two interfaces. Both are pure functions of what is stored, so a study resumes by loading its trials.

import type { Goal } from "../sweep/settings.js";
import type { Parameters, Space } from "../sweep/space.js";
import type { Evaluation, Trial, Verdict } from "../sweep/trial.js";

/** What is known when suggestion `number` is asked for. */
export interface History {
  /** Ended trials, in the order of their numbers. */
  readonly finished: readonly Trial[];
  /** Paused ones too. */
  readonly running: readonly Trial[];
  /** What pruned and paused trials would have come to, by number, as prunedValues() has it; others say nothing of their configuration. */
  readonly prunedValues?: ReadonlyMap<number, number>;
  readonly goal: Goal;
  readonly seed: number;
}

export interface Sampler {
  /** Suggestions in all, where that is bounded. */
  readonly size: number | undefined;
  /** The parameters of trial `number` (from 1), or undefined where the search is exhausted. */
  suggest(space: Space, history: History, number: number): Parameters | undefined;
}

/** A trial and what it has measured so far. */
export interface Standing {
  readonly trial: Trial;
  /** In the order of their steps. */
  readonly measurements: readonly Evaluation[];
}

/** A paused trial whose waiting ends, and why. */
export interface Promotion {
  readonly number: number;
  readonly reason: string;
}

export interface Pruner {
  /** Ascending fractions of a trial's steps at which it is judged; empty where no trial is ever stopped early. */
  readonly rungs: readonly number[];
  /** Whether a running trial goes on after its latest measurement. `others` are the study's other trials that have any. */
  judge(own: Standing, others: readonly Standing[]): Verdict;
  /** The paused trial to go on with next; of pruners that pause trials. */
  promote?(standings: readonly Standing[]): Promotion | undefined;
  /**
   * Paused trials that need not wait any longer, with the reason: those that cannot be promoted whatever comes, and those beyond
   * what the sweep keeps. `most`: trials that the study's search comes to at most, where that is known.
   */
  giveUp?(standings: readonly Standing[], most: number | undefined): readonly Promotion[];
}

/** Whether a configuration meets the sweep's constraints. */
export type Allowed = (parameters: Parameters) => boolean;

/** So many draws in a row that are not allowed end a search: the allowed share of the space is too small to find by chance. */
export const MOST_REDRAWN = 10_000;
