// Builds the sampler and the pruner that a sweep names.
import { DualrateError } from "../errors.js";
import { createAllowed } from "../sweep/constraints.js";
import type { Method, Sweep } from "../sweep/settings.js";
import type { Space } from "../sweep/space.js";
import { createBayesSampler } from "./bayes.js";
import { enqueueFirst } from "./enqueued.js";
import { createGridSampler } from "./grid.js";
import { createRandomSampler } from "./random.js";
import type { Allowed, Pruner, Sampler } from "./sampler.js";
import { createSobolSampler } from "./sobol.js";

export function createSampler(sweep: Sweep): Sampler {
  const { method, space, runCap: trials, constraints = [], enqueued = [], settings } = sweep;
  const allowed = createAllowed(constraints, settings.fixed);
  if (method === "grid") return createGridSampler(space, trials, constraints.length > 0 ? allowed : undefined);
  if (trials === undefined) throw new DualrateError("internal", `method ${method} has no end without a run_cap`);
  return enqueueFirst(enqueued, createSearch(method, space, Math.max(0, trials - enqueued.length), allowed));
}

function createSearch(method: Exclude<Method, "grid">, space: Space, runCap: number, allowed: Allowed): Sampler {
  switch (method) {
    case "random":
      return createRandomSampler(runCap, allowed);
    case "sobol":
      return createSobolSampler(runCap, allowed);
    case "bayes":
      return createBayesSampler(space, runCap, allowed);
  }
}

/** The pruner that lets every trial run to its end; a sweep cannot name another yet. */
export function createPruner(_sweep: Sweep): Pruner {
  return { rungs: [], judge: () => ({ action: "continue" }) };
}
