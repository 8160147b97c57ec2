// The Sobol sampler: trial number n is a point of a scrambled low-discrepancy sequence over the unit cube.
import { deriveKey, Random } from "../random.js";
import { cubePoint, type Parameters, type Space, sizeOf } from "../sweep/space.js";
import { type Allowed, MOST_REDRAWN, type Sampler } from "./sampler.js";
import { SOBOL_DIMENSIONS, scrambledSobol } from "./sobol-sequence.js";

/** The first `runCap` points that are allowed. */
export function createSobolSampler(runCap: number, allowed: Allowed): Sampler {
  return {
    size: runCap,
    suggest(space, { seed }, number) {
      if (number > runCap) return undefined;
      let count = 0;
      for (const point of allowedPoints(space, deriveKey(seed, "sobol"), allowed)) {
        if (++count === number) return point;
      }
      return undefined;
    },
  };
}

/** Point `index` of the scrambled sequence over the space; its coordinates belong to the searched parameters in their order. */
export function sobolPoint(space: Space, key: number, index: number): Parameters {
  const dimensions = new Map(
    space.filter(({ distribution }) => sizeOf(distribution) > 1).map(({ name }, dimension) => [name, dimension]),
  );
  return cubePoint(space, (name) => {
    const dimension = dimensions.get(name) ?? 0;
    if (dimension < SOBOL_DIMENSIONS) return scrambledSobol(index, dimension, deriveKey(key, name));
    return new Random(deriveKey(key, name, index)).uniform();
  });
}

/** The sequence's points that are allowed, in its order; ends after too many in a row that are not. */
export function* allowedPoints(space: Space, key: number, allowed: Allowed): Generator<Parameters> {
  for (let index = 0, redrawn = 0; redrawn < MOST_REDRAWN; index++) {
    const point = sobolPoint(space, key, index);
    redrawn = allowed(point) ? 0 : redrawn + 1;
    if (redrawn === 0) yield point;
  }
}
