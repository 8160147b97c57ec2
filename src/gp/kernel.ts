// The covariance of the Gaussian process and the hyperparameters' log posterior, with its gradient.
// Notation: X [n, d] points, row-major; y [n] targets; theta [d + 2] = ln(lengthscale_1..d), ln(scale), ln(noise);
//   r^2 = sum_k delta_k^2 / lengthscale_k^2;   k(r) = scale (1 + sqrt5 r + 5/3 r^2) exp(-sqrt5 r), Matern 5/2;
//   delta_k = x_k - x'_k, or, of categories, 1 where they differ (Hamming);   K = k(X, X) + noise diag(1 / m),
//   m [n] the values that each target is the mean of.
// Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006: (4.17), (2.30), (5.9).
import { factorize, inverse, solveLower, solveUpper } from "./cholesky.js";

/** How each coordinate's distance is measured. */
export type CoordinateKind = "number" | "category";

export interface Observations {
  readonly kinds: readonly CoordinateKind[];
  /** [n, d] row-major. */
  readonly x: Float64Array;
  /** [n], about standardised. */
  readonly y: Float64Array;
  /** m [n]; each target is one value where it is not given. */
  readonly averaged?: Float64Array;
}

/** Matern 5/2 of unit scale, and its derivative by r^2. */
export function matern(squared: number): readonly [value: number, slope: number] {
  const root = Math.sqrt(5 * squared);
  const decay = Math.exp(-root);
  return [(1 + root + (5 / 3) * squared) * decay, (-5 / 6) * (1 + root) * decay];
}

export function squaredDelta(kind: CoordinateKind, a: number, b: number): number {
  if (kind === "category") return a === b ? 0 : 1;
  return (a - b) * (a - b);
}

/** The least variance of noise, on standardised targets; keeps K far enough from singular. */
export const LEAST_NOISE = 1e-6;

/** A log-normal prior over a hyperparameter: of its logarithm, mean and standard deviation. */
interface Prior {
  readonly mu: number;
  readonly sigma: number;
}

/**
 * Lengthscales that grow with the root of the dimension (Hvarfner et al., "Vanilla Bayesian Optimization Performs Great in
 * High Dimensions", 2024), a small noise (wider than theirs: a seeded loss may have next to none), and a scale near that of standardised
 * targets.
 */
export function priors(d: number): readonly Prior[] {
  const lengthscale = { mu: Math.SQRT2 + Math.log(d) / 2, sigma: Math.sqrt(3) };
  return [...Array.from({ length: d }, () => lengthscale), { mu: 0, sigma: 1 }, { mu: -4, sigma: 1.5 }];
}

/** ln of the log-normal density, but for a constant, and its derivative, both by t = ln(value). */
function logPrior({ mu, sigma }: Prior, t: number): readonly [number, number] {
  const z = (t - mu) / sigma;
  return [-t - (z * z) / 2, -1 - z / sigma];
}

/** delta_k^2 of every pair i > j: [n (n - 1) / 2, d]. */
export function pairDeltas({ kinds, x, y }: Observations): Float64Array {
  const [n, d] = [y.length, kinds.length];
  const deltas = new Float64Array((n * (n - 1) * d) / 2);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      for (let k = 0; k < d; k++) {
        deltas[at++] = squaredDelta(kinds[k] as CoordinateKind, x[i * d + k] as number, x[j * d + k] as number);
      }
    }
  }
  return deltas;
}

