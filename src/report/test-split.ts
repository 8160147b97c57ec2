// What the test split says of the winner and of the best with a single learning rate.
import {
  baselineOf,
  meanOf,
  pairedSeeds,
  type RankedConfiguration,
  rankConfigurations,
} from "../sweep/configuration.js";
import type { Metric, MetricName } from "../sweep/settings.js";
import type { MetricValues, Trial } from "../sweep/trial.js";
import { type Contrast, contrastFrom } from "./certainty.js";
import { formatDifference, formatMean, formatRatio, plural } from "./format.js";

/** A configuration's mean over those of its seeds that were tested. */
export interface Tested {
  readonly configuration: RankedConfiguration;
  readonly seeds: number;
  readonly value: number;
  readonly standardError: number | undefined;
}

export interface TestResult {
  readonly winner: Tested;
  /** Where ratio 1 is not the winner's own, and was tested. */
  readonly baseline: Tested | undefined;
  /** The mean difference on the seeds that both were tested on. */
  readonly difference: number | undefined;
  /** With its interval, for two seeds or more. */
  readonly contrast: Contrast | undefined;
  /** Whether the split had been evaluated for another winner before: the study went on after that. */
  readonly again: boolean;
}

/** Undefined as long as the winner was not tested. */
export function testResultOf(
  trials: readonly Trial[],
  tests: ReadonlyMap<number, MetricValues>,
  { name, goal }: Metric,
): TestResult | undefined {
  const ranked = rankConfigurations(trials, goal);
  const resultOf = ({ number }: Pick<Trial, "number">) => tests.get(number)?.[name] ?? undefined;
  const testedOf = (configuration: RankedConfiguration): Tested | undefined => {
    const values = configuration.seeds.map(resultOf).filter((value) => value !== undefined);
    if (values.length === 0) return undefined;
    const { mean: value, standardError } = meanOf(values);
    return { configuration, seeds: values.length, value, standardError };
  };
  const winner = ranked[0] && testedOf(ranked[0]);
  if (winner === undefined) return undefined;
  const held = baselineOf(ranked, winner.configuration);
  const baseline = held && held !== winner.configuration ? testedOf(held) : undefined;
  const differences = baseline
    ? pairedSeeds(winner.configuration, baseline.configuration).flatMap(([one, other]) => {
        const [a, b] = [resultOf(one), resultOf(other)];
        return a === undefined || b === undefined ? [] : [a - b];
      })
    : [];
  const difference = differences.length > 0 ? meanOf(differences).mean : undefined;
  const again = tests.size > winner.seeds + (baseline?.seeds ?? 0);
  return { winner, baseline, difference, contrast: contrastFrom(differences), again };
}

/** One sentence: `test split, evaluated once: ratio 8x loss 2.15 ±.01 (3 seeds), ratio 1x 2.21 ±.01: -0.06 [-0.08, -0.04]`. */
export function testLine(
  { winner, baseline, difference, contrast, again }: TestResult,
  metric: MetricName,
  plusMinus = "±",
): string {
  const text = ({ configuration, value, standardError }: Tested) =>
    `ratio ${formatRatio(configuration.rates.lr_ratio)} ${formatMean(value, standardError, plusMinus)}`;
  const seeds = winner.seeds > 1 ? ` (${plural(winner.seeds, "seed")})` : "";
  const how = again ? "evaluated for an earlier winner before" : "evaluated once";
  const found = `test split, ${how}: ${metric} of ${text(winner)}${seeds}`;
  if (baseline === undefined || difference === undefined) return found;
  const interval = contrast
    ? ` (95 % interval ${formatDifference(contrast.low)} to ${formatDifference(contrast.high)})`
    : "";
  return `${found}, of ${text(baseline)}: ${formatDifference(difference)}${interval}`;
}

/** As `--json` has it. */
export function testJson({ winner, baseline, difference, contrast, again }: TestResult): object {
  const json = ({ configuration, seeds, value, standardError }: Tested) => ({
    trial: configuration.number,
    lr_ratio: configuration.rates.lr_ratio,
    seeds,
    value,
    standardError: standardError ?? null,
  });
  return {
    winner: json(winner),
    baseline: baseline ? json(baseline) : null,
    difference: difference ?? null,
    contrast: contrast ?? null,
    again,
  };
}
