// A Gaussian process with hyperparameters at the maximum of their posterior, and its posterior at a point.
// Notation as in kernel.ts; mean(x) = k(x, X) alpha, variance(x) = scale - |L^-1 k(X, x)|^2, alpha = K^-1 y
// (Rasmussen and Williams, 2006, algorithm 2.1).
import { Random } from "../random.js";
import { factorize, solveLower, solveUpper } from "./cholesky.js";
import {
  type CoordinateKind,
  LEAST_NOISE,
  matern,
  negativeLogPosterior,
  type Observations,
  pairDeltas,
  priors,
  squaredDelta,
} from "./kernel.js";
import { minimize } from "./lbfgs.js";

/** theta of kernel.ts, as values. */
export interface Hyperparameters {
  readonly lengthscales: readonly number[];
  readonly scale: number;
  readonly noise: number;
}

/** The posterior of the noiseless function at a point, and how it changes with the point's coordinates [d]. */
export interface Posterior {
  readonly mean: number;
  readonly deviation: number;
  readonly meanGradient: Float64Array;
  readonly deviationGradient: Float64Array;
}

/** Bounds of theta; beyond them the likelihood is flat. */
const SEARCH = { lower: -9, upper: 6, iterations: 25, tolerance: 1e-2 };
const RANDOM_STARTS = 6;
const CLIMBS = 2;

/**
 * The hyperparameters of highest posterior density given the observations; `key` seeds the starts. Of a typical
 * start and random ones about it, the two best are followed to their maximum.
 */
export function fitHyperparameters(observations: Observations, key: number): Hyperparameters {
  const d = observations.kinds.length;
  const deltas = pairDeltas(observations);
  const objective = (theta: Float64Array, gradient: Float64Array) =>
    negativeLogPosterior(observations, deltas, theta, gradient);
  const ignored = new Float64Array(d + 2);
  const best = startsOf(d, new Random(key))
    .map((x) => ({ x, value: objective(x, ignored) }))
    .sort((a, b) => a.value - b.value)
    .slice(0, CLIMBS)
    .map(({ x }) => minimize(objective, x, SEARCH))
    .reduce((a, b) => (b.value < a.value ? b : a));
  const values = Array.from(best.x, Math.exp);
  return { lengthscales: values.slice(0, d), scale: values[d] as number, noise: values[d + 1] as number };
}

function startsOf(d: number, random: Random): readonly Float64Array[] {
  const modes = Float64Array.from(priors(d), ({ mu, sigma }) => mu - sigma * sigma);
  const typical = modes.map((mode, t) => (t < d ? Math.log(0.5) : t === d ? 0 : mode));
  const shaken = Array.from({ length: RANDOM_STARTS }, () =>
    typical.map((start, t) => Math.min(2, start + (t < d ? 1 : 0.5) * random.normal())),
  );
  return [typical, ...shaken];
}

export class GaussianProcess {
  readonly #observations: Observations;
  readonly #hyperparameters: Hyperparameters;
  readonly #inverseSquares: Float64Array;
  /** L [n, n]. */
  readonly #factor: Float64Array;
  /** [n]. */
  readonly #alpha: Float64Array;

  constructor(observations: Observations, hyperparameters: Hyperparameters) {
    this.#observations = observations;
    this.#hyperparameters = hyperparameters;
    this.#inverseSquares = Float64Array.from(hyperparameters.lengthscales, (length) => 1 / (length * length));
    const { x, y, kinds, averaged } = observations;
    const [n, d] = [y.length, kinds.length];
    const { scale, noise } = hyperparameters;
    this.#factor = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      const row = x.subarray(i * d, (i + 1) * d);
      for (let j = 0; j < i; j++) this.#factor[i * n + j] = scale * matern(this.#squared(row, j))[0];
      this.#factor[i * n + i] = scale + noise / (averaged?.[i] ?? 1) + LEAST_NOISE;
    }
    // The diagonal's noise is at least a millionth of the scale: K is positive definite to working precision.
    if (!factorize(this.#factor, n)) throw new Error("the covariance matrix is not positive definite");
    this.#alpha = solveUpper(this.#factor, n, solveLower(this.#factor, n, y));
  }

  /** The posterior mean at x [d]. */
  mean(x: Float64Array): number {
    let mean = 0;
    for (let i = 0; i < this.#alpha.length; i++) mean += matern(this.#squared(x, i))[0] * (this.#alpha[i] as number);
    return mean * this.#hyperparameters.scale;
  }

  /** The posterior mean and standard deviation at x [d]. */
  at(x: Float64Array): { readonly mean: number; readonly deviation: number } {
    const n = this.#alpha.length;
    const covariances = new Float64Array(n);
    let mean = 0;
    for (let i = 0; i < n; i++) {
      const value = this.#hyperparameters.scale * matern(this.#squared(x, i))[0];
      covariances[i] = value;
      mean += value * (this.#alpha[i] as number);
    }
    return { mean, deviation: this.#deviation(solveLower(this.#factor, n, covariances)) };
  }

  /** As `at`, with gradients by x; those by a category are zero. */
  withGradient(x: Float64Array): Posterior {
    const { kinds, x: points } = this.#observations;
    const { scale } = this.#hyperparameters;
    const [n, d] = [this.#alpha.length, kinds.length];
    const covariances = new Float64Array(n);
    const slopes = new Float64Array(n);
    let mean = 0;
    for (let i = 0; i < n; i++) {
      const [value, slope] = matern(this.#squared(x, i));
      covariances[i] = scale * value;
      slopes[i] = scale * slope;
      mean += (covariances[i] as number) * (this.#alpha[i] as number);
    }
    const half = solveLower(this.#factor, n, covariances);
    const deviation = this.#deviation(half);
    const weights = solveUpper(this.#factor, n, half); // K^-1 k(X, x)
    const meanGradient = new Float64Array(d);
    const deviationGradient = new Float64Array(d);
    for (let k = 0; k < d; k++) {
      if (kinds[k] === "category") continue;
      let [byMean, byVariance] = [0, 0];
      for (let i = 0; i < n; i++) {
        const change = 2 * (slopes[i] as number) * ((x[k] as number) - (points[i * d + k] as number));
        byMean += change * (this.#alpha[i] as number);
        byVariance -= 2 * change * (weights[i] as number);
      }
      meanGradient[k] = byMean * (this.#inverseSquares[k] as number);
      deviationGradient[k] = (byVariance * (this.#inverseSquares[k] as number)) / (2 * deviation);
    }
    return { mean, deviation, meanGradient, deviationGradient };
  }

  /** Rounding can leave a variance at or below zero where a point was observed. */
  #deviation(half: Float64Array): number {
    let variance = this.#hyperparameters.scale;
    for (let i = 0; i < half.length; i++) variance -= (half[i] as number) ** 2;
    return Math.sqrt(Math.max(variance, 1e-12 * this.#hyperparameters.scale));
  }

  /** r^2 from x to observation i. */
  #squared(x: Float64Array, i: number): number {
    const { kinds, x: points } = this.#observations;
    const d = kinds.length;
    let sum = 0;
    for (let k = 0; k < d; k++) {
      const delta = squaredDelta(kinds[k] as CoordinateKind, x[k] as number, points[i * d + k] as number);
      sum += delta * (this.#inverseSquares[k] as number);
    }
    return sum;
  }
}
