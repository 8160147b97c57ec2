// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020) in its stopping
// form, and W&B's form of Hyperband (Li et al., 2018): at each rung, the best 1/eta of the trials that came so far go on.
import { type Course, costAt, shown } from "./course.js";
import type { Pruner, Standing } from "./sampler.js";

export interface Halving {
  /** Ascending shares of a trial's steps. */
  readonly rungs: readonly number[];
  /** Shares at which a trial is judged, by the last rung that it has passed. */
  readonly judgedAt: readonly number[];
  /** How many of so many trials at a rung go on. */
  readonly keeps: (reached: number) => number;
}

/**
 * A trial goes on where its best value up to the rung is among the best of all that have reached the rung, itself included.
 * The first ones to come go on; whether a trial is judged once more, as others come, is a matter of `judgedAt`.
 */
export function createHalvingPruner(course: Course, { rungs, judgedAt, keeps }: Halving): Pruner {
  return {
    rungs: judgedAt,
    judge(own, others) {
      const passed = rungs.findLastIndex((share) => costAt(course, own, share) !== undefined);
      const rung = rungs[passed] ?? 0;
      const cost = costAt(course, own, rung);
      if (passed < 0 || cost === undefined) return { action: "continue" };
      const costs = others.flatMap((other) => costAt(course, other, rung) ?? []);
      const rank = 1 + costs.filter((other) => other < cost).length;
      const reached = costs.length + 1;
      const keep = keeps(reached);
      const place = `is rank ${rank} of ${reached}, keeps ${keep}`;
      const reason = `rung ${passed + 1} of ${rungs.length}: ${shown(course, cost)} ${place}`;
      if (rank > keep) return { action: "stop", reason };
      return { action: "continue", ...(arrives(course, own, rung) && { reason }) };
    },
  };
}

/** Whether the latest measurement is the one that reached the rung. */
function arrives(course: Course, { trial, measurements }: Standing, rung: number): boolean {
  return costAt(course, { trial, measurements: measurements.slice(0, -1) }, rung) === undefined;
}
