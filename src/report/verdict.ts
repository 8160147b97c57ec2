// What a comparison of ratios says in words, and what it cannot say.
import type { MetricName } from "../sweep/settings.js";
import { formatDifference, formatMetric, formatRate, formatRatio, formatRatioRow, plural } from "./format.js";
import type { RatioComparison, RatioRange, RatioRow } from "./ratios.js";

/** A sentence a line: the best ratio, how it does against ratio 1, and what limits the conclusion. */
export function verdictLines(comparison: RatioComparison, metric: MetricName): readonly string[] {
  const { best } = comparison;
  if (best?.best === undefined) return ["no trial is complete, so no ratio can be compared yet"];
  const { number, value, rates } = best.best;
  const among = best.range ? `; of ${plural(best.trials, "trial")} at ${formatRatioRow(best)}` : "";
  return [
    `best ratio ${formatRatio(rates.lr_ratio)}: ${metric} ${formatMetric(value)} (trial ${number}${among})`,
    againstOne(comparison, best),
    ...edgeWarning(comparison, best),
    baseRateNote(comparison),
    ...seedNote(comparison),
  ];
}

/** What ratio 1 is called: for drawn ratios, the range around it. */
function oneText(range: RatioRange | undefined): string {
  return range ? `ratios about 1x (${formatRatioRow({ ratio: 1, range })})` : "1x";
}

function againstOne({ one, goal, rows }: RatioComparison, best: RatioRow): string {
  if (one === undefined && rows[0]?.range) return "no ratio about 1 was tried: have the range of lr_ratio include 1";
  if (one === undefined) return "ratio 1 was not tried: add 1 to the ratios to compare with a single learning rate";
  const name = one.range ? "the range about ratio 1" : "ratio 1";
  if (one.best === undefined) return `${name} has no complete trial (diverged: ${one.diverged} of ${one.trials})`;
  if (best === one) return `no ratio was better than ${oneText(one.range)}, a single learning rate`;
  const difference = best.againstOne ?? 0;
  const better = goal === "minimize" ? difference < 0 : difference > 0;
  const word = better ? "better than" : "the same as";
  return `against ${oneText(one.range)} (trial ${one.best.number}, ${formatMetric(one.best.value)}): ${formatDifference(difference)}, ${word} a single learning rate`;
}

function edgeWarning({ edge, rows }: RatioComparison, best: RatioRow): readonly string[] {
  if (edge === undefined) return [];
  const [near, far] = edge === "highest" ? [best.ratio * 3, best.ratio * 10] : [best.ratio / 3, best.ratio / 10];
  const [first, second] = [Number(near.toPrecision(2)), Number(far.toPrecision(2))];
  if (best.range) return [`this is the ${edge} of ${rows.length} ranges: widen lr_ratio's range, e.g. to ${second}`];
  return [`this is the ${edge} of ${rows.length} ratios: widen the range, e.g. with ${first} and ${second}`];
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
