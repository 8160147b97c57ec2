// A study in plain words: what was searched and found, what to be careful of, and what to do next, with the lines to change.
import { baselineOf, isRatioOne, type RankedConfiguration, rankConfigurations } from "../sweep/configuration.js";
import type { Sweep } from "../sweep/settings.js";
import { valuesOf } from "../sweep/space.js";
import type { Measurement, Trial } from "../sweep/trial.js";
import { certaintyOf } from "./certainty.js";
import {
  formatChance,
  formatDistribution,
  formatMean,
  formatMetric,
  formatRate,
  formatRatio,
  plural,
} from "./format.js";
import { findOverfitting } from "./overfitting.js";
import { compareRatios, groupingOf } from "./ratios.js";
import { edgeWarning } from "./verdict.js";

export interface Explanation {
  readonly searched: readonly string[];
  readonly found: readonly string[];
  readonly careful: readonly string[];
  readonly next: readonly string[];
}

export interface Explained {
  readonly sweep: Sweep;
  readonly trials: readonly Trial[];
  /** What the trials say together, a sentence each without its full stop. */
  readonly findings?: readonly string[];
  readonly measurementsOf: (trial: number) => readonly Measurement[];
  /** The command that goes on with the sweep, e.g. `dualrate run sweep.yaml`. */
  readonly run: string;
  /** The command that writes the best configuration. */
  readonly exports: string;
}

export function explain(study: Explained): Explanation {
  const ranking = rankConfigurations(study.trials, study.sweep.metric.goal);
  const [winner] = ranking;
  return {
    searched: searched(study),
    found: winner ? found(study, ranking, winner) : ["No trial is complete yet, so nothing can be said of any ratio."],
    careful: careful(study, ranking, winner),
    next: next(study, ranking, winner),
  };
}

