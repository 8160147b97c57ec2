// What decides the metric: Sobol indices of the surrogate's mean, each parameter's share of its variance over the search space.
// Notation: A, B [N, d] independent points; AB_i is A with column i from B; f the posterior mean.
//   S_i = mean(f(B) (f(AB_i) - f(A))) / Var f,   T_i = mean((f(A) - f(AB_i))^2) / (2 Var f)
// (Saltelli et al., "Variance based sensitivity analysis of model output", 2010, table 2: (b) and (f)).
import type { Model } from "../planner/belief.js";
import type { Dimension } from "../planner/dimensions.js";
import { SOBOL_DIMENSIONS, scrambledSobol } from "../planner/sobol-sequence.js";
import { deriveKey } from "../random.js";
import { meanOf } from "../sweep/configuration.js";
import type { Sweep } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";
import { type StudyModel, studyModel } from "./study-model.js";

export interface Importance {
  readonly name: string;
  /** By itself. */
  readonly first: number;
  /** With its interactions; the shares of several parameters may add up to more than 1. */
  readonly total: number;
  /** The total's interval over the model's hyperparameters, 90 %. */
  readonly low: number;
  readonly high: number;
}

const POINTS = 512;

/** One process of the model in so many; each is looked at in (d + 2) N points. */
const EVERY = 2;

/** Undefined where one parameter was searched, or fewer configurations have a value than could tell them apart. The largest total first. */
export function importanceOf(
  sweep: Pick<Sweep, "space" | "metric" | "seed">,
  trials: readonly Trial[],
  model: StudyModel = studyModel(sweep, trials),
): readonly Importance[] | undefined {
  if (model === undefined || model.dimensions.length < 2) return undefined;
  if (model.observed.length < Math.max(10, 4 * model.dimensions.length)) return undefined;
  const shares = model.processes
    .filter((_, i) => i % EVERY === 0)
    .flatMap((process) => indices(model, (x) => process.mean(x), deriveKey(sweep.seed, "importance")) ?? []);
  // A surface without any slope has no shares.
  if (shares.length === 0) return undefined;
  return model.dimensions
    .map(({ name }, i) => {
      const totals = shares.map(({ total }) => total[i] as number).sort((a, b) => a - b);
      const at = (share: number) => totals[Math.round(share * (totals.length - 1))] as number;
      const first = meanOf(shares.map((share) => share.first[i] as number)).mean;
      return {
        name,
        first: within(first),
        total: within(meanOf(totals).mean),
        low: within(at(0.05)),
        high: within(at(0.95)),
      };
    })
    .sort((a, b) => b.total - a.total);
}

/** S and T [d] of one function; undefined where it has no variance. */
function indices({ dimensions }: Model, f: (x: Float64Array) => number, key: number) {
  // Even points, A and B of one sequence in 2 d dimensions: random ones would be off by some per cent.
  const points = (from: number) =>
    Array.from({ length: POINTS }, (_, row) =>
      Float64Array.from(dimensions, (dimension, i) => {
        return coordinate(dimension, scrambledSobol(row, (from + i) % SOBOL_DIMENSIONS, deriveKey(key, from + i)));
      }),
    );
  const A = points(0);
  const B = points(dimensions.length);
  const [a, b] = [A.map(f), B.map(f)];
  const all = [...a, ...b];
  const centre = meanOf(all).mean;
  const variance = meanOf(all.map((value) => (value - centre) ** 2)).mean;
  if (variance < 1e-9) return undefined;
  const [first, total]: [number[], number[]] = [[], []];
  dimensions.forEach((_, i) => {
    const mixed = A.map((point, row) => f(point.with(i, (B[row] as Float64Array)[i] as number)));
    // Centred, so that the product's own mean adds no noise.
    first.push(
      meanOf(mixed.map((value, row) => ((b[row] as number) - centre) * (value - (a[row] as number)))).mean / variance,
    );
    total.push(meanOf(mixed.map((value, row) => ((a[row] as number) - value) ** 2)).mean / (2 * variance));
  });
  return { first, total };
}

/** Of one searched parameter: a list's values are equally likely, a range's coordinate is even already. */
function coordinate(dimension: Dimension, u: number): number {
  if (!("levels" in dimension)) return u;
  return dimension.levels[Math.floor(u * dimension.levels.length)]?.coordinate ?? 0;
}

/** Estimates of shares near their ends lie beyond them. */
function within(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** The parameters in one line, those of next to no share together. */
export function importanceLine(importance: readonly Importance[], metric: string): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const some = importance.filter(({ total }) => total >= 0.01);
  const rest = importance.filter(({ total }) => total < 0.01).map(({ name }) => name);
  const told = some.map(
    ({ name, total, low, high }) => `${name} ${percent(total)} (${percent(low)} to ${percent(high)})`,
  );
  const little = rest.length > 0 ? [`${rest.join(", ")} under 1 %`] : [];
  return `what decides the ${metric}, as shares of its variance over the search space: ${[...told, ...little].join(", ")}`;
}
