// Sobol's low-discrepancy sequence in up to 32 dimensions, and its Owen scrambling.
// Notation: point i [d], i from 0; v_b, b = 0..31: a dimension's direction numbers as 32-bit fractions.
import { mix32 } from "../random.js";

/**
 * Of dimensions 2, 3, ...: the primitive polynomial over GF(2), its bits from the highest power, and the initial direction
 * numbers m (S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", 2008:
 * new-joe-kuo-6). Dimension 1 is van der Corput's sequence.
 */
const JOE_KUO: readonly (readonly [polynomial: number, ...m: readonly number[]])[] = [
  [3, 1],
  [7, 1, 3],
  [11, 1, 3, 1],
  [13, 1, 1, 1],
  [19, 1, 1, 3, 3],
  [25, 1, 3, 5, 13],
  [37, 1, 1, 5, 5, 17],
  [41, 1, 1, 5, 5, 5],
  [47, 1, 1, 7, 11, 19],
  [55, 1, 1, 5, 1, 1],
  [59, 1, 1, 1, 3, 11],
  [61, 1, 3, 5, 5, 31],
  [67, 1, 3, 3, 9, 7, 49],
  [91, 1, 1, 1, 15, 21, 21],
  [97, 1, 3, 1, 13, 27, 49],
  [103, 1, 1, 1, 15, 7, 5],
  [109, 1, 3, 1, 15, 13, 25],
  [115, 1, 1, 5, 5, 19, 61],
  [131, 1, 3, 7, 11, 23, 15, 103],
  [137, 1, 3, 7, 13, 13, 15, 69],
  [143, 1, 1, 3, 13, 7, 35, 63],
  [145, 1, 3, 5, 9, 1, 25, 53],
  [157, 1, 3, 1, 13, 9, 35, 107],
  [167, 1, 3, 1, 5, 27, 61, 31],
  [171, 1, 1, 5, 11, 19, 41, 61],
  [185, 1, 3, 5, 3, 3, 13, 69],
  [191, 1, 1, 7, 13, 1, 19, 1],
  [193, 1, 3, 7, 5, 13, 19, 59],
  [203, 1, 1, 3, 9, 25, 29, 41],
  [211, 1, 3, 5, 13, 23, 1, 55],
  [213, 1, 3, 7, 3, 13, 59, 17],
];

export const SOBOL_DIMENSIONS = JOE_KUO.length + 1;

const BITS = 32;
const DIRECTIONS = [vanDerCorput(), ...JOE_KUO.map(([polynomial, ...m]) => directions(polynomial, m))];

function vanDerCorput(): Uint32Array {
  return Uint32Array.from({ length: BITS }, (_, b) => 2 ** (BITS - 1 - b));
}

/** Joe and Kuo's recurrence (their eq. 2). */
function directions(polynomial: number, m: readonly number[]): Uint32Array {
  const degree = m.length;
  const v = new Uint32Array(BITS);
  for (let b = 0; b < BITS; b++) {
    if (b < degree) {
      v[b] = (m[b] as number) * 2 ** (BITS - 1 - b);
      continue;
    }
    let direction = (v[b - degree] as number) ^ ((v[b - degree] as number) >>> degree);
    for (let k = 1; k < degree; k++) {
      if ((polynomial >>> (degree - k)) & 1) direction ^= v[b - k] as number;
    }
    v[b] = direction;
  }
  return v;
}

/** Coordinate `dimension` (from 0, below SOBOL_DIMENSIONS) of point `index`, as a 32-bit fraction; in Gray code's order. */
function coordinate(index: number, dimension: number): number {
  const v = DIRECTIONS[dimension] as Uint32Array;
  let bits = 0;
  for (let gray = index ^ (index >>> 1), b = 0; gray !== 0; gray >>>= 1, b++) {
    if (gray & 1) bits ^= v[b] as number;
  }
  return bits >>> 0;
}

/** Coordinate `dimension` of point `index` in [0, 1), unscrambled. */
export function sobol(index: number, dimension: number): number {
  return coordinate(index, dimension) / 2 ** BITS;
}

/** As `sobol`, scrambled by `key`; each dimension needs a key of its own. Never 0 or 1. */
export function scrambledSobol(index: number, dimension: number, key: number): number {
  return (owen(coordinate(index, dimension), key) + 0.5) / 2 ** BITS;
}

/**
 * A nested uniform scramble by hashing: every bit is flipped by a hash of the bits above it (B. Burley, "Practical
 * Hash-based Owen Scrambling", 2020, with the constants of N. Vegdahl, 2021).
 */
function owen(bits: number, key: number): number {
  let x = reversed(bits);
  const seed = mix32(key);
  x ^= Math.imul(x, 0x3d20adea);
  x = (x + seed) | 0;
  x = Math.imul(x, (seed >>> 16) | 1);
  x ^= Math.imul(x, 0x05526c56);
  x ^= Math.imul(x, 0x53a22864);
  return reversed(x);
}

function reversed(x: number): number {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
