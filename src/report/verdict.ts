// What a comparison of ratios says in words, and what it cannot say.
import type { Goal, MetricName } from "../sweep/settings.js";
import type { Certainty } from "./certainty.js";
import {
  formatChance,
  formatDifference,
  formatMean,
  formatMetric,
  formatRate,
  formatRatio,
  formatRatioRow,
  plural,
} from "./format.js";
import type { RatioCurve } from "./ratio-curve.js";
import type { RatioComparison, RatioRange, RatioRow } from "./ratios.js";

/** A sentence a line: the best ratio, how it does against ratio 1, and what limits the conclusion. */
export function verdictLines(
  comparison: RatioComparison,
  metric: MetricName,
  certainty?: Certainty,
): readonly string[] {
  const { best } = comparison;
  if (best?.best === undefined) return ["no trial is complete, so no ratio can be compared yet"];
  const { number, value, standardError, seeds, rates } = best.best;
  const over = seeds.length > 1 ? `, the mean of ${seeds.length} seeds` : "";
  const among = best.range ? `; of ${plural(best.trials, "trial")} at ${formatRatioRow(best)}` : "";
  return [
    `best ratio ${formatRatio(rates.lr_ratio)}: ${metric} ${formatMean(value, standardError)} (trial ${number}${over}${among})`,
    againstOne(comparison, best),
    ...edgeWarning(comparison, best),
    baseRateNote(comparison),
    ...(certainty ? certaintyLines(certainty) : seedNote(comparison)),
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

/** That the best ratio is at an end of those tried, with ratios to add; empty where it is not. */
export function edgeWarning({ edge, rows }: RatioComparison, best: RatioRow): readonly string[] {
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
  if (seeds > 1) return ["the best configuration has one seed so far, and the ranking has no interval"];
  return ["n = 1 seed: how much of a difference is chance is not known, and the ranking has no interval"];
}

function certaintyLines({ winner, chances, baseline, againstOne }: Certainty): readonly string[] {
  const n = winner.seeds.length;
  const others = chances.slice(1).map(({ configuration, probability }) => {
    return `trial ${configuration.number} (${formatRatio(configuration.rates.lr_ratio)}) ${formatChance(probability)}`;
  });
  const best = `to be the best of the ${chances.length} that ran on the same ${n} seeds: trial ${winner.number} ${formatChance(chances[0]?.probability ?? 1)}`;
  return [
    ...(others.length > 0 ? [[best, ...others.slice(0, SHOWN_CHANCES)].join(", ")] : []),
    ...(baseline ? [] : ["no configuration at ratio 1 ran on two of these seeds, so no paired difference is given"]),
    ...(baseline && againstOne
      ? [
          `against trial ${baseline.number} (ratio 1) seed by seed: ${formatMean(againstOne.difference, againstOne.standardError)}, ` +
            `95 % interval ${formatDifference(againstOne.low)} to ${formatDifference(againstOne.high)} (n = ${againstOne.seeds}, Student's t)`,
        ]
      : []),
  ];
}

const SHOWN_CHANCES = 4;

/** What the model of all trials says of the best ratio, and where trials diverge. */
export function curveLines({ ratios, best, withinNoise, divergence }: RatioCurve): readonly string[] {
  const [least, greatest] = [ratios[0] as number, ratios.at(-1) as number];
  const open = [
    ...(best.low <= least ? [`below ${formatRatio(least)}`] : []),
    ...(best.high >= greatest ? [`above ${formatRatio(greatest)}`] : []),
  ];
  const beyond = open.length > 0 ? `; it may lie ${open.join(" or ")}, where nothing was tried` : "";
  const risky = ratios.find((_, i) => (divergence[i] as number) > 0.5);
  return [
    `by the model of all trials the best ratio is ${formatRatio(best.ratio)} (95 %: ${formatRatio(best.low)} to ${formatRatio(best.high)})${beyond}`,
    `within one seed's noise of it: ${formatRatio(withinNoise.low)} to ${formatRatio(withinNoise.high)}`,
    ...(risky === undefined ? [] : [`from ${formatRatio(risky)} on more trials diverge than not`]),
  ];
}

const BLOCKS = "▁▂▃▄▅▆▇█";

/** The profile in one line, the best at the bottom: `lowest ratio ▇▅▂▁▁▂▃▆ highest ratio`. */
export function sparkline({ ratios, profile }: RatioCurve, goal: Goal): string {
  const sign = goal === "minimize" ? 1 : -1;
  const costs = profile.map(({ mean }) => sign * mean);
  const [low, high] = [Math.min(...costs), Math.max(...costs)];
  // A steep end would flatten everything else.
  const steps = costs.map((cost) => Math.sqrt((cost - low) / (high - low || 1)));
  const blocks = steps.map((step) => BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(step * BLOCKS.length))]);
  return `${formatRatio(ratios[0] as number)} ${blocks.join("")} ${formatRatio(ratios.at(-1) as number)}`;
}
