// The Bayesian sampler: an initial design, then the point that is expected to better the best mean of a Gaussian process most.
import { deriveKey } from "../random.js";
import { cubePoint, gridSize, type Parameters, type Space, sizeOf } from "../sweep/space.js";
import { mostImproving } from "./acquisition.js";
import { dimensionsOf } from "./dimensions.js";
import type { Allowed, History, Sampler } from "./sampler.js";
import { allowedPoints } from "./sobol.js";
import { surrogateOf } from "./surrogate.js";

/** Trials before the first that follows from others' values. */
export function initialDesignSize(space: Space): number {
  return Math.max(5, 2 * dimensionsOf(space).length + 1);
}

/**
 * At most `runCap` suggestions, no configuration twice. Suggestion n is a function of the study's seed, n, the finished trials in
 * the order of their numbers, and the running ones; with several workers it so depends on which have ended.
 */
export function createBayesSampler(space: Space, runCap: number, allowed: Allowed): Sampler {
  const size = Math.min(runCap, gridSize(space));
  return {
    size,
    suggest(space, history, number) {
      if (number > size) return undefined;
      const seen = new Set(
        [...history.finished, ...history.running].map(({ parameters }) => pointKey(space, parameters)),
      );
      const isNew = (point: Parameters) => allowed(point) && !seen.has(pointKey(space, point));
      const surrogate = number > initialDesignSize(space) ? surrogateOf(space, history, number) : undefined;
      if (surrogate === undefined) return initialPoint(space, history, isNew);
      return mostImproving(space, surrogate, deriveKey(history.seed, "acquisition", number), isNew);
    },
  };
}

/** The centre, then a scrambled Sobol sequence: its first point that is new. */
function initialPoint(space: Space, { seed }: History, isNew: Allowed): Parameters | undefined {
  const centre = cubePoint(space, () => 0.5);
  return isNew(centre) ? centre : allowedPoints(space, deriveKey(seed, "initial"), isNew).next().value;
}

/** One text a configuration, whichever order its parameters have. */
function pointKey(space: Space, parameters: Parameters): string {
  const searched = space.filter(({ distribution }) => sizeOf(distribution) > 1);
  return JSON.stringify(searched.map(({ name }) => parameters[name]));
}
