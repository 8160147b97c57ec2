// How a searched parameter's values are spread: W&B's distributions, their finite lists of values and their quantiles.
import { normalProbability, normalQuantile } from "./normal.js";

/** What a parameter's value may be: plain JSON, so that a trial is plain data. */
export type Value = number | string | boolean;

/** Uniform in the value, in its logarithm, or in the logarithm of its inverse; `min` and `max` are values. */
export type RangeKind =
  | "int_uniform"
  | "uniform"
  | "q_uniform"
  | "log_uniform"
  | "q_log_uniform"
  | "inv_log_uniform"
  | "log_uniform_values"
  | "q_log_uniform_values"
  | "inv_log_uniform_values";
export type NormalKind = "normal" | "q_normal" | "log_normal" | "q_log_normal";

export interface RangeDistribution {
  readonly kind: RangeKind;
  /** Of the values; of (q_)log_uniform, of their natural logarithms, of inv_log_uniform, of their inverses' logarithms. */
  readonly min: number;
  readonly max: number;
  /** Values are rounded to multiples of q; only of the kinds that begin with q_. */
  readonly q?: number;
}

export interface NormalDistribution {
  readonly kind: NormalKind;
  /** Mean and standard deviation; of the log kinds, of the natural logarithms. */
  readonly mu: number;
  readonly sigma: number;
  readonly q?: number;
  /** Values outside [least, greatest] are never taken: the distribution is truncated, as if they were drawn again. */
  readonly least?: number;
  readonly greatest?: number;
}

export type Distribution =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "categorical"; readonly values: readonly Value[]; readonly probabilities?: readonly number[] }
  | RangeDistribution
  | NormalDistribution;

/** The values of a distribution that has a list of them, in its order; undefined for any other. */
export function valuesOf(distribution: Distribution): readonly Value[] | undefined {
  switch (distribution.kind) {
    case "constant":
      return [distribution.value];
    case "categorical":
      return distribution.values;
    case "int_uniform":
      return Array.from({ length: sizeOf(distribution) }, (_, i) => distribution.min + i);
    default:
      return undefined;
  }
}

/** How many values there are; infinity where they are not listed. */
export function sizeOf(distribution: Distribution): number {
  if (distribution.kind === "constant") return 1;
  if (distribution.kind === "categorical") return distribution.values.length;
  return distribution.kind === "int_uniform" ? distribution.max - distribution.min + 1 : Number.POSITIVE_INFINITY;
}

/**
 * The value at `u` in [0, 1): the inverse of the cumulative distribution, as in W&B's own search. It rises with u but for
 * categorical (the list's order) and inv_log_uniform_values (it falls, as W&B's does).
 */
export function quantile(distribution: Distribution, u: number): Value {
  if (distribution.kind === "constant") return distribution.value;
  if (distribution.kind === "categorical") return categoryAt(distribution.values, distribution.probabilities, u);
  return "mu" in distribution ? normalAt(distribution, u) : rangeAt(distribution, u);
}

/** The least and the greatest value of a range or a normal distribution; infinite where it has no end. */
export function endsOf(distribution: Distribution): readonly [number, number] {
  if (distribution.kind !== "constant" && "mu" in distribution) {
    const { least, greatest } = allowed(distribution);
    return [least, greatest];
  }
  const ends = [0, 1 - 2 ** -53].map((u) => Number(quantile(distribution, u)));
  return [Math.min(...ends), Math.max(...ends)];
}

function categoryAt(values: readonly Value[], probabilities: readonly number[] | undefined, u: number): Value {
  if (probabilities === undefined) return values[Math.floor(u * values.length)] as Value;
  let upTo = 0;
  const index = probabilities.findIndex((probability) => {
    upTo += probability;
    return u < upTo;
  });
  // Probabilities may sum to a little less than 1.
  return values[index < 0 ? probabilities.findLastIndex((probability) => probability > 0) : index] as Value;
}

