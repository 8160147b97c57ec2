// The standard normal distribution: its cumulative probabilities and, by bisection on them, its quantiles.

/** Coefficients of Hart's rational approximation (algorithm 5666), highest power first. */
const NUMERATOR = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
  220.206867912376,
];
const DENOMINATOR = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
  793.826512519948, 440.413735824752,
];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/**
 * P(Z <= z) with an absolute error below 1e-14; in the far tails, from |z| = 6 on, it has eight right digits (G. West, "Better approximations to cumulative normal functions", Wilmott, 2005, after
 * J. F. Hart, 1968).
 */
export function normalProbability(z: number): number {
  const tail = upperTail(Math.abs(z));
  return z > 0 ? 1 - tail : tail;
}

/** P(Z > z) for z >= 0; beyond 7.07 a continued fraction. */
function upperTail(z: number): number {
  if (z > 37) return 0;
  const density = Math.exp((-z * z) / 2);
  if (z < Math.SQRT1_2 * 10) return (density * polynomial(NUMERATOR, z)) / polynomial(DENOMINATOR, z);
  const fraction = z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))));
  return density / fraction / Math.sqrt(2 * Math.PI);
}

/** Beyond this, no double probability differs from 0. */
const FARTHEST = 38;

/**
 * The z in [low, high] with P(Z <= z | low <= Z <= high) = u, for u in [0, 1), as exact as `normalProbability`.
 */
export function normalQuantile(u: number, low: number = -FARTHEST, high: number = FARTHEST): number {
  let [left, right] = [Math.max(low, -FARTHEST), Math.min(high, FARTHEST)];
  const start = normalProbability(left);
  const probability = start + u * (normalProbability(right) - start);
  // Each round halves the interval: 64 leave neighbouring doubles.
  for (let round = 0; round < 64; round++) {
    const middle = (left + right) / 2;
    if (normalProbability(middle) < probability) left = middle;
    else right = middle;
  }
  return right;
}
