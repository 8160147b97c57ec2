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
 * The share of draws in which each is the best, under value = configuration + seed + noise: what a seed does to all alike cancels,
 * and the noise's deviation is told by the residuals of all of them, with (k - 1)(n - 1) degrees of freedom for k configurations
 * on n seeds. Under flat priors, given the deviation, drawn from its scaled inverse chi-squared posterior, the means are
 * independent but for a shift that they share (Gelman et al., "Bayesian Data Analysis", 3.2 and 14.2).
 */
function chancesOf(
  compared: readonly RankedConfiguration[],
  winner: RankedConfiguration,
  goal: Goal,
  seed: number,
): readonly Chance[] {
  const random = new Random(deriveKey(seed, "best of replicates"));
  const sign = goal === "minimize" ? 1 : -1;
  const rows = compared.map((one) => pairedSeeds(one, winner).map(([{ value }]) => sign * value));
  const { means, squares, df } = twoWay(rows);
  const wins = compared.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw++) {
    const deviation = squares === 0 ? 0 : Math.sqrt(squares / chiSquared(random, df) / winner.seeds.length);
    const drawn = means.map((mean) => mean + deviation * random.normal());
    const best = drawn.indexOf(Math.min(...drawn));
    wins[best] = (wins[best] as number) + 1;
  }
  return compared.map((configuration, i) => ({ configuration, probability: (wins[i] as number) / DRAWS }));
}

/** Of values [configurations, seeds]: each configuration's mean, and the residuals' squares once seeds are accounted for. */
function twoWay(rows: readonly (readonly number[])[]) {
  const seeds = rows[0]?.length ?? 0;
  const means = rows.map((row) => meanOf(row).mean);
  const centred = rows.map((row, i) => row.map((value) => value - (means[i] as number)));
  let squares = 0;
  for (let s = 0; s < seeds; s++) {
    const column = centred.map((row) => row[s] as number);
    const { mean: effect } = meanOf(column);
    for (const value of column) squares += (value - effect) ** 2;
  }
  return { means, squares, df: (rows.length - 1) * (seeds - 1) };
}

function chiSquared(random: Random, df: number): number {
  let squares = 0;
  for (let i = 0; i < df; i++) squares += random.normal() ** 2;
  return squares;
}
