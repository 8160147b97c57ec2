// Builds the sampler and the pruner that a sweep names.
import { DualrateError } from "../errors.js";
import type { Sweep } from "../sweep/settings.js";
import { gridSize } from "../sweep/space.js";
import { createBayesSampler } from "./bayes.js";
import { createGridSampler } from "./grid.js";
import { createRandomSampler } from "./random.js";
import type { Pruner, Sampler } from "./sampler.js";
import { createSobolSampler } from "./sobol.js";

export function createSampler({ method, space, runCap }: Sweep): Sampler {
  if (method === "grid") return createGridSampler(gridSize(space), runCap);
  if (runCap === undefined) throw new DualrateError("internal", `method ${method} has no end without a run_cap`);
  const allowed = () => true;
  switch (method) {
    case "random":
      return createRandomSampler(runCap);
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
