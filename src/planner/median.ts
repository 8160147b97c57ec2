// The median rule (Golovin et al., "Google Vizier", 2017; Optuna's MedianPruner): a trial ends where its best value so far is
// worse than the median of the complete trials' best values at the same share of their steps.
import { bestCost, type Course, costAt, shareOf, shown } from "./course.js";
import type { Pruner } from "./sampler.js";

/** Nothing is judged before `minTrials` trials are complete. */
export function createMedianPruner(course: Course, rungs: readonly number[], minTrials: number): Pruner {
  return {
    rungs,
    judge(own, others) {
      const cost = bestCost(course, own.measurements);
      const share = shareOf(course, own);
      const complete = others.filter(({ trial }) => trial.state === "complete");
      const costs = complete.flatMap((other) => costAt(course, other, share) ?? []);
      if (cost === undefined || costs.length < minTrials) return { action: "continue" };
      const middle = median(costs);
      if (cost <= middle) return { action: "continue" };
      const place = `the median of ${costs.length} complete trials there`;
      return { action: "stop", reason: `${shown(course, cost)} is worse than ${shown(course, middle)}, ${place}` };
    },
  };
}

/** Of at least one value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(values.length - 1) >> 1] as number) + (sorted[values.length >> 1] as number)) / 2;
}
