// What a comparison of ratios says in words, and what it cannot say.
import type { MetricName } from "../sweep/settings.js";
import { formatDifference, formatMetric, formatRate, formatRatio } from "./format.js";
import type { RatioComparison, RatioRow } from "./ratios.js";

/** A sentence a line: the best ratio, how it does against ratio 1, and what limits the conclusion. */
export function verdictLines(comparison: RatioComparison, metric: MetricName): readonly string[] {
  const { best } = comparison;
  if (best?.best === undefined) return ["no trial is complete, so no ratio can be compared yet"];
  const { number, value } = best.best;
  return [
    `best ratio ${formatRatio(best.ratio)}: ${metric} ${formatMetric(value)} (trial ${number})`,
    againstOne(comparison, best),
    ...edgeWarning(comparison, best),
    baseRateNote(comparison),
    ...seedNote(comparison),
  ];
}

function againstOne({ one, goal }: RatioComparison, best: RatioRow): string {
  if (one === undefined) return "ratio 1 was not tried: add 1 to the ratios to compare with a single learning rate";
  if (one.best === undefined) return `ratio 1 has no complete trial (diverged: ${one.diverged} of ${one.trials})`;
  if (best === one) return "no ratio was better than 1x, a single learning rate";
  const difference = best.againstOne ?? 0;
  const better = goal === "minimize" ? difference < 0 : difference > 0;
  const word = better ? "better than" : "the same as";
  return `against 1x (trial ${one.best.number}, ${formatMetric(one.best.value)}): ${formatDifference(difference)}, ${word} a single learning rate`;
}

function edgeWarning({ edge, rows }: RatioComparison, best: RatioRow): readonly string[] {
  if (edge === undefined) return [];
  const [near, far] = edge === "highest" ? [best.ratio * 3, best.ratio * 10] : [best.ratio / 3, best.ratio / 10];
  const beyond = `${Number(near.toPrecision(2))} and ${Number(far.toPrecision(2))}`;
  return [`this is the ${edge} of ${rows.length} ratios: widen the range, e.g. with ${beyond}`];
}

function baseRateNote({ baseRates }: RatioComparison): string {
  const [only] = baseRates;
  if (baseRates.length === 1 && only !== undefined) {
    return `base_lr was ${formatRate(only)} throughout: at another base_lr another ratio may be best`;
  }
  return `base_lr took ${baseRates.length} values: each ratio's best is over them, its mean mixes them`;
}

function seedNote({ seeds }: RatioComparison): readonly string[] {
  if (seeds > 1) return [];
  return ["n = 1 seed: how much of a difference is chance is not known, so no interval is given"];
}
