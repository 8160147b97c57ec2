// The question that a study answers: how does each learning-rate ratio do, and how does it do against ratio 1?

import { type RankedConfiguration, rankConfigurations } from "../sweep/configuration.js";
import type { Goal } from "../sweep/settings.js";
import { type Space, valuesOf } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";

/** All trials of one ratio, or of one range of ratios. */
export interface RatioRow {
  /** Of a range, its geometric middle. */
  readonly ratio: number;
  /** Ratios from `from` to below `to`; undefined for a single ratio. */
  readonly range: RatioRange | undefined;
  /** In any state. */
  readonly trials: number;
  readonly complete: number;
  readonly pruned: number;
  readonly diverged: number;
  /** Failed for any reason but divergence. */
  readonly broken: number;
  readonly best: RankedConfiguration | undefined;
  /** Mean value of the configurations. */
  readonly mean: number | undefined;
  /** Best value less the best value at ratio 1, or in the range around it. */
  readonly againstOne: number | undefined;
}

export interface RatioRange {
  readonly from: number;
  readonly to: number;
}

export interface RatioComparison {
  readonly goal: Goal;
  /** By ascending ratio. */
  readonly rows: readonly RatioRow[];
  /** The row of the best configuration. */
  readonly best: RatioRow | undefined;
  /** The row of ratio 1, or of the range around it, where it was tried. */
  readonly one: RatioRow | undefined;
  /** Where the best ratio is the lowest or highest of several tried, so that a better one may lie beyond. */
  readonly edge: "lowest" | "highest" | undefined;
  /** Values of base_lr, ascending. */
  readonly baseRates: readonly number[];
  /** Seeds that configurations were run with. */
  readonly seeds: number;
}

/** How trials are grouped: by equal ratios, or by half decades around 0.1, 0.316, 1, 3.16, 10 and so on. */
export type RatioGrouping = "equal" | "half-decades";

/** Drawn ratios are all different, so that equal ones would make groups of one trial. */
export function groupingOf(space: Space): RatioGrouping {
  const isRange = (name: string) =>
    space.some((parameter) => parameter.name === name && valuesOf(parameter.distribution) === undefined);
  const named = space.some(({ name }) => name === "lr_ratio");
  const drawn = named ? isRange("lr_ratio") : isRange("intro_lr") || isRange("base_lr");
  return drawn ? "half-decades" : "equal";
}

/** Groups trials by lr_ratio and compares the groups. */
export function compareRatios(
  trials: readonly Trial[],
  goal: Goal,
  grouping: RatioGrouping = "equal",
): RatioComparison {
  const middle = grouping === "equal" ? sameFloat : halfDecade;
  const groups = byRatio(trials, middle);
  const oneBest = rankConfigurations(groups.get(1) ?? [], goal)[0];
  const rows = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([ratio, members]) => ({
      ...ratioRow(ratio, members, rankConfigurations(members, goal), oneBest?.value),
      range: grouping === "equal" ? undefined : { from: ratio * 10 ** -0.25, to: ratio * 10 ** 0.25 },
    }));
  const winner = rankConfigurations(trials, goal)[0];
  const best = rows.find((row) => winner !== undefined && row.best?.number === winner.number);
  return {
    goal,
    rows,
    best,
    one: rows.find((row) => row.ratio === 1),
    edge: edgeOf(rows, best),
    baseRates: [...new Set(trials.map((trial) => sameFloat(trial.rates.base_lr)))].sort((a, b) => a - b),
    seeds: new Set(trials.map((trial) => trial.replicate)).size,
  };
}

/** `one`'s best of compareRatios, alone. */
export function bestAtOne(
  trials: readonly Trial[],
  goal: Goal,
  grouping: RatioGrouping = "equal",
): RankedConfiguration | undefined {
  const middle = grouping === "equal" ? sameFloat : halfDecade;
  const atOne = trials.filter(({ rates }) => middle(rates.lr_ratio) === 1);
  return rankConfigurations(atOne, goal)[0];
}

function byRatio(trials: readonly Trial[], middle: (ratio: number) => number): ReadonlyMap<number, readonly Trial[]> {
  const groups = new Map<number, Trial[]>();
  for (const trial of trials) {
    const ratio = middle(trial.rates.lr_ratio);
    const members = groups.get(ratio);
    if (members) members.push(trial);
    else groups.set(ratio, [trial]);
  }
  return groups;
}

/** The power of the square root of 10 that is nearest on a logarithmic scale, so that 1 is a middle. */
function halfDecade(ratio: number): number {
  return sameFloat(10 ** (Math.round(2 * Math.log10(ratio)) / 2));
}

/** Twelve digits: rates that were multiplied or divided may differ in their last bits. */
function sameFloat(value: number): number {
  return Number(value.toPrecision(12));
}

function ratioRow(
  ratio: number,
  trials: readonly Trial[],
  ranked: readonly RankedConfiguration[],
  oneValue: number | undefined,
): Omit<RatioRow, "range"> {
  const failures = trials.flatMap((trial) => (trial.state === "failed" ? [trial.failure.kind] : []));
  const diverged = failures.filter((kind) => kind === "diverged").length;
  const best = ranked[0];
  return {
    ratio,
    trials: trials.length,
    complete: trials.filter(({ state }) => state === "complete").length,
    pruned: trials.filter((trial) => trial.state === "pruned").length,
    diverged,
    broken: failures.length - diverged,
    best,
    mean: best && ranked.reduce((sum, { value }) => sum + value, 0) / ranked.length,
    againstOne: best && oneValue !== undefined ? best.value - oneValue : undefined,
  };
}

function edgeOf(rows: readonly RatioRow[], best: RatioRow | undefined): RatioComparison["edge"] {
  if (best === undefined || rows.length < 2) return undefined;
  if (best === rows[0]) return "lowest";
  return best === rows.at(-1) ? "highest" : undefined;
}