/** Minus the log posterior of theta but for a constant; its gradient [d + 2] goes to `gradient`. Infinite where K is singular. */
export function negativeLogPosterior(
  { y, averaged }: Pick<Observations, "y" | "averaged">,
  deltas: Float64Array,
  theta: Float64Array,
  gradient: Float64Array,
): number {
  const [n, d] = [y.length, theta.length - 2];
  const covariance = covarianceOf(n, deltas, theta, averaged);
  const factor = Float64Array.from(covariance.matrix);
  if (!factorize(factor, n)) return Number.POSITIVE_INFINITY;
  const half = solveLower(factor, n, y);
  let value = 0;
  for (let i = 0; i < n; i++) value += (half[i] as number) ** 2 / 2 + Math.log(factor[i * n + i] as number);
  likelihoodGradient(covariance, inverse(factor, n), solveUpper(factor, n, half), deltas, theta, gradient, averaged);
  priors(d).forEach((prior, t) => {
    const [log, slope] = logPrior(prior, theta[t] as number);
    value -= log;
    gradient[t] = (gradient[t] as number) - slope;
  });
  return value;
}

/** Of y given theta, but for a constant; minus infinity where K is singular. */
export function logLikelihood(
  { y, averaged }: Pick<Observations, "y" | "averaged">,
  deltas: Float64Array,
  theta: Float64Array,
): number {
  const n = y.length;
  const factor = covarianceOf(n, deltas, theta, averaged).matrix;
  if (!factorize(factor, n)) return Number.NEGATIVE_INFINITY;
  const half = solveLower(factor, n, y);
  let value = 0;
  for (let i = 0; i < n; i++) value -= (half[i] as number) ** 2 / 2 + Math.log(factor[i * n + i] as number);
  return value;
}

interface Covariance {
  /** The lower triangle of K [n, n]. */
  readonly matrix: Float64Array;
  /** dK_ij / d(r^2) of every pair i > j: [n (n - 1) / 2]. */
  readonly slopes: Float64Array;
}

function covarianceOf(n: number, deltas: Float64Array, theta: Float64Array, averaged?: Float64Array): Covariance {
  const d = theta.length - 2;
  const inverseSquares = theta.slice(0, d).map((t) => Math.exp(-2 * t));
  const [scale, noise] = [Math.exp(theta[d] as number), Math.exp(theta[d + 1] as number)];
  const matrix = new Float64Array(n * n);
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let pair = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      let squared = 0;
      for (let c = 0; c < d; c++) squared += (deltas[pair * d + c] as number) * (inverseSquares[c] as number);
      const [value, slope] = matern(squared);
      matrix[i * n + j] = scale * value;
      slopes[pair] = scale * slope;
    }
    matrix[i * n + i] = scale + noise / (averaged?.[i] ?? 1) + LEAST_NOISE;
  }
  return { matrix, slopes };
}

/** To `gradient`: 1/2 sum_ij W_ij dK_ij / d(theta_t) with W = K^-1 - alpha alpha^T, minus the log likelihood's gradient. */
function likelihoodGradient(
  { matrix, slopes }: Covariance,
  inverted: Float64Array,
  alpha: Float64Array,
  deltas: Float64Array,
  theta: Float64Array,
  gradient: Float64Array,
  averaged?: Float64Array,
): void {
  const [n, d] = [alpha.length, theta.length - 2];
  const [scale, noise] = [Math.exp(theta[d] as number), Math.exp(theta[d + 1] as number)];
  gradient.fill(0);
  let [byScale, byNoise, pair] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      const weight = (inverted[i * n + j] as number) - (alpha[i] as number) * (alpha[j] as number);
      byScale += weight * (matrix[i * n + j] as number);
      const bySquared = -2 * weight * (slopes[pair] as number);
      for (let c = 0; c < d; c++) {
        gradient[c] = (gradient[c] as number) + bySquared * (deltas[pair * d + c] as number);
      }
    }
    const weight = (inverted[i * n + i] as number) - (alpha[i] as number) ** 2;
    byScale += (weight * scale) / 2;
    byNoise += (weight * noise) / (2 * (averaged?.[i] ?? 1));
  }
  for (let c = 0; c < d; c++) gradient[c] = (gradient[c] as number) * Math.exp(-2 * (theta[c] as number));
  gradient[d] = byScale;
  gradient[d + 1] = byNoise;
}
