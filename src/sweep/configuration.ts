// Configurations: trials of the same parameters, folded. A configuration's value is the mean over its seeds.
import type { Goal } from "./settings.js";
import type { Parameters } from "./space.js";
import { type CompleteTrial, hasDiverged, type Rates, type Trial } from "./trial.js";

export interface Configuration {
  /** That of its first trial. */
  readonly number: number;
  readonly parameters: Parameters;
  readonly rates: Rates;
  /** In any state, in the order of their numbers, no two of the same replicate. */
  readonly trials: readonly Trial[];
}

export interface RankedConfiguration extends Configuration {
  /** The complete trials, by replicate. */
  readonly seeds: readonly CompleteTrial[];
  /** Of these the one of the lowest replicate: what is exported, and what gives the configuration its number in a ranking. */
  readonly trial: CompleteTrial;
  /** Mean value of the seeds. */
  readonly value: number;
  /** The mean's: the seeds' sample deviation over the root of their number; undefined for one seed. */
  readonly standardError: number | undefined;
}

/** Parameters never change, and a dashboard folds the same trials many times a second. */
const KEYS = new WeakMap<Parameters, string>();

/** One text for equal parameters, whichever order they have. */
export function configurationKey(parameters: Parameters): string {
  const known = KEYS.get(parameters);
  if (known !== undefined) return known;
  let key = "";
  for (const name of Object.keys(parameters).sort()) {
    const value = parameters[name];
    key += `${name}=${typeof value === "number" ? value : JSON.stringify(value)},`;
  }
  KEYS.set(parameters, key);
  return key;
}

/**
 * In the order of their first trials, which come in the order of their numbers. A search that draws the same parameters
 * twice has two configurations.
 */
export function configurationsOf(trials: readonly Trial[]): readonly Configuration[] {
  const all: Trial[][] = [];
  const byKey = new Map<string, Trial[][]>();
  for (const trial of trials) {
    const key = configurationKey(trial.parameters);
    const copies = byKey.get(key);
    const open = copies?.find((members) => members.every(({ replicate }) => replicate !== trial.replicate));
    if (open) {
      open.push(trial);
      continue;
    }
    const members = [trial];
    all.push(members);
    if (copies) copies.push(members);
    else byKey.set(key, [members]);
  }
  return all.map((members) => {
    const { number, parameters, rates } = members[0] as Trial;
    return { number, parameters, rates, trials: members };
  });
}

/**
 * Configurations with a complete trial, the best mean first. Those with one seed come after those with several, however low
 * their value: the best of many single values is the luckiest. So do those of which a seed diverged. Of equal means, the lower
 * number comes first.
 */
export function rankConfigurations(trials: readonly Trial[], goal: Goal): readonly RankedConfiguration[] {
  return ranked(configurationsOf(trials), goal);
}

/** As rankConfigurations, of what configurationsOf gives. */
export function ranked(configurations: readonly Configuration[], goal: Goal): readonly RankedConfiguration[] {
  const sign = goal === "minimize" ? 1 : -1;
  const valued = configurations.map(withValue).filter((one) => one !== undefined);
  const sure = new Set(valued.filter(isSure));
  const place = (one: RankedConfiguration) => (sure.has(one) ? 0 : 1);
  return valued.sort((a, b) => {
    return (sure.size > 0 ? place(a) - place(b) : 0) || sign * (a.value - b.value) || a.number - b.number;
  });
}

/** Trials of `a` and of `b` on each seed that both have a complete one of. */
export function pairedSeeds(
  a: RankedConfiguration,
  b: RankedConfiguration,
): readonly (readonly [CompleteTrial, CompleteTrial])[] {
  const others = new Map(b.seeds.map((trial) => [trial.replicate, trial]));
  return a.seeds.flatMap((trial) => {
    const other = others.get(trial.replicate);
    return other ? [[trial, other] as const] : [];
  });
}

/** Of a ranking's configurations: the best with a single learning rate that ran on the winner's seeds, on two where it has several. */
export function baselineOf(
  ranking: readonly RankedConfiguration[],
  winner: RankedConfiguration,
): RankedConfiguration | undefined {
  const least = Math.min(2, winner.seeds.length);
  return ranking.find((other) => isRatioOne(other.rates) && pairedSeeds(other, winner).length >= least);
}

/** All seeds of the winner, and the baseline's on the same ones: what the test split is evaluated for. */
export function trialsToTest(trials: readonly Trial[], goal: Goal): readonly CompleteTrial[] {
  const ranking = rankConfigurations(trials, goal);
  const [winner] = ranking;
  if (winner === undefined) return [];
  const baseline = baselineOf(ranking, winner);
  const held = baseline && baseline !== winner ? pairedSeeds(baseline, winner).map(([trial]) => trial) : [];
  return [...winner.seeds, ...held];
}

function withValue({ parameters, rates, trials }: Configuration): RankedConfiguration | undefined {
  const seeds = trials.filter((trial) => trial.state === "complete");
  if (seeds.length > 1) seeds.sort((a, b) => a.replicate - b.replicate);
  const [trial] = seeds;
  if (trial === undefined) return undefined;
  const { mean, standardError } = meanOf(seeds.map(({ value }) => value));
  return { parameters, rates, trials, number: trial.number, seeds, trial, value: mean, standardError };
}

function isSure({ seeds, trials }: RankedConfiguration): boolean {
  if (seeds.length < 2) return false;
  return !trials.some(hasDiverged);
}

/** Of at least one value; the standard error is undefined for one. */
export function meanOf(values: readonly number[]): { mean: number; standardError: number | undefined } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, standardError: undefined };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (n - 1) / n) };
}

/** Ratios that differ by rounding alone are equal: rates that were multiplied or divided may differ in their last bits. */
export function isRatioOne({ lr_ratio }: Rates): boolean {
  return Math.abs(lr_ratio - 1) < 1e-12;
}
