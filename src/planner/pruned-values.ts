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
  return new Map(
    standings.flatMap((standing): (readonly [number, number])[] => {
      const { trial, measurements } = standing;
      const cost = trial.state === "pruned" || trial.state === "paused" ? bestCost(course, measurements) : undefined;
      const improvements = cost === undefined ? [] : improvementsFrom(course, complete, shareOf(course, standing));
      if (cost === undefined || improvements.length === 0) return [];
      return [[trial.number, sign * (cost - median(improvements))]];
    }),
  );
}

function improvementsFrom(course: Course, complete: readonly Standing[], share: number): readonly number[] {
  return complete.flatMap((standing) => {
    const [then, last] = [costAt(course, standing, share), bestCost(course, standing.measurements)];
    return then === undefined || last === undefined ? [] : [then - last];
  });
}
