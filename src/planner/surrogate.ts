// What a study's trials say about its space: a Gaussian process over the values of those that ended.
import { fitHyperparameters, GaussianProcess, type Lookahead } from "../gp/gp.js";
import type { Observations } from "../gp/kernel.js";
import { deriveKey } from "../random.js";
import { configurationsOf, meanOf } from "../sweep/configuration.js";
import type { Parameters, Space } from "../sweep/space.js";
import { hasDiverged, type Trial } from "../sweep/trial.js";
import { type Dimension, dimensionsOf, encode } from "./dimensions.js";
import type { History } from "./sampler.js";

export interface Surrogate {
  readonly dimensions: readonly Dimension[];
  /** Over targets of which the lowest is best. */
  readonly process: GaussianProcess;
  /** The best trial by posterior mean, and that mean: the best value seen would be biased by its noise. */
  readonly best: { readonly trial: Trial; readonly mean: number };
  /** Posterior means of the configurations of which one may turn out the best: one that was pruned has no value that could be. */
  readonly contenders: readonly { readonly mean: number }[];
  /** What one more value would do to the contenders' means. */
  readonly lookahead: (x: Float64Array) => Lookahead;
  /** As encode() gives them; the observed configurations', the best by posterior mean first. */
  readonly leaders: readonly Float64Array[];
}

export interface Observed {
  /** The configuration's first complete trial, or its first. */
  readonly trial: Trial;
  /** The mean of so many seeds' values. */
  readonly value: number;
  readonly seeds: number;
}

/** Fitting takes the cube of the number of trials; more than these say little more about the hyperparameters. */
const MOST_FITTED = 80;

/** Others are far from being the best, and each takes time at every point that is looked at. */
const MOST_CONTENDERS = 30;

/** A posterior takes the cube of the number of trials, and a mean its square: with ten thousand, hours and gigabytes. */
const MOST_MODELLED = 400;

/**
 * The surrogate of the finished trials, with the running ones at their posterior mean (the "kriging believer" of Ginsbourger et
 * al., 2010), so that no suggestion repeats one; undefined before two trials have a value.
 */
export function surrogateOf(space: Space, history: History, number: number): Surrogate | undefined {
  const observed = modelled(observedTrials(history));
  if (observed.length < 2) return undefined;
  const dimensions = dimensionsOf(space);
  const values = observed.map(({ value }) => value);
  const targets = values.map(scaleOf(values).targetOf);
  const points = observed.map(({ trial }) => encode(dimensions, trial.parameters));
  const seeds = observed.map((entry) => entry.seeds);
  const fitted = representative(targets);
  const of = <T>(all: readonly T[]) => fitted.map((i) => all[i] as T);
  const hyperparameters = fitHyperparameters(
    observationsOf(dimensions, of(points), of(targets), of(seeds)),
    deriveKey(history.seed, "fit", number),
  );
  const known = new GaussianProcess(observationsOf(dimensions, points, targets, seeds), hyperparameters);
  const means = points.map((point) => known.mean(point));
  const order = means.map((_, i) => i).sort((a, b) => (means[a] as number) - (means[b] as number));
  const complete = order.filter((i) => observed[i]?.trial.state === "complete");
  const contenders = (complete.length > 0 ? complete : order).slice(0, MOST_CONTENDERS);
  const first = contenders[0] as number;
  const unended = history.running.filter(({ number }) => !history.prunedValues?.has(number));
  const pending = configurationsOf(unended).map(({ parameters }) => encode(dimensions, parameters));
  const believed = [...targets, ...pending.map((point) => known.mean(point))];
  const believedSeeds = [...seeds, ...pending.map(() => 1)];
  const process =
    pending.length === 0
      ? known
      : new GaussianProcess(
          observationsOf(dimensions, [...points, ...pending], believed, believedSeeds),
          hyperparameters,
        );
  return {
    dimensions,
    process,
    best: { trial: (observed[first] as Observed).trial, mean: means[first] as number },
    contenders: contenders.map((i) => ({ mean: means[i] as number })),
    lookahead: process.lookahead(contenders),
    leaders: order.map((i) => points[i] as Float64Array),
  };
}

/** The parameters of the finished trial of best posterior mean; undefined before two trials have a value. */
export function recommend(space: Space, history: History): Parameters | undefined {
  return surrogateOf(space, { ...history, running: [] }, 0)?.best.trial.parameters;
}

