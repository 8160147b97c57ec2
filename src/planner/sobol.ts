// The Sobol sampler: trial number n is a point of a scrambled low-discrepancy sequence over the unit cube.
import { deriveKey, Random } from "../random.js";
import { configurationKey } from "../sweep/configuration.js";
import { cubePoint, gridSize, type Parameters, type Space, sizeOf } from "../sweep/space.js";
import { type Allowed, type History, MOST_REDRAWN, type Sampler } from "./sampler.js";
import { SOBOL_DIMENSIONS, scrambledSobol } from "./sobol-sequence.js";

/**
 * The first `runCap` points that are allowed. Where other constraints hold than at the study's beginning, another point may have the
 * number of one that was tried: the next one that was not takes its place.
 */
export function createSobolSampler(runCap: number, allowed: Allowed): Sampler {
  return {
    size: runCap,
    suggest(space, history, number) {
      if (number > runCap) return undefined;
      const tried = triedIn(space, history);
      let count = 0;
      for (const point of allowedPoints(space, deriveKey(history.seed, "sobol"), allowed)) {
        if (++count >= number && !tried.has(configurationKey(point))) return point;
      }
      return undefined;
    },
  };
}

/** Of spaces with a range: over lists alone the sequence's points repeat. */
function triedIn(space: Space, { finished, running }: History): ReadonlySet<string> {
  if (gridSize(space) < Number.POSITIVE_INFINITY) return new Set();
  return new Set([...finished, ...running].map(({ parameters }) => configurationKey(parameters)));
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
