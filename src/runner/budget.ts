// What a study has spent of its budget, over all of its runs: from what is stored, so that a resumed study counts on.
import type { Standing } from "../planner/sampler.js";
import { EXTENDED, type StudyEvent } from "../store/records.js";
import type { Budget } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";

/** What trials cost, by their parameters. */
export interface Costs {
  /** Optimizer steps that a trial plans. */
  stepsOf(parameters: Parameters): number;
  /** Tokens that so many steps train on. */
  tokensOf(parameters: Parameters, steps: number): number;
}

/**
 * Which budget is spent, as a sentence; undefined while there is some left of each. Trials that run count with all the steps
 * that they plan. `time`: milliseconds of all runs.
 */
export function spentBudget(
  { minutes, steps, tokens }: Budget,
  standings: readonly Standing[],
  { stepsOf, tokensOf }: Costs,
  time: number,
): string | undefined {
  const taken = standings.map(({ trial, measurements }) => {
    const done = trial.state === "running" ? stepsOf(trial.parameters) : (measurements.at(-1)?.step ?? 0);
    return { parameters: trial.parameters, done };
  });
  const sum = (cost: (one: (typeof taken)[number]) => number) => taken.reduce((total, one) => total + cost(one), 0);
  return (
    ending("minutes", minutes, time / 60_000) ??
    ending(
      "steps",
      steps,
      sum(({ done }) => done),
    ) ??
    ending(
      "tokens",
      tokens,
      sum(({ parameters, done }) => tokensOf(parameters, done)),
    )
  );
}

function ending(unit: keyof Budget, limit: number | undefined, spent: number): string | undefined {
  if (limit === undefined || spent < limit) return undefined;
  return `the budget of ${limit} ${unit} is spent (${unit === "minutes" ? spent.toFixed(1) : spent})`;
}

/** The events with which runs of a study begin. */
export const BEGINS = /^(started|resumed): /;

/**
 * Milliseconds that the study's runs took, from their beginning to the last that was stored of them: what a run that was killed
 * did after that is not known. `events` in their order.
 */
export function timeOfRuns(events: readonly StudyEvent[], trials: readonly Trial[]): number {
  const begins = events.filter(({ kind, message }) => kind === "study" && BEGINS.test(message)).map(({ at }) => at);
  const signs = [
    // Others log what concerns the lease, and people extend a study, at times when it may not run.
    ...events.filter(({ kind, message }) => kind !== "lease" && !message.startsWith(EXTENDED)).map(({ at }) => at),
    ...trials.flatMap((trial) => ("endedAt" in trial ? trial.endedAt : [])),
  ];
  return begins.reduce((total, begin, i) => {
    const next = begins[i + 1] ?? Number.POSITIVE_INFINITY;
    return total + Math.max(...signs.filter((at) => at >= begin && at < next)) - begin;
  }, 0);
}
