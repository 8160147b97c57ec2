// Builds the sampler and the pruner that a sweep names.
import type { Sweep } from "../sweep/settings.js";
import { gridSize } from "../sweep/space.js";
import { createGridSampler } from "./grid.js";
import type { Pruner, Sampler } from "./sampler.js";

export function createSampler(sweep: Sweep): Sampler {
  return createGridSampler(gridSize(sweep.space), sweep.runCap);
}

/** The pruner that lets every trial run to its end; a sweep cannot name another yet. */
export function createPruner(_sweep: Sweep): Pruner {
  return { rungs: [], judge: () => ({ action: "continue" }) };
}
