// Builds the sampler and the pruner that a sweep names.
import { DualrateError } from "../errors.js";
import { createAllowed } from "../sweep/constraints.js";
import type { EarlyTerminate, Method, Sweep } from "../sweep/settings.js";
import { createBayesSampler } from "./bayes.js";
import { courseOf, evaluationsOf, expectRungs, rungsOf, sharesOf } from "./course.js";
import { enqueueFirst } from "./enqueued.js";
import { createGridSampler } from "./grid.js";
import { createHalvingPruner, createPausingPruner } from "./halving.js";
import { createMedianPruner } from "./median.js";
import { createRandomSampler } from "./random.js";
import type { Allowed, Pruner, Sampler, Standing } from "./sampler.js";
import { createSobolSampler } from "./sobol.js";

/** Paused trials that keep their checkpoints, of each of which a disk takes three times the model. */
export const MOST_PAUSED = 50;

export function createSampler(sweep: Sweep): Sampler {
  const { method, space, runCap: trials, constraints = [], enqueued = [], settings } = sweep;
  const allowed = createAllowed(constraints, settings.fixed);
  const most = trials ?? (sweep.budget && Number.POSITIVE_INFINITY);
  if (method === "grid") return createGridSampler(space, trials, constraints.length > 0 ? allowed : undefined);
  if (most === undefined) throw new DualrateError("internal", `method ${method} has no end without a run_cap`);
  const search = createSearch(sweep, method, Math.max(0, most - enqueued.length), allowed);
  return enqueueFirst(enqueued, search.size === Number.POSITIVE_INFINITY ? { ...search, size: undefined } : search);
}

function createSearch(
  { space, warmStart }: Sweep,
  method: Exclude<Method, "grid">,
  runCap: number,
  allowed: Allowed,
): Sampler {
  switch (method) {
    case "random":
      return createRandomSampler(runCap, allowed);
    case "sobol":
      return createSobolSampler(runCap, allowed);
    case "bayes":
      return createBayesSampler(space, runCap, allowed, warmStart?.trials);
  }
}

/**
 * The pruner that a sweep's early_terminate names, or one that lets every trial run to its end. `trainExamples` after
 * max_train_samples; a DualrateError where no rung lies within a trial.
 */
export function createPruner(sweep: Sweep, trainExamples: number): Pruner {
  const { earlyTerminate } = sweep;
  if (earlyTerminate === undefined) return { rungs: [], judge: () => ({ action: "continue" }) };
  const pruner = createEarlyTermination(sweep, earlyTerminate, trainExamples);
  return {
    ...pruner,
    // Replicates are there to say how certain a value is, and need all of it.
    judge(own, others) {
      return own.trial.replicate > 0 ? { action: "continue" } : pruner.judge(own, firstReplicates(others));
    },
    ...(pruner.promote && { promote: (standings) => pruner.promote?.(firstReplicates(standings)) }),
    ...(pruner.giveUp && { giveUp: (standings, most) => pruner.giveUp?.(firstReplicates(standings), most) ?? [] }),
  };
}

function firstReplicates(standings: readonly Standing[]): readonly Standing[] {
  return standings.filter(({ trial }) => trial.replicate === 0);
}

function createEarlyTermination(sweep: Sweep, early: EarlyTerminate, trainExamples: number): Pruner {
  const course = courseOf(sweep, trainExamples);
  const evaluations = evaluationsOf(sweep, trainExamples);
  const from = (first: number) => Array.from({ length: Math.max(0, evaluations - first) }, (_, i) => first + i);
  const shares = (of: readonly number[]) => sharesOf(sweep, trainExamples, of);
  const rungs = early.type === "median" ? from(early.minIterations) : rungsOf(early, evaluations);
  expectRungs(rungs, evaluations);
  switch (early.type) {
    case "median":
      return createMedianPruner(course, shares(rungs), early.minTrials);
    case "asha": {
      const keeps = (reached: number) => Math.max(1, Math.floor(reached / early.eta));
      return createPausingPruner(course, { rungs: shares(rungs), keeps, maxPaused: early.maxPaused ?? MOST_PAUSED });
    }
    case "hyperband": {
      const judgedAt = early.strict ? from(rungs[0] as number) : rungs;
      // W&B's threshold is the value at place floor(n / eta), counted from 0, and values up to it go on.
      const keeps = (reached: number) => Math.floor(reached / early.eta) + 1;
      return createHalvingPruner(course, { rungs: shares(rungs), judgedAt: shares(judgedAt), keeps });
    }
  }
}
