// The grid sampler: trial number n is a point of the grid, in the grid's order, or in shuffled order where run_cap cuts it.
import { deriveKey } from "../random.js";
import { gridPoint, gridSize } from "../sweep/space.js";
import type { Sampler } from "./sampler.js";

/**
 * Every point of the grid once. Where `runCap` is below the grid's size the points come in an order shuffled by the
 * study's seed: the first ones of the grid's own order would all share the first parameters' first values.
 */
export function createGridSampler(size: number, runCap: number = size): Sampler {
  const trials = Math.min(size, runCap);
  return {
    size: trials,
    suggest(space, history, number) {
      if (number > trials) return undefined;
      const points = gridSize(space);
      const index = number - 1;
      return gridPoint(space, trials < points ? permuted(index, points, deriveKey(history.seed, "grid")) : index);
    },
  };
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
