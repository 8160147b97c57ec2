// Runs the configurations that a sweep file enqueues before those of the sampler.
import type { Parameters } from "../sweep/space.js";
import type { Sampler } from "./sampler.js";

/** `first` as trials 1, 2, ...; then the sampler's suggestions, as many as its size leaves. */
export function enqueueFirst(first: readonly Parameters[], sampler: Sampler): Sampler {
  if (first.length === 0) return sampler;
  return {
    size: sampler.size === undefined ? undefined : sampler.size + first.length,
    suggest: (space, history, number) => first[number - 1] ?? sampler.suggest(space, history, number - first.length),
  };
}
