// The random sampler: trial number n takes an independent draw of each parameter from its distribution.
import { deriveKey, Random } from "../random.js";
import { cubePoint } from "../sweep/space.js";
import { type Allowed, MOST_REDRAWN, type Sampler } from "./sampler.js";

/**
 * `runCap` independent draws. A draw depends on the study's seed, the trial's number and the parameter's name alone, so a
 * parameter that is added or removed leaves the others' values as they were. One that is not allowed is drawn again.
 */
export function createRandomSampler(runCap: number, allowed: Allowed = () => true): Sampler {
  return {
    size: runCap,
    suggest(space, { seed }, number) {
      if (number > runCap) return undefined;
      const streams = new Map(
        space.map(({ name }) => [name, new Random(deriveKey(seed, "random", number, name))] as const),
      );
      for (let redrawn = 0; redrawn < MOST_REDRAWN; redrawn++) {
        const point = cubePoint(space, (name) => (streams.get(name) as Random).uniform());
        if (allowed(point)) return point;
      }
      return undefined;
    },
  };
}