/**
 * Configurations with a value, the lowest best: the mean of those of their seeds that have one; of pruned and paused trials the
 * value that they are expected to have come to. One that diverged on every seed is as bad as the worst: it would diverge again.
 * A crash or a timeout says nothing about its configuration's value.
 */
export function observedTrials({ finished, running, goal, prunedValues }: History): readonly Observed[] {
  const sign = goal === "minimize" ? 1 : -1;
  const valueIn = (trial: Trial) => (trial.state === "complete" ? trial.value : prunedValues?.get(trial.number));
  const paused = running.filter(({ number }) => prunedValues?.has(number));
  const told = [...finished, ...paused].sort((a, b) => a.number - b.number);
  const configurations = configurationsOf(told).map(({ trials }) => {
    const values = trials.flatMap((trial) => {
      const value = valueIn(trial);
      return value !== undefined && Number.isFinite(value) ? [sign * value] : [];
    });
    return { trial: trials.find(({ state }) => state === "complete") ?? (trials[0] as Trial), trials, values };
  });
  const valued = configurations.flatMap(({ trial, values }) => {
    return values.length > 0 ? [{ trial, value: meanOf(values).mean, seeds: values.length }] : [];
  });
  if (valued.length === 0) return [];
  const value = Math.max(...valued.map((entry) => entry.value));
  const bad = configurations.filter(({ trials, values }) => values.length === 0 && trials.some(isBad));
  return [...valued, ...bad.map(({ trial }) => ({ trial, value, seeds: 1 }))].sort(
    (a, b) => a.trial.number - b.trial.number,
  );
}

function isBad(trial: Trial): boolean {
  return hasDiverged(trial) || (trial.state === "complete" && !Number.isFinite(trial.value));
}

/** Deviations above the median at which the logarithm is half as steep. */
const GENTLE = 6;

/** Between values, the lowest best, and the targets of a Gaussian process. */
export interface Scale {
  targetOf(value: number): number;
  valueOf(target: number): number;
}

/**
 * Targets of mean 0 and deviation 1 for these values. Values above their median are drawn in by a logarithm first, in units of the
 * deviation of the lower half, so that bad regions do not set the scale, while noise among good values keeps its meaning. The
 * logarithm begins gently: noise about the median is hardly bent by it.
 */
export function scaleOf(values: readonly number[]): Scale {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted[(values.length - 1) >> 1] as number) / 2 + (sorted[values.length >> 1] as number) / 2;
  const lower = sorted.filter((value) => value <= middle).map((value) => (value - middle) ** 2);
  const unit = Math.sqrt(mean(lower)) || 1;
  const warp = (value: number) => {
    const z = (value - middle) / unit;
    return z > 0 ? GENTLE * Math.log1p(z / GENTLE) : z;
  };
  const warped = values.map(warp);
  const centre = mean(warped);
  const deviation = Math.sqrt(mean(warped.map((value) => (value - centre) ** 2))) || 1;
  return {
    targetOf: (value) => (warp(value) - centre) / deviation,
    valueOf(target) {
      const z = target * deviation + centre;
      return middle + unit * (z > 0 ? GENTLE * Math.expm1(z / GENTLE) : z);
    },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** All observations, or so many that stand for them, in the order of their numbers. */
export function modelled(observed: readonly Observed[]): readonly Observed[] {
  if (observed.length <= MOST_MODELLED) return observed;
  const values = observed.map(({ value }) => value);
  return representative(values, MOST_MODELLED)
    .map((i) => observed[i] as Observed)
    .sort((a, b) => a.trial.number - b.trial.number);
}

/** Indices of `most` targets at most: of more, half of these are the best ones, the others come evenly from the rest. */
export function representative(targets: readonly number[], most = MOST_FITTED): readonly number[] {
  const indices = targets.map((_, i) => i);
  if (targets.length <= most) return indices;
  const order = indices.sort((a, b) => (targets[a] as number) - (targets[b] as number));
  const half = most / 2;
  const stride = (order.length - half) / half;
  const spread = Array.from({ length: half }, (_, i) => order[half + Math.floor(i * stride)] as number);
  return [...order.slice(0, half), ...spread];
}

export function observationsOf(
  dimensions: readonly Dimension[],
  points: readonly Float64Array[],
  targets: readonly number[],
  seeds: readonly number[],
): Observations {
  const x = new Float64Array(points.length * dimensions.length);
  points.forEach((point, i) => {
    x.set(point, i * dimensions.length);
  });
  const kinds = dimensions.map(({ kind }) => kind);
  return { kinds, x, y: Float64Array.from(targets), averaged: Float64Array.from(seeds) };
}
