// What a study has spent of its budget, over all of its runs: a pure function of its trials, so that a resumed study counts on.
import type { Standing } from "../planner/sampler.js";
import type { Budget } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";

/**
 * Which budget is spent, as a sentence; undefined while there is some left of each. Trials that run count with all the steps
 * that they plan, and with their minutes up to `now` (milliseconds since the epoch).
 */
export function spentBudget(
  { minutes = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY }: Budget,
  standings: readonly Standing[],
  stepsOf: (parameters: Parameters) => number,
  now: number,
): string | undefined {
  const spentMinutes = busyTime(standings, now) / 60_000;
  if (spentMinutes >= minutes) return `the budget of ${minutes} minutes is spent (${spentMinutes.toFixed(1)})`;
  const spentSteps = standings.reduce((sum, standing) => sum + stepsTaken(standing, stepsOf), 0);
  return spentSteps >= steps ? `the budget of ${steps} steps is spent (${spentSteps})` : undefined;
}

function stepsTaken({ trial, measurements }: Standing, stepsOf: (parameters: Parameters) => number): number {
  return trial.state === "running" ? stepsOf(trial.parameters) : (measurements.at(-1)?.step ?? 0);
}

/** Milliseconds in which at least one trial ran: pauses between runs of the study do not count. */
function busyTime(standings: readonly Standing[], now: number): number {
  const spans = standings.flatMap(({ trial }): (readonly [number, number])[] =>
    "startedAt" in trial ? [[trial.startedAt, "endedAt" in trial ? trial.endedAt : now]] : [],
  );
  let [total, until] = [0, 0];
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return total;
}
