// A Gaussian process with hyperparameters at the maximum of their posterior, and its posterior at a point.
// Notation as in kernel.ts; mean(x) = k(x, X) alpha, variance(x) = scale - |L^-1 k(X, x)|^2, alpha = K^-1 y
// (Rasmussen and Williams, 2006, algorithm 2.1). One more value y' at x' changes the posterior mean at x by
//   (k(x, x') - k(x, X) K^-1 k(X, x')) / deviation(y') Z,   Z = (y' - mean(x')) / deviation(y')
// (Frazier, Powell and Dayanik, "The Knowledge-Gradient Policy for Correlated Normal Beliefs", 2009, section 2).
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

/** What one value to be seen at a point x says, as posterior means that change by Z, its surprise in its own deviations. */
export interface Lookahead {
  /** The posterior mean at x. */
  readonly mean: number;
  /** By how much it changes for Z = 1. */
  readonly change: number;
  /** Those of the posterior means at the contenders, in their order. */
  readonly changes: Float64Array;
  /** The gradient by x [d] of a function of the three, from its derivatives by each; zero along a category. */
  readonly gradient: (by: Pick<Lookahead, "mean" | "change" | "changes">) => Float64Array;
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
  return hyperparametersOf(best.x);
}

export function hyperparametersOf(theta: Float64Array): Hyperparameters {
  const values = Array.from(theta, Math.exp);
  const d = values.length - 2;
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

  /** The variance of one value's noise. */
  get noise(): number {
    return this.#hyperparameters.noise;
  }

  /** The posterior mean at x [d]. */
  mean(x: Float64Array): number {
    let mean = 0;
    for (let i = 0; i < this.#alpha.length; i++) mean += matern(this.#squared(x, i))[0] * (this.#alpha[i] as number);
    return mean * this.#hyperparameters.scale;
  }

  /** Draws of the function's values at several points together; each call of what it returns is one draw [points]. */
  jointly(points: readonly Float64Array[]): (random: Random) => Float64Array {
    const [n, m] = [this.#alpha.length, points.length];
    const { kinds } = this.#observations;
    const means = points.map((point) => this.mean(point));
    const halves = points.map((point) => {
      const covariances = Float64Array.from({ length: n }, (_, i) => {
        return this.#hyperparameters.scale * matern(this.#squared(point, i))[0];
      });
      return solveLower(this.#factor, n, covariances); // L^-1 k(X, x)
    });
    const factor = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++) {
        const [a, b] = [points[i] as Float64Array, points[j] as Float64Array];
        let squared = 0;
        for (let k = 0; k < kinds.length; k++) {
          const delta = squaredDelta(kinds[k] as CoordinateKind, a[k] as number, b[k] as number);
          squared += delta * (this.#inverseSquares[k] as number);
        }
        let covariance = this.#hyperparameters.scale * matern(squared)[0];
        const [left, right] = [halves[i] as Float64Array, halves[j] as Float64Array];
        for (let t = 0; t < n; t++) covariance -= (left[t] as number) * (right[t] as number);
        // Rounding can leave the matrix just not positive definite where points lie close together.
        factor[i * m + j] = covariance + (i === j ? LEAST_NOISE : 0);
      }
    }
    if (!factorize(factor, m)) throw new Error("the posterior covariance is not positive definite");
    return (random) => {
      const z = Float64Array.from({ length: m }, () => random.normal());
      return Float64Array.from(means, (mean, i) => {
        let sum = mean;
        for (let j = 0; j <= i; j++) sum += (factor[i * m + j] as number) * (z[j] as number);
        return sum;
      });
    };
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

  /** At x [d]: what one value to be seen there would do to the posterior means at the `contenders`, observations by index. */
  lookahead(contenders: readonly number[]): (x: Float64Array) => Lookahead {
    const d = this.#observations.kinds.length;
    const halves = contenders.map((i) => {
      const { covariances } = this.#covariances(this.#observations.x.subarray(i * d, (i + 1) * d));
      return solveLower(this.#factor, this.#alpha.length, covariances);
    });
    return (x) => this.#lookahead(x, contenders, halves);
  }

  /** `halves`: L^-1 k(X, x_i) of the contenders. */
  #lookahead(x: Float64Array, contenders: readonly number[], halves: readonly Float64Array[]): Lookahead {
    const n = this.#alpha.length;
    const { covariances, slopes } = this.#covariances(x);
    const half = solveLower(this.#factor, n, covariances);
    const variance = this.#deviation(half) ** 2;
    const deviation = Math.sqrt(variance + this.#hyperparameters.noise + LEAST_NOISE); // of the value
    const changes = Float64Array.from(contenders, (i, c) => {
      return ((covariances[i] as number) - dot(halves[c] as Float64Array, half)) / deviation;
    });
    const gradient: Lookahead["gradient"] = (by) => {
      const byDeviation = -(by.change * variance + dot(by.changes, changes) * deviation) / (deviation * deviation);
      const byVariance = by.change / deviation + byDeviation / (2 * deviation);
      // Of the covariances, directly and through `half`.
      const byCovariances = this.#alpha.map((alpha) => by.mean * alpha);
      const byHalf = half.map((each) => -2 * byVariance * each);
      contenders.forEach((i, c) => {
        const byChange = (by.changes[c] as number) / deviation;
        if (byChange === 0) return;
        byCovariances[i] = (byCovariances[i] as number) + byChange;
        const other = halves[c] as Float64Array;
        for (let j = 0; j < n; j++) byHalf[j] = (byHalf[j] as number) - byChange * (other[j] as number);
      });
      const through = solveUpper(this.#factor, n, byHalf);
      return this.#chained(
        x,
        slopes.map((slope, i) => slope * ((byCovariances[i] as number) + (through[i] as number))),
      );
    };
    return { mean: dot(covariances, this.#alpha), change: variance / deviation, changes, gradient };
  }

  /** k(X, x) [n], and its derivatives by r^2. */
  #covariances(x: Float64Array): { readonly covariances: Float64Array; readonly slopes: Float64Array } {
    const { scale } = this.#hyperparameters;
    const n = this.#alpha.length;
    const [covariances, slopes] = [new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {
      const [value, slope] = matern(this.#squared(x, i));
      covariances[i] = scale * value;
      slopes[i] = scale * slope;
    }
    return { covariances, slopes };
  }

  /** The gradient by x [d] of what changes with each observation's r^2 like `bySquared` [n]; zero along a category. */
  #chained(x: Float64Array, bySquared: Float64Array): Float64Array {
    const { kinds, x: points } = this.#observations;
    const d = kinds.length;
    return x.map((coordinate, k) => {
      if (kinds[k] === "category") return 0;
      let sum = 0;
      for (let i = 0; i < bySquared.length; i++) {
        sum += (bySquared[i] as number) * (coordinate - (points[i * d + k] as number));
      }
      return 2 * sum * (this.#inverseSquares[k] as number);
    });
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

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
