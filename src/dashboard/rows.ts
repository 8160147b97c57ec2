// The trials as rows of the ranking: what is ranked, what is live, what is only counted, and in which order.

import { rankConfigurations } from "../sweep/configuration.js";
import type { Goal } from "../sweep/settings.js";
import { rankTrials, type Trial, type TrialProgress } from "../sweep/trial.js";
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
export function rankedRows(snapshot: StudySnapshot): readonly Row[] {
  const { trials, progress } = snapshot;
  const known = ROWS.get(trials);
  if (known?.progress === progress) return known.rows;
  const rows = rowsOf(snapshot);
  ROWS.set(trials, { progress, rows });
  return rows;
}

/** A frame asks for the rows several times, and most looks at a study find the same trials. */
const ROWS = new WeakMap<
  StudySnapshot["trials"],
  { readonly progress: StudySnapshot["progress"]; readonly rows: readonly Row[] }
>();

function rowsOf({ overview, trials, progress }: StudySnapshot): readonly Row[] {
  const { metric } = overview.study.sweep;
  const rowOf = (trial: Trial) => knownRow(trial, progress.get(trial.number));
  const inState = (...states: readonly Trial["state"][]) =>
    byValue(trials.filter(({ state }) => states.includes(state)).map(rowOf), metric.goal);
  const live = inState("running", "paused");
  return [
    ...merge(rankedOf(trials, metric.goal).map(rowOf), live.filter(hasValue), metric.goal),
    ...live.filter((row) => !hasValue(row)),
    ...inState("pruned"),
    ...inState("failed"),
    ...inState("queued"),
  ];
}

const RANKED = new WeakMap<readonly Trial[], { readonly goal: Goal; readonly ranked: readonly Trial[] }>();

/** rankTrials' answer, which stays the same until a trial changes its state. */
function rankedOf(trials: readonly Trial[], goal: Goal): readonly Trial[] {
  const known = RANKED.get(trials);
  if (known?.goal === goal) return known.ranked;
  const ranked = rankTrials(trials, goal);
  RANKED.set(trials, { goal, ranked });
  return ranked;
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

/** Of most trials nothing has changed since the last frame. */
const ROW = new WeakMap<Trial, { readonly progress: TrialProgress | undefined; readonly row: Row }>();

function knownRow(trial: Trial, progress: TrialProgress | undefined): Row {
  const known = ROW.get(trial);
  if (known && known.progress === progress) return known.row;
  const row = toRow(trial, progress);
  ROW.set(trial, { progress, row });
  return row;
}

function toRow(trial: Trial, progress: TrialProgress | undefined): Row {
  const live = trial.state === "running" || trial.state === "paused";
  const step = progress?.step;
  const value = progress?.best ?? undefined;
  switch (trial.state) {
    case "complete":
      return { trial, live, value: trial.value, step: step ?? trial.bestStep };
    case "failed":
      return { trial, live, value: undefined, step: trial.failure.step ?? step };
    case "pruned":
      return { trial, live, value, step: trial.step };
    default:
      return { trial, live, value, step };
  }
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
