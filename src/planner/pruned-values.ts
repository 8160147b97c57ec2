// What trials that were stopped early would have come to, for a search that learns from values.
import { bestCost, type Course, costAt, shareOf } from "./course.js";
import { median } from "./median.js";
import type { Standing } from "./sampler.js";

/**
 * By number: the pruned or paused trial's best value, bettered by the median improvement of the complete trials from that share of
 * their steps to their end. A pruned trial so counts neither as the worst nor as if it had had its time. Empty before
 * any trial is complete.
 */
export function prunedValues(course: Course, standings: readonly Standing[]): ReadonlyMap<number, number> {
  const complete = standings.filter(({ trial }) => trial.state === "complete");
  const sign = course.metric.goal === "minimize" ? 1 : -1;
  const improvements = new Map<number, number | undefined>();
  // Trials are stopped at few different shares.
  const improvementFrom = (share: number) => {
    if (!improvements.has(share)) improvements.set(share, medianImprovement(course, complete, share));
    return improvements.get(share);
  };
  return new Map(
    standings.flatMap((standing): (readonly [number, number])[] => {
      const { trial, measurements } = standing;
      const cost = trial.state === "pruned" || trial.state === "paused" ? bestCost(course, measurements) : undefined;
      const improvement = cost === undefined ? undefined : improvementFrom(shareOf(course, standing));
      if (cost === undefined || improvement === undefined) return [];
      return [[trial.number, sign * (cost - improvement)]];
    }),
  );
}

function medianImprovement(course: Course, complete: readonly Standing[], share: number): number | undefined {
  const improvements = complete.flatMap((standing) => {
    const [then, last] = [costAt(course, standing, share), bestCost(course, standing.measurements)];
    return then === undefined || last === undefined ? [] : [then - last];
  });
  return improvements.length === 0 ? undefined : median(improvements);
}
