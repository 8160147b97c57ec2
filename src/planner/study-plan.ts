// What a study runs, trial by trial: the search, each configuration with all of its seeds; then the finals. A pure function of
// the trials so far, so that a study that was cut goes on from what is stored.
import {
  type Configuration,
  configurationKey,
  configurationsOf,
  isRatioOne,
  rankConfigurations,
} from "../sweep/configuration.js";
import { createAllowed } from "../sweep/constraints.js";
import { enqueuedProblem } from "../sweep/enqueued.js";
import { resolveRates } from "../sweep/resolve.js";
import type { Final, Sweep } from "../sweep/settings.js";
import { createInside, type Parameters } from "../sweep/space.js";
import { mayGoBetter, type Trial } from "../sweep/trial.js";
import { dimensionsOf, encode } from "./dimensions.js";
import type { History, Sampler } from "./sampler.js";
import { surrogateOf } from "./surrogate.js";

export interface PlannedTrial {
  readonly parameters: Parameters;
  readonly replicate: number;
}

export interface StudyPlan {
  /** The next trial; undefined where none is left, or where it depends on trials that have not ended. `trials` are in any state. */
  next(history: History, trials: readonly Trial[]): PlannedTrial | undefined;
  /** Trials in all, where that is bounded: the most that it may be, until the finals are known. */
  total(history: History, trials: readonly Trial[]): number | undefined;
  /** Configurations that the search comes to at most, where that is bounded. */
  searched(trials: readonly Trial[]): number | undefined;
}

export function createStudyPlan(sweep: Sweep, sampler: Sampler): StudyPlan {
  const { replicates = 1, final } = sweep;
  const searchHasEnded = (history: History, trials: readonly Trial[]) => {
    const ended = searchTrials(trials, replicates).every((trial) => "endedAt" in trial);
    return ended && nextOfSearch(sweep, sampler, history, trials) === undefined;
  };
  return {
    next(history, trials) {
      const next = nextOfSearch(sweep, sampler, history, trials);
      if (next !== undefined || final === undefined || !searchHasEnded(history, trials)) return next;
      return openFinals(sweep, final, trials)[0];
    },
    total(history, trials) {
      const size = searchSize(sweep, sampler, trials);
      if (size === undefined || final === undefined) return size && size * replicates;
      if (searchHasEnded(history, trials)) return trials.length + openFinals(sweep, final, trials).length;
      return size * replicates + mostFinals(size, replicates, final);
    },
    searched: (trials) => searchSize(sweep, sampler, trials),
  };
}

/** Configurations of the search, those that its space had before it was changed among them. */
function searchSize(
  { space, constraints = [], settings, runCap = Number.POSITIVE_INFINITY }: Sweep,
  { size }: Sampler,
  trials: readonly Trial[],
): number | undefined {
  if (size === undefined) return undefined;
  const [isInside, isAllowed] = [createInside(space), createAllowed(constraints, settings.fixed)];
  const searched = searchedOf(trials);
  const outside = searched.filter(({ parameters }) => !isInside(parameters) || !isAllowed(parameters));
  return Math.max(searched.length, Math.min(runCap, size + outside.length));
}

/** The leaders' and the baseline's further seeds; a baseline that the search did not try needs the search's seeds too. */
function mostFinals(searched: number, replicates: number, { top, seeds }: Final): number {
  return Math.min(top, searched) * (seeds - replicates) + seeds;
}

/** First the seeds that configurations lack, in the order of the configurations; then the sampler's next suggestion. */
function nextOfSearch(
  { space, replicates = 1 }: Sweep,
  sampler: Sampler,
  history: History,
  trials: readonly Trial[],
): PlannedTrial | undefined {
  const configurations = searchedOf(trials);
  const [open] = configurations.flatMap((configuration) => missing(configuration, 0, replicates));
  if (open) return open;
  const parameters = sampler.suggest(space, history, configurations.length + 1);
  return parameters && { parameters, replicate: 0 };
}

/** The search's configurations begin with their first seed, a baseline that the finals add with a later one. */
function searchedOf(trials: readonly Trial[]): readonly Configuration[] {
  return configurationsOf(trials).filter((configuration) => configuration.trials[0]?.replicate === 0);
}

/** Replicates in [from, to) that the configuration has no trial of. */
function missing(
  { parameters, trials }: Pick<Configuration, "parameters" | "trials">,
  from: number,
  to: number,
): readonly PlannedTrial[] {
  const known = new Set(trials.map(({ replicate }) => replicate));
  const wanted = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  return wanted.filter((replicate) => !known.has(replicate)).map((replicate) => ({ parameters, replicate }));
}

/** Trials of the search's seeds. Those of the finals change nothing about who the leaders are. */
function searchTrials(trials: readonly Trial[], replicates: number): readonly Trial[] {
  return searchedOf(trials).flatMap((configuration) => {
    return configuration.trials.filter(({ replicate }) => replicate < replicates);
  });
}

