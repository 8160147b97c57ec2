// The grid sampler: trial number n is a point of the grid, in the grid's order, or in shuffled order where run_cap cuts it.
import { deriveKey } from "../random.js";
import { configurationKey } from "../sweep/configuration.js";
import { gridIndexer, gridPoint, gridSize, type Space } from "../sweep/space.js";
import type { Allowed, History, Sampler } from "./sampler.js";

/**
 * Every point of the grid once. Where `runCap` is below the grid's size the points come in an order shuffled by the
 * study's seed: the first ones of the grid's own order would all share the first parameters' first values. With `allowed`,
 * which takes a look at every point, the others are left out. Points that the history has are passed over, so that a grid that was
 * changed in the middle of its study runs none twice and leaves none out.
 */
export function createGridSampler(of: Space, runCap = Number.POSITIVE_INFINITY, allowed?: Allowed): Sampler {
  const kept = allowed && allowedIndices(of, allowed);
  const points = kept?.length ?? gridSize(of);
  const trials = Math.min(points, runCap);
  return {
    size: trials,
    suggest(space, history, number) {
      if (number > runCap) return undefined;
      const key = deriveKey(history.seed, "grid");
      const indexAt = (place: number) => {
        const index = trials < points ? permuted(place, points, key) : place;
        return kept?.[index] ?? index;
      };
      const tried = triedIn(space, history);
      // Configurations before this one that the history does not tell of.
      let untold = Math.max(0, number - 1 - tried.count);
      for (let place = 0; place < points; place++) {
        const index = indexAt(place);
        if (!tried.indices.has(index) && untold-- === 0) return gridPoint(space, index);
      }
      return undefined;
    },
  };
}

interface Tried {
  /** Configurations, those outside of the grid too. */
  readonly count: number;
  /** Of those that are points of the grid. */
  readonly indices: ReadonlySet<number>;
}

/** A configuration is tried once its first seed is, or runs. */
function triedIn(space: Space, { finished, running }: History): Tried {
  const indexOf = gridIndexer(space);
  const first = [...finished, ...running].filter(({ replicate }) => replicate === 0);
  const indices = first.flatMap(({ parameters }) => indexOf(parameters) ?? []);
  return {
    count: new Set(first.map(({ parameters }) => configurationKey(parameters))).size,
    indices: new Set(indices),
  };
}

function allowedIndices(space: Space, allowed: Allowed): readonly number[] {
  const indices: number[] = [];
  for (let index = 0; index < gridSize(space); index++) if (allowed(gridPoint(space, index))) indices.push(index);
  return indices;
}

const ROUNDS = 6;

/**
 * Where a seeded permutation of [0, n), n <= 2^53, puts `index`, without a table of n entries: a Feistel network over
 * the next even power of two, applied until it lands below n (Black and Rogaway, "Ciphers with Arbitrary Finite
 * Domains", 2002).
 */
function permuted(index: number, n: number, key: number): number {
  const half = 2 ** Math.max(1, Math.ceil(Math.log2(n) / 2));
  let point = index;
  do {
    let [left, right] = [Math.floor(point / half), point % half];
    for (let round = 0; round < ROUNDS; round++) {
      [left, right] = [right, (left + deriveKey(key, round, right)) % half];
    }
    point = left * half + right;
  } while (point >= n);
  return point;
}
