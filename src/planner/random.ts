// The random sampler: trial number n takes an independent draw of each parameter from its distribution.
import { deriveKey, Random } from "../random.js";
import { cubePoint } from "../sweep/space.js";
import type { Sampler } from "./sampler.js";

/**
 * `runCap` independent draws. A draw depends on the study's seed, the trial's number and the parameter's name alone, so a
 * parameter that is added or removed leaves the others' values as they were.
 */
export function createRandomSampler(runCap: number): Sampler {
  return {
    size: runCap,
    suggest(space, { seed }, number) {
      if (number > runCap) return undefined;
      return cubePoint(space, (name) => new Random(deriveKey(seed, "random", number, name)).uniform());
    },
  };
}