function rangeAt({ kind, min, max, q = 1 }: RangeDistribution, u: number): number {
  const linear = clamp(min + u * (max - min), min, max);
  // The logarithm of a bound need not lead back to the bound.
  const logarithmic = (from: number, to: number) => clamp(from * (to / from) ** u, min, max);
  switch (kind) {
    case "int_uniform":
      return min + Math.floor(u * (max - min + 1));
    case "uniform":
      return linear;
    case "q_uniform":
      return multipleOf(q, linear);
    case "log_uniform":
      return Math.exp(linear);
    case "q_log_uniform":
      return multipleOf(q, Math.exp(linear));
    case "inv_log_uniform":
      return Math.exp(-clamp(max + u * (min - max), min, max));
    case "log_uniform_values":
      return logarithmic(min, max);
    case "q_log_uniform_values":
      return multipleOf(q, logarithmic(min, max));
    case "inv_log_uniform_values":
      return logarithmic(max, min);
  }
}

function normalAt(distribution: NormalDistribution, u: number): number {
  const { mu, sigma } = distribution;
  const { low, high } = normalLimits(distribution);
  const x = mu + sigma * normalQuantile(u, low, high);
  const { least, greatest } = allowed(distribution);
  const value = isLog(distribution) ? Math.exp(x) : x;
  return clamp(isQuantized(distribution) ? multipleOf(distribution.q ?? 1, value) : value, least, greatest);
}

/** Where a range's or normal distribution's value lies in [0, 1]: `quantile` backwards, a rounded value's middle. */
export function unitOf(distribution: RangeDistribution | NormalDistribution, value: number): number {
  return clamp("mu" in distribution ? normalUnit(distribution, value) : rangeUnit(distribution, value), 0, 1);
}

function rangeUnit({ kind, min, max }: RangeDistribution, value: number): number {
  switch (kind) {
    case "int_uniform":
      return (value - min + 0.5) / (max - min + 1);
    case "uniform":
    case "q_uniform":
      return (value - min) / (max - min);
    case "log_uniform":
      return (Math.log(value) - min) / (max - min);
    case "q_log_uniform":
      // A multiple of q may be 0.
      return value > 0 ? (Math.log(value) - min) / (max - min) : 0;
    case "inv_log_uniform":
      return (max + Math.log(value)) / (max - min);
    case "log_uniform_values":
    case "q_log_uniform_values":
      // A multiple of q may be 0.
      return value > 0 ? Math.log(value / min) / Math.log(max / min) : 0;
    case "inv_log_uniform_values":
      return Math.log(value / max) / Math.log(min / max);
  }
}

function normalUnit(distribution: NormalDistribution, value: number): number {
  const { mu, sigma } = distribution;
  const { low, high } = normalLimits(distribution);
  const x = isLog(distribution) ? Math.log(Math.max(0, value)) : value;
  const start = normalProbability(low);
  return (normalProbability((x - mu) / sigma) - start) / (normalProbability(high) - start);
}

/** The z between which an underlying standard normal value gives allowed values; low >= high where none does. */
export function normalLimits(distribution: NormalDistribution): { readonly low: number; readonly high: number } {
  const { mu, sigma, q = 1 } = distribution;
  const { least, greatest } = allowed(distribution);
  // Half a step to each side is rounded to the outermost multiples.
  const reach = isQuantized(distribution) ? q / 2 : 0;
  const z = (value: number) => ((isLog(distribution) ? Math.log(Math.max(0, value)) : value) - mu) / sigma;
  return { low: z(least - reach), high: z(greatest + reach) };
}

/** The outermost values, for quantized kinds multiples of q. */
function allowed(distribution: NormalDistribution): { readonly least: number; readonly greatest: number } {
  const { least = Number.NEGATIVE_INFINITY, greatest = Number.MAX_VALUE, q = 1 } = distribution;
  if (!isQuantized(distribution)) return { least, greatest };
  const upwards = Number.isFinite(least) ? tidy(Math.ceil(least / q) * q) : least;
  const downwards = distribution.greatest === undefined ? greatest : tidy(Math.floor(greatest / q) * q);
  return { least: upwards, greatest: downwards };
}

function isLog({ kind }: NormalDistribution): boolean {
  return kind === "log_normal" || kind === "q_log_normal";
}

function isQuantized({ kind }: NormalDistribution): boolean {
  return kind === "q_normal" || kind === "q_log_normal";
}

function multipleOf(q: number, value: number): number {
  return tidy(Math.round(value / q) * q);
}

/** Without the last digits' rounding errors: 0.3, not 0.30000000000000004. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
