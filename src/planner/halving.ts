// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020), and W&B's form of
// Hyperband (Li et al., 2018): at each rung, the best 1/eta of the trials that came so far go on. The others are stopped for good
// by Hyperband; by successive halving they are paused, and go on as soon as more have come and they are among the best 1/eta.
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
      const passed = lastRung(course, rungs, own);
      if (passed < 0) return { action: "continue" };
      const { isKept, reason } = placeAt(course, rungs, passed, own, others, keeps);
      if (!isKept) return { action: "stop", reason };
      return { action: "continue", ...(arrives(course, own, rungs[passed] as number) && { reason }) };
    },
  };
}

export interface Pausing extends Omit<Halving, "judgedAt"> {
  /** Trials that may be paused at a time. */
  readonly maxPaused: number;
}

/** As createHalvingPruner, judged at rungs alone; a trial that does not go on is paused, and promoted when it may. */
export function createPausingPruner(course: Course, { rungs, keeps, maxPaused }: Pausing): Required<Pruner> {
  const stopping = createHalvingPruner(course, { rungs, judgedAt: rungs, keeps });
  return {
    rungs,
    judge(own, others) {
      const verdict = stopping.judge(own, others);
      return verdict.action === "stop" ? { ...verdict, action: "pause" } : verdict;
    },
    promote(standings) {
      const first = waiting(course, rungs, standings, keeps).find(({ isKept }) => isKept);
      return first && { number: first.number, reason: first.reason };
    },
    giveUp(standings, most = Number.POSITIVE_INFINITY) {
      const paused = waiting(course, rungs, standings, keeps);
      // A rank only gets worse, and no more trials come to a rung than are there, still under way, or not yet begun.
      const unborn = Math.max(0, most - standings.length);
      const comes = rungs.map((rung) => unborn + standings.filter((one) => reaches(course, one, rung)).length);
      const hopeless = paused.filter(({ passed, rank }) => rank > keeps(comes[passed] as number));
      const beyond = paused.filter((one) => !hopeless.includes(one)).slice(maxPaused);
      return [
        ...hopeless.map(({ number, passed, reason }) => {
          const [all, keep] = [comes[passed] as number, keeps(comes[passed] as number)];
          return { number, reason: `${reason}; of ${all} that may come to it, ${keep} go on` };
        }),
        ...beyond.map(({ number, reason }) => ({ number, reason: `${reason}; ${maxPaused} others wait before it` })),
      ];
    },
  };
}

interface Waiting extends Place {
  readonly number: number;
  /** The index of the rung. */
  readonly passed: number;
}

/** The paused trials in the order of their promotion: those furthest on their way first, and the best of a rung. */
function waiting(
  course: Course,
  rungs: readonly number[],
  standings: readonly Standing[],
  keeps: Halving["keeps"],
): readonly Waiting[] {
  const paused = standings.filter(({ trial }) => trial.state === "paused");
  if (paused.length === 0) return [];
  // All costs at a rung, ascending: to hold each paused trial against each other one would take minutes for ten thousand.
  const sorted = rungs.map((rung) =>
    Float64Array.from(standings.flatMap((one) => costAt(course, one, rung) ?? [])).sort(),
  );
  return paused
    .map((own) => ({ own, passed: lastRung(course, rungs, own) }))
    .filter(({ passed }) => passed >= 0)
    .map(({ own, passed }) => {
      const cost = costAt(course, own, rungs[passed] as number) as number;
      const costs = sorted[passed] as Float64Array;
      const at = place(course, rungs, passed, cost, below(costs, cost), costs.length, keeps);
      return { number: own.trial.number, passed, ...at };
    })
    .sort((a, b) => b.passed - a.passed || a.rank - b.rank || a.number - b.number);
}

/** Whether a trial has come to a rung, or still may: one that failed may be run again. */
function reaches(course: Course, one: Standing, rung: number): boolean {
  const { trial } = one;
  return !("endedAt" in trial) || trial.state === "failed" || costAt(course, one, rung) !== undefined;
}

/** The index of the last rung that a trial has reached with a value; -1 before the first. */
function lastRung(course: Course, rungs: readonly number[], own: Standing): number {
  return rungs.findLastIndex((share) => costAt(course, own, share) !== undefined);
}

interface Place {
  readonly rank: number;
  readonly isKept: boolean;
  readonly reason: string;
}

/** How a trial does among those that reached a rung that it has reached itself. */
function placeAt(
  course: Course,
  rungs: readonly number[],
  index: number,
  own: Standing,
  others: readonly Standing[],
  keeps: Halving["keeps"],
): Place {
  const rung = rungs[index] as number;
  const cost = costAt(course, own, rung) as number;
  const costs = others.flatMap((other) => costAt(course, other, rung) ?? []);
  const better = costs.filter((other) => other < cost).length;
  return place(course, rungs, index, cost, better, costs.length + 1, keeps);
}

/** The place of a cost at rung `index`, of `reached` with its own, `better` of which are lower. */
function place(
  course: Course,
  rungs: readonly number[],
  index: number,
  cost: number,
  better: number,
  reached: number,
  keeps: Halving["keeps"],
): Place {
  const rank = 1 + better;
  const keep = keeps(reached);
  const standing = `is rank ${rank} of ${reached}, keeps ${keep}`;
  const reason = `rung ${index + 1} of ${rungs.length}: ${shown(course, cost)} ${standing}`;
  return { rank, isKept: rank <= keep, reason };
}

/** How many of the ascending numbers are lower. */
function below(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the latest measurement is the one that reached the rung. */
function arrives(course: Course, { trial, measurements }: Standing, rung: number): boolean {
  return costAt(course, { trial, measurements: measurements.slice(0, -1) }, rung) === undefined;
}
