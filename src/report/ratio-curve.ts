// The metric over the learning-rate ratio, by the study's model, and where the best ratio lies: with an interval, since a few trials
// leave much open. Notation: g a ratio of the grid, others(g) the values of all other parameters that do best there.
import type { Model } from "../planner/belief.js";
import { encode } from "../planner/dimensions.js";
import { deriveKey, Random } from "../random.js";
import { resolveRates } from "../sweep/resolve.js";
import type { Sweep } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import { hasDiverged, type Trial } from "../sweep/trial.js";
import { type StudyModel, studyModel } from "./study-model.js";

/** A mean and the interval that holds the value without noise with 95 % probability, in the metric's units. */
export interface Band {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The best ratio, and the interval that holds it with 95 % probability. */
export interface RatioEstimate {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface RatioCurve {
  /** Ascending, even on a logarithmic scale, from the lowest to the highest that was tried. */
  readonly ratios: readonly number[];
  /** At each ratio, with the other parameters as they do best there. */
  readonly profile: readonly Band[];
  readonly best: RatioEstimate;
  /** Ratios whose profile is within one seed's noise of the best. */
  readonly withinNoise: { readonly low: number; readonly high: number };
  /** The share of trials that would diverge at each ratio, from those near it. */
  readonly divergence: readonly number[];
}

const RATIOS = 49;

/** Values of the other parameters that stand for all of them at a ratio. */
const OTHERS = 4;

/** Of the profile, under each of the model's processes. */
const DRAWS_EACH = 64;

/** Configurations with a value, below which a curve would be guesswork. */
const FEWEST = 6;

/** Undefined where the ratio was not searched, or too little is known. */
export function ratioCurveOf(
  { space, settings, metric, seed }: Pick<Sweep, "space" | "settings" | "metric" | "seed">,
  trials: readonly Trial[],
  model: StudyModel = studyModel({ space, metric, seed }, trials),
): RatioCurve | undefined {
  const ended = trials.filter((trial) => "endedAt" in trial);
  const tried = [...new Set(ended.flatMap((trial) => (trial.state === "complete" ? trial.rates.lr_ratio : [])))];
  const [least, greatest] = [Math.min(...tried), Math.max(...tried)];
  if (tried.length < 3 || greatest < 1.5 * least) return undefined;
  if (model === undefined || model.observed.length < FEWEST) return undefined;
  const ratios = Array.from({ length: RATIOS }, (_, i) => least * (greatest / least) ** (i / (RATIOS - 1)));
  const points = ratios.map((ratio) => pointsAt(ratio, model, settings.fixed));
  if (points.some((some) => some.length === 0)) return undefined;
  const draws = profileDraws(model, points, new Random(deriveKey(seed, "ratio-curve")));
  const sign = metric.goal === "minimize" ? 1 : -1;
  const profile = ratios.map((_, g) =>
    bandOf(
      draws.map((draw) => draw[g] as number),
      (target) => sign * model.scale.valueOf(target),
    ),
  );
  const best = bestOf(ratios, draws);
  const divergence = divergenceAt(ratios, ended);
  return { ratios, profile, best, withinNoise: withinNoise(ratios, draws, best, model), divergence };
}

/** Coordinates [d] of the configurations tried, moved to the ratio: those that are expected to do best there. */
function pointsAt(ratio: number, { dimensions, observed, processes }: Model, fixed: Parameters): Float64Array[] {
  const moved = observed.flatMap(({ trial }) => {
    const parameters = atRatio(ratio, trial.parameters, fixed);
    const point = parameters && encode(dimensions, parameters);
    // A rate may have to leave its range for the ratio: nothing is known there.
    return point && [...point].every((at) => at > -0.02 && at < 1.02) ? [point] : [];
  });
  const some = processes.filter((_, i) => i % 8 === 0);
  const expected = (point: Float64Array) => some.reduce((sum, process) => sum + process.mean(point), 0);
  const distinct = [...new Map(moved.map((point) => [point.join(), point])).values()];
  return distinct
    .map((point) => ({ point, mean: expected(point) }))
    .sort((a, b) => a.mean - b.mean)
    .slice(0, OTHERS)
    .map(({ point }) => point);
}

/** The configuration at another ratio, by the searched rate that makes it; undefined where none does. */
function atRatio(ratio: number, parameters: Parameters, fixed: Parameters): Parameters | undefined {
  if ("lr_ratio" in parameters) return { ...parameters, lr_ratio: ratio };
  const { base_lr, intro_lr } = resolveRates({ ...fixed, ...parameters });
  if ("intro_lr" in parameters) return { ...parameters, intro_lr: base_lr * ratio };
  return "base_lr" in parameters && "intro_lr" in fixed ? { ...parameters, base_lr: intro_lr / ratio } : undefined;
}

/** Draws of the profile [ratios], as targets: at each ratio the best of its points, all points drawn together. */
function profileDraws(model: Model, points: readonly Float64Array[][], random: Random): readonly Float64Array[] {
  const all = points.flat();
  return model.processes.flatMap((process) => {
    const draw = process.jointly(all);
    return Array.from({ length: DRAWS_EACH }, () => {
      const values = draw(random);
      let at = 0;
      return Float64Array.from(points, (some) => {
        at += some.length;
        return Math.min(...values.subarray(at - some.length, at));
      });
    });
  });
}

function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

function bandOf(targets: readonly number[], metricOf: (target: number) => number): Band {
  const sorted = Float64Array.from(targets).sort();
  const ends = [metricOf(quantile(sorted, 0.025)), metricOf(quantile(sorted, 0.975))];
  return { mean: metricOf(quantile(sorted, 0.5)), low: Math.min(...ends), high: Math.max(...ends) };
}

/** The ratio at which the mean profile is lowest, and the middle 95 % of where the draws are. */
function bestOf(ratios: readonly number[], draws: readonly Float64Array[]): RatioEstimate {
  const lowest = Float64Array.from(draws, (draw) => ratios[draw.indexOf(Math.min(...draw))] as number).sort();
  const means = ratios.map((_, g) => draws.reduce((sum, draw) => sum + (draw[g] as number), 0));
  const ratio = ratios[means.indexOf(Math.min(...means))] as number;
  return {
    ratio,
    low: Math.min(ratio, quantile(lowest, 0.025)),
    high: Math.max(ratio, quantile(lowest, 0.975)),
  };
}

function withinNoise(
  ratios: readonly number[],
  draws: readonly Float64Array[],
  best: RatioEstimate,
  { processes }: Model,
): RatioCurve["withinNoise"] {
  const noise = Math.sqrt(processes.reduce((sum, process) => sum + process.noise, 0) / processes.length);
  const at = ratios.indexOf(best.ratio);
  const above = (g: number) =>
    draws.reduce((sum, draw) => sum + (draw[g] as number) - (draw[at] as number), 0) / draws.length;
  const near = ratios.filter((_, g) => above(g) <= noise);
  return { low: Math.min(...near), high: Math.max(...near) };
}

/** The width, in powers of ten, over which trials say something of a ratio's divergence. */
const BANDWIDTH = 0.25;

/** Kernel-weighted frequency, drawn towards one half by one trial's weight, as Jeffreys' prior does. */
function divergenceAt(ratios: readonly number[], ended: readonly Trial[]): readonly number[] {
  const counted = ended.filter((trial) => trial.state === "complete" || hasDiverged(trial) || trial.state === "pruned");
  if (!counted.some(hasDiverged)) return ratios.map(() => 0);
  return ratios.map((ratio) => {
    const weights = counted.map((trial) =>
      Math.exp(-((Math.log10(trial.rates.lr_ratio / ratio) / BANDWIDTH) ** 2) / 2),
    );
    const [all, diverged] = counted.reduce(
      ([all, diverged], trial, i) => {
        const weight = weights[i] as number;
        return [all + weight, diverged + (hasDiverged(trial) ? weight : 0)] as const;
      },
      [1, 0.5] as readonly [number, number],
    );
    return diverged / all;
  });
}