/** Seed by seed, so that at any time all finalists have the same ones. */
function openFinals(sweep: Sweep, final: Final, trials: readonly Trial[]): readonly PlannedTrial[] {
  const { replicates = 1 } = sweep;
  const finalists = finalistsOf(sweep, final, searchTrials(trials, replicates));
  const known = distinct(configurationsOf(trials));
  const open = finalists.map((parameters) => {
    const key = configurationKey(parameters);
    return { parameters, trials: known.find((one) => configurationKey(one.parameters) === key)?.trials ?? [] };
  });
  const later = open.flatMap((one) => missing(one, replicates, final.seeds));
  return [
    ...later.toSorted((a, b) => a.replicate - b.replicate),
    // Last, since a configuration that begins with its first seed is one of the search.
    ...open.flatMap((one) => missing(one, 0, replicates)),
  ];
}

/** The leaders, the best first, and the best at ratio 1 where it is none of them. `trials`: the search's. */
export function finalistsOf(sweep: Sweep, { top }: Final, trials: readonly Trial[]): readonly Parameters[] {
  const ranked = rankedByModel(sweep, trials);
  const leaders = ranked.configurations.slice(0, top).map(({ parameters }) => parameters);
  const tried = ranked.configurations.find(({ rates }) => isRatioOne(rates))?.parameters;
  const baseline = tried ?? movedBaseline(sweep, trials, ranked);
  const isLeader = leaders.some((leader) => baseline && configurationKey(leader) === configurationKey(baseline));
  return baseline === undefined || isLeader ? leaders : [...leaders, baseline];
}

/** The first of those with equal parameters. */
function distinct<T extends Configuration>(configurations: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return configurations.filter(({ parameters }) => {
    const key = configurationKey(parameters);
    return !seen.has(key) && seen.add(key);
  });
}

interface ModelRanking {
  /** Complete ones, each once, the best first. */
  readonly configurations: readonly Configuration[];
  /** What a configuration is expected to give, the lowest best; undefined without a surrogate. */
  readonly expected: ((parameters: Parameters) => number) | undefined;
}

/** A Gaussian process over more takes seconds; of more trials than these it sees the best. */
const MOST_MODELLED = 200;

/** By posterior mean where the space has a numeric dimension, all configurations, and a surrogate; else by mean value. */
function rankedByModel({ space, metric, seed }: Sweep, trials: readonly Trial[]): ModelRanking {
  const ranked = distinct(rankConfigurations(trials, metric.goal));
  const modelled = ranked.slice(0, MOST_MODELLED);
  const best = modelled.flatMap((configuration) => configuration.trials).sort((a, b) => a.number - b.number);
  const finished = trials.length > MOST_MODELLED ? best : trials;
  const dimensions = dimensionsOf(space);
  const isInside = createInside(space);
  // The surrogate knows the space as it is now.
  const fits = dimensions.some(({ kind }) => kind === "number") && ranked.every((one) => isInside(one.parameters));
  const surrogate = fits ? surrogateOf(space, { finished, running: [], goal: metric.goal, seed }, 0) : undefined;
  if (surrogate === undefined) return { configurations: ranked, expected: undefined };
  const expected = (parameters: Parameters) => surrogate.process.mean(encode(dimensions, parameters));
  const means = new Map(modelled.map((configuration) => [configuration, expected(configuration.parameters)]));
  const byMean = modelled.toSorted((a, b) => (means.get(a) as number) - (means.get(b) as number));
  return { configurations: [...byMean, ...ranked.slice(MOST_MODELLED)], expected };
}

/**
 * Where no trial at ratio 1 is complete: of the complete configurations, moved to ratio 1, the one that is expected to do best.
 * It may be one that was stopped early, but none that diverged, which would diverge again.
 */
function movedBaseline(
  sweep: Sweep,
  trials: readonly Trial[],
  { configurations, expected }: ModelRanking,
): Parameters | undefined {
  const failed = trials.filter((trial) => trial.state === "failed" && !mayGoBetter(trial.failure));
  const diverged = new Set(failed.map(({ parameters }) => configurationKey(parameters)));
  const candidates = configurations
    .map((configuration) => atRatioOne(sweep, configuration))
    .filter((parameters) => parameters !== undefined)
    .filter((parameters) => !diverged.has(configurationKey(parameters)));
  if (expected === undefined) return candidates[0];
  return candidates.toSorted((a, b) => expected(a) - expected(b))[0];
}

/** The same configuration at ratio 1, with the same base_lr where that leads there; undefined where the sweep has none. */
function atRatioOne(
  { space, constraints = [], settings }: Sweep,
  { parameters, rates }: Configuration,
): Parameters | undefined {
  const changes: Parameters[] = [{ lr_ratio: 1 }, { intro_lr: rates.base_lr }, { base_lr: rates.intro_lr }];
  const isAllowed = createAllowed(constraints, settings.fixed);
  return changes
    .filter((change) => Object.keys(change).every((name) => name in parameters))
    .map((change) => ({ ...parameters, ...change }))
    .find((moved) => {
      if (enqueuedProblem(space, moved) !== undefined || !isAllowed(moved)) return false;
      return isRatioOne(resolveRates({ ...settings.fixed, ...moved }));
    });
}
