// What is believed of configurations after a study's trials: their values, and which of those tried is the best. Averaged over
// draws of the hyperparameters: the single most probable ones leave out how little few trials say of them.
import { fitHyperparameters, GaussianProcess } from "../gp/gp.js";
import { sampleHyperparameters } from "../gp/sample.js";
import { deriveKey, Random } from "../random.js";
import type { Parameters, Space } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";
import { type Dimension, dimensionsOf, encode } from "./dimensions.js";
import type { History } from "./sampler.js";
import {
  modelled,
  type Observed,
  observationsOf,
  observedTrials,
  representative,
  type Scale,
  scaleOf,
} from "./surrogate.js";

/** Draws of the hyperparameters, and of the values under each of them. */
const HYPERPARAMETERS = 32;
const DRAWS_EACH = 256;

export interface Belief {
  /** A configuration's value without noise: mean, and half the width of the interval that holds it with 68 %. */
  at(parameters: Parameters): { readonly mean: number; readonly deviation: number };
  /** For each complete configuration, by its first complete trial, the probability that its value is the best of them. */
  chances(): readonly { readonly trial: Trial; readonly probability: number }[];
}

/** What stands behind a belief: processes over targets, of which the lowest is best, equally probable each. */
export interface Model {
  readonly dimensions: readonly Dimension[];
  readonly observed: readonly Observed[];
  /** Between costs, the lowest best, and targets. */
  readonly scale: Scale;
  readonly processes: readonly GaussianProcess[];
}

/** Undefined before two configurations have a value. The draws are seeded by the history's seed. */
export function modelOf(space: Space, history: History): Model | undefined {
  const observed = modelled(observedTrials(history));
  if (observed.length < 2) return undefined;
  const dimensions = dimensionsOf(space);
  const values = observed.map(({ value }) => value);
  const scale = scaleOf(values);
  const targets = values.map(scale.targetOf);
  const points = observed.map(({ trial }) => encode(dimensions, trial.parameters));
  const seeds = observed.map((entry) => entry.seeds);
  const fitted = representative(targets);
  const of = <T>(all: readonly T[]) => fitted.map((i) => all[i] as T);
  const observations = observationsOf(dimensions, of(points), of(targets), of(seeds));
  const start = fitHyperparameters(observations, deriveKey(history.seed, "fit", 0));
  const key = deriveKey(history.seed, "hyperparameters");
  const all = observationsOf(dimensions, points, targets, seeds);
  const processes = sampleHyperparameters(observations, start, HYPERPARAMETERS, key).map(
    (hyperparameters) => new GaussianProcess(all, hyperparameters),
  );
  return { dimensions, observed, scale, processes };
}

/** Undefined before two configurations have a value. */
export function beliefOf(space: Space, history: History): Belief | undefined {
  const model = modelOf(space, history);
  if (model === undefined) return undefined;
  const { dimensions, observed, scale, processes } = model;
  const sign = history.goal === "minimize" ? 1 : -1;
  return {
    at(parameters) {
      const point = encode(dimensions, parameters);
      const { mean, deviation } = mixture(processes.map((process) => process.at(point)));
      const [low, high] = [scale.valueOf(mean - deviation), scale.valueOf(mean + deviation)];
      return { mean: sign * scale.valueOf(mean), deviation: (high - low) / 2 };
    },
    chances() {
      const candidates = observed.filter(({ trial }) => trial.state === "complete" && Number.isFinite(trial.value));
      const at = candidates.map(({ trial }) => encode(dimensions, trial.parameters));
      const wins = winsOf(processes, at, new Random(deriveKey(history.seed, "chances")));
      const draws = processes.length * DRAWS_EACH;
      return candidates.map(({ trial }, i) => ({ trial, probability: (wins[i] as number) / draws }));
    },
  };
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** Of equal parts of normal distributions. */
function mixture(parts: readonly Moments[]): Moments {
  const mean = parts.reduce((sum, part) => sum + part.mean, 0) / parts.length;
  const square = parts.reduce((sum, part) => sum + part.deviation ** 2 + (part.mean - mean) ** 2, 0) / parts.length;
  return { mean, deviation: Math.sqrt(square) };
}

/** In how many joint draws of the values at the points each is the lowest. */
function winsOf(processes: readonly GaussianProcess[], points: readonly Float64Array[], random: Random): Float64Array {
  const wins = new Float64Array(points.length);
  for (const process of processes) {
    const draw = process.jointly(points);
    for (let i = 0; i < DRAWS_EACH; i++) {
      const values = draw(random);
      let best = 0;
      for (let j = 1; j < values.length; j++) if ((values[j] as number) < (values[best] as number)) best = j;
      wins[best] = (wins[best] as number) + 1;
    }
  }
  return wins;
}
