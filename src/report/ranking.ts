// A study's configurations and trials as rows, best first: what `rank` prints and what its JSON and CSV promise.

import { configurationsOf, type RankedConfiguration, ranked } from "../sweep/configuration.js";
import type { Goal } from "../sweep/settings.js";
import type { Parameters, Value } from "../sweep/space.js";
import { type FailureReason, mayGoBetter, rankTrials, type Trial } from "../sweep/trial.js";
import { csv } from "./table.js";

/** One trial for output; names as in JSON and CSV. */
export interface RankedRow {
  readonly number: number;
  readonly state: Trial["state"];
  /** The metric's best scheduled value; null unless the trial is complete. */
  readonly value: number | null;
  readonly best_step: number | null;
  /** Everything that the sweep file or the search gave, and all three rates: lr_ratio, base_lr, intro_lr. */
  readonly parameters: Parameters;
  readonly replicate: number;
  readonly seed: number;
  /** From start to end; null for a trial that has not ended. */
  readonly seconds: number | null;
  /** Why a failed or pruned trial ended. */
  readonly reason: string | null;
}

const UNRANKED: readonly Trial["state"][] = ["pruned", "failed", "running", "paused", "queued"];

/**
 * Complete trials best first, then all others by state and number, at most `limit` of them: rows of ten thousand take longer
 * than their order. `fixed` are the sweep's fixed parameters.
 */
export function rankedRows(
  trials: readonly Trial[],
  goal: Goal,
  fixed: Parameters,
  limit = Number.POSITIVE_INFINITY,
): readonly RankedRow[] {
  const others = UNRANKED.flatMap((state) =>
    trials.filter((trial) => trial.state === state).sort((a, b) => a.number - b.number),
  );
  return [...rankTrials(trials, goal), ...others].slice(0, limit).map((trial) => rankedRow(trial, fixed));
}

/** One configuration for output: the row of its first complete trial, or of its first one, but for what its seeds have in common. */
export interface ConfigurationRow extends RankedRow {
  /** The mean over the complete seeds. */
  readonly value: number | null;
  /** The mean's; null for fewer than two seeds. */
  readonly standard_error: number | null;
  /** Complete ones. */
  readonly seeds: number;
  /** The numbers of its trials in any state. */
  readonly trials: readonly number[];
}

/** A row of either kind. */
export type RankingRow = RankedRow & Partial<Pick<ConfigurationRow, "seeds" | "standard_error" | "trials">>;

/** Configurations with a complete trial as rankConfigurations ranks them, then all others by state and number; see rankedRows. */
export function configurationRows(
  trials: readonly Trial[],
  goal: Goal,
  fixed: Parameters,
  limit = Number.POSITIVE_INFINITY,
): readonly ConfigurationRow[] {
  const configurations = configurationsOf(trials);
  const rows = ranked(configurations, goal)
    .slice(0, limit)
    .map((configuration) => rankedConfigurationRow(configuration, fixed));
  if (rows.length === limit) return rows;
  const others = configurations.filter((one) => one.trials.every(({ state }) => state !== "complete"));
  const byNumber = new Map(others.map((one) => [one.number, one]));
  const unranked = rankedRows(
    others.map((one) => one.trials[0] as Trial),
    goal,
    fixed,
    limit - rows.length,
  ).map((row) => {
    const members = byNumber.get(row.number)?.trials ?? [];
    return { ...row, standard_error: null, seeds: 0, trials: members.map(({ number }) => number) };
  });
  return [...rows, ...unranked];
}

function rankedConfigurationRow(
  { trial, value, standardError, seeds, trials }: RankedConfiguration,
  fixed: Parameters,
): ConfigurationRow {
  return {
    number: trial.number,
    state: trial.state,
    value,
    best_step: trial.bestStep,
    parameters: allParameters(trial, fixed),
    replicate: trial.replicate,
    seed: trial.seed,
    seconds: (trial.endedAt - trial.startedAt) / 1000,
    reason: null,
    standard_error: standardError ?? null,
    seeds: seeds.length,
    trials: trials.map(({ number }) => number),
  };
}

function rankedRow(trial: Trial, fixed: Parameters): RankedRow {
  const complete = trial.state === "complete";
  return {
    number: trial.number,
    state: trial.state,
    value: complete ? trial.value : null,
    best_step: complete ? trial.bestStep : null,
    parameters: allParameters(trial, fixed),
    replicate: trial.replicate,
    seed: trial.seed,
    seconds: "endedAt" in trial ? (trial.endedAt - trial.startedAt) / 1000 : null,
    reason: reasonOf(trial),
  };
}

/** One line a row with all parameters and all digits. */
export function rankingCsv(rows: readonly RankingRow[]): string {
  const names = [...new Set(rows.flatMap(({ parameters }) => Object.keys(parameters)))];
  const folded = rows.some(({ seeds }) => seeds !== undefined);
  return csv(
    [
      ...["number", "state", "value", "best_step", ...names, "replicate", "seed", "seconds", "reason"],
      ...(folded ? ["seeds", "standard_error"] : []),
    ],
    rows.map((row) => [
      ...[row.number, row.state, row.value, row.best_step],
      ...names.map((name) => row.parameters[name] ?? null),
      ...[row.replicate, row.seed, row.seconds, row.reason],
      ...(folded ? [row.seeds ?? null, row.standard_error ?? null] : []),
    ]),
  );
}

/** The trial's rates first, then fixed and searched parameters. */
export function allParameters(trial: Pick<Trial, "parameters" | "rates">, fixed: Parameters): Parameters {
  const { lr_ratio, base_lr, intro_lr } = trial.rates;
  return { lr_ratio, base_lr, intro_lr, ...fixed, ...trial.parameters };
}

/** Why a trial ended before its time; null for any other. */
export function reasonOf(trial: Trial): string | null {
  if (trial.state === "pruned") return `stopped at step ${trial.step}: ${trial.reason}`;
  if (trial.state === "paused") return `paused at step ${trial.step}: ${trial.reason}`;
  if (trial.state !== "failed") return null;
  return reasonOfFailure(trial.failure);
}

/** Whether `run --retry-failed` runs the trial again. */
export function isRetriable(trial: Trial): boolean {
  return trial.state === "failed" && mayGoBetter(trial.failure);
}

/** Kind, step and message of a failure in one line. */
export function reasonOfFailure({ kind, message, step }: FailureReason): string {
  return `${kind}${step === undefined ? "" : ` at step ${step}`}: ${message}`;
}

/** Names of parameters, rates aside, that differ between trials, in the order of the first trial that has them. */
export function varyingParameters(trials: readonly Pick<Trial, "parameters">[]): readonly string[] {
  const values = new Map<string, Set<Value>>();
  for (const { parameters } of trials) {
    for (const name in parameters) {
      const known = values.get(name);
      if (known === undefined) values.set(name, new Set([parameters[name] as Value]));
      // Two values tell as much as ten thousand.
      else if (known.size < 2) known.add(parameters[name] as Value);
    }
  }
  return [...values].filter(([name, { size }]) => size > 1 && !RATES.has(name)).map(([name]) => name);
}

const RATES: ReadonlySet<string> = new Set(["lr_ratio", "base_lr", "intro_lr"]);
