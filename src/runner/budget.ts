// What a study has spent of its budget, over all of its runs: from what is stored, so that a resumed study counts on.
import type { StudyEvent } from "../store/records.js";
import type { Budget } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";

/** A trial and the step of its last measurement, 0 before the first. */
export interface Taken {
  readonly trial: Trial;
  readonly step: number;
}

/**
 * Which budget is spent, as a sentence; undefined while there is some left of each. Trials that run count with all the steps
 * that they plan. `time`: milliseconds of all runs.
 */
export function spentBudget(
  { minutes = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY }: Budget,
  trials: readonly Taken[],
  stepsOf: (parameters: Parameters) => number,
  time: number,
): string | undefined {
  const spentMinutes = time / 60_000;
  if (spentMinutes >= minutes) return `the budget of ${minutes} minutes is spent (${spentMinutes.toFixed(1)})`;
  const spentSteps = trials.reduce((sum, taken) => sum + stepsTaken(taken, stepsOf), 0);
  return spentSteps >= steps ? `the budget of ${steps} steps is spent (${spentSteps})` : undefined;
}

function stepsTaken({ trial, step }: Taken, stepsOf: (parameters: Parameters) => number): number {
  return trial.state === "running" ? stepsOf(trial.parameters) : step;
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
    ...events.map(({ at }) => at),
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
