// The Bayesian sampler: an initial design, then the point that is expected to better the best mean of a Gaussian process most.
import { deriveKey } from "../random.js";
import { configurationKey } from "../sweep/configuration.js";
import type { PriorTrial } from "../sweep/settings.js";
import { createInside, cubePoint, gridSize, type Parameters, type Space, sizeOf } from "../sweep/space.js";
import { mayGoBetter, type Trial } from "../sweep/trial.js";
import { mostImproving } from "./acquisition.js";
import { decode, dimensionsOf, encode } from "./dimensions.js";
import type { Allowed, History, Sampler } from "./sampler.js";
import { allowedPoints, sobolPoint } from "./sobol.js";
import { surrogateOf } from "./surrogate.js";

/** Trials before the first that follows from others' values. */
export function initialDesignSize(space: Space): number {
  return Math.max(5, 2 * dimensionsOf(space).length + 1);
}

/**
 * At most `runCap` suggestions, no configuration twice. Suggestion n is a function of the study's seed, n, the finished trials in
 * the order of their numbers, and the running ones; with several workers it so depends on which have ended. With a prior, the
 * initial design goes by another study's trials (as in Feurer, Springenberg and Hutter, "Initializing Bayesian Hyperparameter
 * Optimization via Meta-Learning", 2015); what follows, by this study's alone.
 */
export function createBayesSampler(
  space: Space,
  runCap: number,
  allowed: Allowed,
  prior: readonly PriorTrial[] = [],
): Sampler {
  const size = Math.min(runCap, gridSize(space));
  return {
    size,
    suggest(space, history, number) {
      const { known, outside } = insideOf(space, history);
      if (number > Math.min(runCap, gridSize(space) + outside)) return undefined;
      const seen = new Set([...known.finished, ...known.running].map(({ parameters }) => pointKey(space, parameters)));
      const isNew = (point: Parameters) => allowed(point) && !seen.has(pointKey(space, point));
      if (number <= initialDesignSize(space)) {
        return priorPoint(space, prior, known, number, isNew) ?? initialPoint(space, history, isNew);
      }
      const surrogate = surrogateOf(space, known, number);
      if (surrogate === undefined) return initialPoint(space, history, isNew);
      return mostImproving(space, surrogate, deriveKey(history.seed, "acquisition", number), isNew);
    },
  };
}

/** What the trials within the space say, and how many configurations are not: ranges may have been narrowed since they were tried. */
function insideOf(space: Space, history: History): { readonly known: History; readonly outside: number } {
  const isInside = createInside(space);
  const inside = (trials: readonly Trial[]) => trials.filter(({ parameters }) => isInside(parameters));
  const others = [...history.finished, ...history.running].filter(({ parameters }) => !isInside(parameters));
  return {
    known: { ...history, finished: inside(history.finished), running: inside(history.running) },
    outside: new Set(others.map(({ parameters }) => configurationKey(parameters))).size,
  };
}

/** Points of which the prior tells what the better part of the space is, and that part. */
const SCREENED = 128;
const BETTER_SHARE = 1 / 4;

/**
 * The initial design that a prior leads to: its trial of best posterior mean, then new points of the Sobol sequence in the quarter
 * of the space that it expects most of, so that what it does not know is spread as ever. Values of two studies are never
 * compared, since another model or other data give them another scale: of this study's trials, only those that diverged count.
 */
function priorPoint(
  space: Space,
  prior: readonly PriorTrial[],
  { finished, goal, seed }: History,
  number: number,
  isNew: Allowed,
): Parameters | undefined {
  if (prior.length === 0) return undefined;
  const diverged = finished.filter((trial) => trial.state === "failed" && !mayGoBetter(trial.failure));
  const told = { finished: [...prior.map(trialOf), ...diverged], running: [], goal, seed };
  const surrogate = surrogateOf(space, told, number);
  if (surrogate === undefined) return undefined;
  if (number === 1) return surrogate.leaders.map((x) => decode(space, surrogate.dimensions, x)).find(isNew);
  const expected = (point: Parameters) => surrogate.process.mean(encode(surrogate.dimensions, point));
  const key = deriveKey(seed, "initial");
  const means = Array.from({ length: SCREENED }, (_, index) => expected(sobolPoint(space, key, index)));
  const most = means.toSorted((x, y) => x - y)[BETTER_SHARE * SCREENED] as number;
  return allowedPoints(space, key, (point) => isNew(point) && expected(point) <= most).next().value;
}

function trialOf({ parameters, replicate, value }: PriorTrial, index: number): Trial {
  const rates = { base_lr: Number.NaN, lr_ratio: Number.NaN, intro_lr: Number.NaN };
  const common = { number: index + 1, replicate, seed: 0, parameters, rates, startedAt: 0, endedAt: 0 };
  if (value === null) return { ...common, state: "failed", failure: { kind: "diverged", message: "in another study" } };
  return { ...common, state: "complete", value, bestStep: 1 };
}

/** The centre, then a scrambled Sobol sequence: its first point that is new. */
function initialPoint(space: Space, { seed }: History, isNew: Allowed): Parameters | undefined {
  const centre = cubePoint(space, () => 0.5);
  return isNew(centre) ? centre : allowedPoints(space, deriveKey(seed, "initial"), isNew).next().value;
}

/** One text a configuration, whichever order its parameters have. */
function pointKey(space: Space, parameters: Parameters): string {
  const searched = space.filter(({ distribution }) => sizeOf(distribution) > 1);
  return JSON.stringify(searched.map(({ name }) => parameters[name]));
}
