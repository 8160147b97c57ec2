// What a study has spent of its budget, over all of its runs: from what is stored, so that a resumed study counts on.
import type { Standing } from "../planner/sampler.js";
import type { StudyEvent } from "../store/records.js";
import type { Budget } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";

/**
 * Which budget is spent, as a sentence; undefined while there is some left of each. Trials that run count with all the steps
 * that they plan. `time`: milliseconds of all runs.
 */
export function spentBudget(
  { minutes = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY }: Budget,
  standings: readonly Standing[],
  stepsOf: (parameters: Parameters) => number,
  time: number,
): string | undefined {
  const spentMinutes = time / 60_000;
  if (spentMinutes >= minutes) return `the budget of ${minutes} minutes is spent (${spentMinutes.toFixed(1)})`;
  const spentSteps = standings.reduce((sum, standing) => sum + stepsTaken(standing, stepsOf), 0);
  return spentSteps >= steps ? `the budget of ${steps} steps is spent (${spentSteps})` : undefined;
}

function stepsTaken({ trial, measurements }: Standing, stepsOf: (parameters: Parameters) => number): number {
  return trial.state === "running" ? stepsOf(trial.parameters) : (measurements.at(-1)?.step ?? 0);
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
    // Others log what concerns the lease, at times when the study may not run.
    ...events.filter(({ kind }) => kind !== "lease").map(({ at }) => at),
    ...trials.flatMap((trial) => ("endedAt" in trial ? trial.endedAt : [])),
  ];
  return begins.reduce((total, begin, i) => {
    const next = begins[i + 1] ?? Number.POSITIVE_INFINITY;
    return total + Math.max(...signs.filter((at) => at >= begin && at < next)) - begin;
  }, 0);
}
