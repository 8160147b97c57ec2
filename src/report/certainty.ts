// How sure a ranking is, from configurations that ran on the same seeds. Seeds are paired: what a seed does to all configurations
// alike cancels in the differences.
import { deriveKey, Random } from "../random.js";
import {
  baselineOf,
  meanOf,
  pairedSeeds,
  type RankedConfiguration,
  rankConfigurations,
} from "../sweep/configuration.js";
import type { Goal } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";

import { studentQuantile } from "./student.js";

/** The mean of paired differences, and the interval that holds the true one with 95 % probability. */
export interface Contrast {
  /** Seeds that both ran on. */
  readonly seeds: number;
  readonly difference: number;
  readonly standardError: number;
  readonly low: number;
  readonly high: number;
}

export interface Chance {
  readonly configuration: RankedConfiguration;
  /** That no other of these configurations has a better mean over all seeds. */
  readonly probability: number;
}

export interface Certainty {
  readonly winner: RankedConfiguration;
  /** Those that ran on all of the winner's seeds, the winner first. */
  readonly chances: readonly Chance[];
  /** The best with a single learning rate that shares two seeds with the winner; the winner itself where nothing did better. */
  readonly baseline: RankedConfiguration | undefined;
  /** The winner less the baseline, where they are two. */
  readonly againstOne: Contrast | undefined;
}

/** Undefined where the best configuration has one seed: nothing is known of its noise. `seed` seeds the draws. */
export function certaintyOf(trials: readonly Trial[], goal: Goal, seed: number): Certainty | undefined {
  const ranked = rankConfigurations(trials, goal);
  const [winner] = ranked;
  if (winner === undefined || winner.seeds.length < 2) return undefined;
  const compared = ranked.filter((other) => differences(other, winner).length === winner.seeds.length);
  const chances = chancesOf(compared, winner, goal, seed);
  const baseline = baselineOf(ranked, winner);
  const isOther = baseline !== undefined && baseline !== winner;
  return { winner, chances, baseline, againstOne: isOther ? contrastOf(winner, baseline) : undefined };
}

/** `a` less `b` over the seeds that both have: the mean, and Student's t interval; undefined for fewer than two seeds. */
export function contrastOf(a: RankedConfiguration, b: RankedConfiguration): Contrast | undefined {
  return contrastFrom(differences(a, b));
}

/** As contrastOf, from the differences on each seed. */
export function contrastFrom(each: readonly number[]): Contrast | undefined {
  if (each.length < 2) return undefined;
  const { mean: difference, standardError = 0 } = meanOf(each);
  const half = studentQuantile(0.95, each.length - 1) * standardError;
  return { seeds: each.length, difference, standardError, low: difference - half, high: difference + half };
}

/** `a` less `b` on each seed that both have. */
function differences(a: RankedConfiguration, b: RankedConfiguration): readonly number[] {
  return pairedSeeds(a, b).map(([one, other]) => one.value - other.value);
}

const DRAWS = 20_000;

/**
 * The share of draws in which each is the best. The difference of a configuration to the winner is drawn from its posterior
 * under a flat prior and normal noise of unknown deviation, a Student's t of n - 1 degrees of freedom about the mean paired
 * difference, scaled by its standard error (Gelman et al., "Bayesian Data Analysis", 3.2); each on its own.
 */
function chancesOf(
  compared: readonly RankedConfiguration[],
  winner: RankedConfiguration,
  goal: Goal,
  seed: number,
): readonly Chance[] {
  const random = new Random(deriveKey(seed, "best of replicates"));
  const sign = goal === "minimize" ? 1 : -1;
  const posteriors = compared.map((other) => meanOf(differences(other, winner)));
  const df = winner.seeds.length - 1;
  const wins = compared.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw++) {
    const drawn = posteriors.map(({ mean, standardError = 0 }) => {
      return sign * (mean + (standardError === 0 ? 0 : standardError * student(random, df)));
    });
    const best = drawn.indexOf(Math.min(...drawn));
    wins[best] = (wins[best] as number) + 1;
  }
  return compared.map((configuration, i) => ({ configuration, probability: (wins[i] as number) / DRAWS }));
}

/** A normal value over the root of a chi-squared one's mean square. */
function student(random: Random, df: number): number {
  let squares = 0;
  for (let i = 0; i < df; i++) squares += random.normal() ** 2;
  return random.normal() / Math.sqrt(squares / df);
}
