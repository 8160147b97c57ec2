// The trials as rows of the ranking: what is ranked, what is live, what is only counted, and in which order.

import { rankConfigurations } from "../sweep/configuration.js";
import type { Goal, Metric } from "../sweep/settings.js";
import { type Measurement, rankTrials, type Trial } from "../sweep/trial.js";
import type { StudySnapshot } from "./watch.js";

export interface Row {
  readonly trial: Trial;
  /** The trial's value; while it runs, and where it was pruned, its best so far. */
  readonly value: number | undefined;
  /** The value may still change. */
  readonly live: boolean;
  /** Steps done. */
  readonly step: number | undefined;
}

export const SORT_KEYS = ["value", "ratio", "base_lr", "number"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/**
 * All trials: complete ones best first, with running ones merged in by their best value so far, then those that have
 * no value yet, then pruned, failed and queued ones.
 */
export function rankedRows({ overview, trials, measurements }: StudySnapshot): readonly Row[] {
  const { metric } = overview.study.sweep;
  const rowOf = (trial: Trial) => toRow(trial, measurements.get(trial.number) ?? [], metric);
  const inState = (...states: readonly Trial["state"][]) =>
    byValue(trials.filter(({ state }) => states.includes(state)).map(rowOf), metric.goal);
  const live = inState("running", "paused");
  return [
    ...merge(rankTrials(trials, metric.goal).map(rowOf), live.filter(hasValue), metric.goal),
    ...live.filter((row) => !hasValue(row)),
    ...inState("pruned"),
    ...inState("failed"),
    ...inState("queued"),
  ];
}

/** Complete configurations, best first: each as the row of its first complete trial with the mean of its seeds. */
export function configurationRows({ overview, trials }: StudySnapshot): readonly Row[] {
  return rankConfigurations(trials, overview.study.sweep.metric.goal).map(({ trial, value }) => {
    return { trial, value, live: false, step: trial.bestStep };
  });
}

/** The same rows in another order, ascending but for `value`, which is the ranking. */
export function sortRows(rows: readonly Row[], key: SortKey): readonly Row[] {
  switch (key) {
    case "value":
      return rows;
    case "ratio":
      return rows.toSorted((a, b) => a.trial.rates.lr_ratio - b.trial.rates.lr_ratio);
    case "base_lr":
      return rows.toSorted((a, b) => a.trial.rates.base_lr - b.trial.rates.base_lr);
    case "number":
      return rows.toSorted((a, b) => a.trial.number - b.trial.number);
  }
}

function toRow(trial: Trial, measurements: readonly Measurement[], metric: Metric): Row {
  const live = trial.state === "running" || trial.state === "paused";
  const step = measurements.at(-1)?.step;
  switch (trial.state) {
    case "complete":
      return { trial, live, value: trial.value, step: step ?? trial.bestStep };
    case "failed":
      return { trial, live, value: undefined, step: trial.failure.step ?? step };
    case "pruned":
      return { trial, live, value: bestSoFar(measurements, metric), step: trial.step };
    default:
      return { trial, live, value: bestSoFar(measurements, metric), step };
  }
}

function bestSoFar(measurements: readonly Measurement[], { name, goal }: Metric): number | undefined {
  const values = measurements.map(({ validation }) => validation[name]).filter((value) => value !== null);
  if (values.length === 0) return undefined;
  return goal === "minimize" ? Math.min(...values) : Math.max(...values);
}

function hasValue({ value }: Row): boolean {
  return value !== undefined;
}

/** Negative where `a` is better; rows without a value come last. */
function compareValues(a: Row, b: Row, goal: Goal): number {
  const worst = goal === "minimize" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const [left, right] = [a.value ?? worst, b.value ?? worst];
  if (left === right) return 0;
  return goal === "minimize" ? left - right : right - left;
}

function byValue(rows: readonly Row[], goal: Goal): readonly Row[] {
  return rows.toSorted((a, b) => compareValues(a, b, goal));
}

/** Two ranked lists as one. At equal values `first`'s row comes first, so a live value never pushes down an equal result. */
function merge(first: readonly Row[], second: readonly Row[], goal: Goal): readonly Row[] {
  const merged: Row[] = [];
  let next = 0;
  for (const row of first) {
    while (next < second.length && compareValues(second[next] as Row, row, goal) < 0)
      merged.push(second[next++] as Row);
    merged.push(row);
  }
  return [...merged, ...second.slice(next)];
}
