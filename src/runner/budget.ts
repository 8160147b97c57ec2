// What a study has spent of its budget, over all of its runs: from what is stored, so that a resumed study counts on.
import { EXTENDED, type StudyEvent } from "../store/records.js";
import type { Budget } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";

/** A trial and the step of its last measurement, 0 before the first. */
export interface Taken {
  readonly trial: Trial;
  readonly step: number;
}

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
  trials: readonly Taken[],
  { stepsOf, tokensOf }: Costs,
  time: number,
): string | undefined {
  const taken = trials.map(({ trial: { state, parameters }, step }) => {
    return { parameters, done: state === "running" ? stepsOf(parameters) : step };
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
  // The last sign of each run: of those up to the next one's beginning.
  const ends = [...begins];
  for (const at of signs) {
    const run = begins.findLastIndex((begin) => begin <= at);
    if (run >= 0) ends[run] = Math.max(ends[run] as number, at);
  }
  return begins.reduce((total, begin, i) => total + (ends[i] as number) - begin, 0);
}