function searched({ sweep, trials }: Explained): readonly string[] {
  const { metric, space } = sweep;
  const count = (state: Trial["state"]) => trials.filter((trial) => trial.state === state).length;
  const states = (["complete", "pruned", "failed", "running", "paused", "queued"] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  const open = space.filter(({ distribution }) => (valuesOf(distribution)?.length ?? 2) > 1);
  const ranges = open.map(({ name, distribution }) => `${name}: ${formatDistribution(name, distribution)}`);
  return [
    `${plural(trials.length, "trial")} by ${sweep.method} search${states.length > 0 ? ` (${states.join(", ")})` : ""}, ranked by validation ${metric.name}, ${metric.goal === "minimize" ? "lowest" : "highest"} first.`,
    ...ranges.map((range) => `Searched: ${range}.`),
  ];
}

function found(
  { sweep, trials, findings = [] }: Explained,
  ranking: readonly RankedConfiguration[],
  winner: RankedConfiguration,
): readonly string[] {
  const { metric, seed } = sweep;
  const { rates, value, standardError, seeds, number } = winner;
  const over = seeds.length > 1 ? `, the mean of ${seeds.length} seeds with its standard error` : "";
  const one = baselineOf(ranking, winner) ?? ranking.find((other) => isRatioOne(other.rates));
  const certainty = certaintyOf(trials, metric.goal, seed);
  const chance = certainty?.chances[0]?.probability;
  const contrast = certainty?.againstOne;
  return [
    `The best configuration is trial ${number}: the introduced tokens learn ${formatRatio(rates.lr_ratio)} as fast as the pretrained weights (${formatRate(rates.intro_lr)} against ${formatRate(rates.base_lr)} at the peak). Its ${metric.name} is ${formatMean(value, standardError)}${over}.`,
    againstOneText(metric.name, winner, one),
    ...(contrast
      ? [
          `Seed by seed the difference to a single rate is ${formatMetric(contrast.difference)}, between ${formatMetric(contrast.low)} and ${formatMetric(contrast.high)} with 95 %.`,
        ]
      : []),
    ...(chance === undefined
      ? []
      : [`That it is the best of those with as many seeds is ${formatChance(chance)} probable.`]),
    ...findings.map(sentence),
  ];
}

function againstOneText(metric: string, winner: RankedConfiguration, one: RankedConfiguration | undefined): string {
  if (one === undefined)
    return "No complete trial had ratio 1, so there is no single learning rate to hold it against.";
  if (one === winner) return "It is a single learning rate: no other ratio did better.";
  return `With a single learning rate (ratio 1x, trial ${one.number}) the best ${metric} was ${formatMean(one.value, one.standardError)}.`;
}

/** As a line of a paragraph. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A step that changes weights by a larger share than this rewrites them. */
const REWRITE = 0.1;

/** A rise of the loss on base tokens by more than this share against ratio 1 is no noise of an evaluation. */
const FORGOTTEN = 0.01;

function careful(
  { sweep, trials, measurementsOf }: Explained,
  ranking: readonly RankedConfiguration[],
  winner: RankedConfiguration | undefined,
): readonly string[] {
  const failures = failureLines(trials);
  if (winner === undefined) return failures;
  const comparison = compareRatios(trials, sweep.metric.goal, groupingOf(sweep.space));
  const measured = measurementsOf(winner.trial.number);
  const overfitting = findOverfitting(measured);
  const largest = Math.max(0, ...measured.map(({ groups }) => groups.introduced?.updateRatio ?? 0));
  return [
    ...(winner.seeds.length < 3
      ? [
          `It ran with ${plural(winner.seeds.length, "seed")}: part of its lead may be luck, since the best of many single values is often the luckiest.`,
        ]
      : []),
    ...(comparison.best
      ? edgeWarning(comparison, comparison.best).map((line) =>
          sentence(`the best ratio is at the end of what was tried: ${line}`),
        )
      : []),
    ...(comparison.baseRates.length === 1
      ? [
          `base_lr was ${formatRate(comparison.baseRates[0] as number)} throughout: at another base_lr another ratio may be best.`,
        ]
      : []),
    ...(overfitting
      ? [
          `Overfitting: its validation loss was lowest at step ${overfitting.since} (${formatMetric(overfitting.lowest)}) and ${formatMetric(overfitting.last)} at the end, while the training loss fell. The weights of the lowest are kept.`,
        ]
      : []),
    ...(largest > REWRITE
      ? [
          `Instability: a step changed the introduced rows by ${Math.round(100 * largest)} % of their size; about 0.1 % is usual. A longer warmup or a lower ratio is calmer.`,
        ]
      : []),
    ...forgettingLines(measurementsOf, ranking, winner),
    ...failures,
  ];
}

/** The loss on tokens that were there before, of the best against that at ratio 1, each at its best evaluation. */
function forgettingLines(
  measurementsOf: Explained["measurementsOf"],
  ranking: readonly RankedConfiguration[],
  winner: RankedConfiguration,
): readonly string[] {
  const one = ranking.find((other) => isRatioOne(other.rates));
  if (one === undefined || one === winner) return [];
  const baseLoss = ({ trial }: RankedConfiguration) =>
    measurementsOf(trial.number).find(({ step }) => step === trial.bestStep)?.validation.loss_base ?? undefined;
  const [mine, theirs] = [baseLoss(winner), baseLoss(one)];
  if (mine === undefined || theirs === undefined || mine <= theirs * (1 + FORGOTTEN)) return [];
  return [
    `Forgetting: on tokens that the model knew before, its loss is ${formatMetric(mine)}, and ${formatMetric(theirs)} at ratio 1x. Where they matter, rank by loss_base, or freeze the base for a while (base_freeze_ratio).`,
  ];
}

function failureLines(trials: readonly Trial[]): readonly string[] {
  const failed = trials.flatMap((trial) => (trial.state === "failed" ? [trial] : []));
  const kinds = [...new Set(failed.map(({ failure }) => failure.kind))];
  return kinds.map((kind) => {
    const those = failed.filter(({ failure }) => failure.kind === kind);
    const ratios = those.map(({ rates }) => rates.lr_ratio);
    const range = `ratios ${formatRatio(Math.min(...ratios))} to ${formatRatio(Math.max(...ratios))}`;
    if (kind === "diverged")
      return `${plural(those.length, "trial")} diverged (${range}): rates up there are too high.`;
    return `${plural(those.length, "trial")} failed (${kind}): ${those[0]?.failure.message}`;
  });
}

function next(
  { sweep, trials, run, exports }: Explained,
  ranking: readonly RankedConfiguration[],
  winner: RankedConfiguration | undefined,
): readonly string[] {
  const open = trials.some((trial) => !("endedAt" in trial));
  const retriable = trials.some((trial) => trial.state === "failed" && trial.failure.kind !== "diverged");
  const names = new Set([...sweep.space.map(({ name }) => name), ...Object.keys(sweep.settings.fixed)]);
  const { best, edge, baseRates } = compareRatios(trials, sweep.metric.goal, groupingOf(sweep.space));
  const seeded = sweep.final !== undefined || (sweep.replicates ?? 1) > 1;
  const base = baseRates[0] as number;
  return [
    ...(open ? [`Let it finish: ${run}`] : []),
    ...(retriable ? [`Run the failed trials again: ${run} --retry-failed`] : []),
    ...(winner && edge && best
      ? [`Widen lr_ratio's range beyond ${formatRatio(best.ratio)} in the sweep file, then: ${run} --extend`]
      : []),
    ...(winner && !seeded && ranking.length > 1
      ? [`Make sure of the leaders with more seeds: add \`final: {top: 3, seeds: 5}\` to the sweep file, then: ${run}`]
      : []),
    ...(winner && !names.has("introduced_warmup_ratio")
      ? [
          "Try warming the introduced tokens' rate up more slowly: `introduced_warmup_ratio: {values: [0, 0.1, 0.3]}` under parameters, in a sweep of another name.",
        ]
      : []),
    ...(winner && baseRates.length === 1
      ? [
          `Search base_lr too, in a sweep of another name: \`base_lr: {distribution: log_uniform_values, min: ${formatRate(base / 10)}, max: ${formatRate(base * 10)}}\` with method bayes.`,
        ]
      : []),
    ...(winner ? [`Take the best configuration along: ${exports}`] : []),
  ];
}
