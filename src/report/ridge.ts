// How the best ratio moves with base_lr: where it falls one to one, the introduced tokens' own rate is what matters, not the ratio.
import { encode } from "../planner/dimensions.js";
import { meanOf } from "../sweep/configuration.js";
import type { Sweep } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";
import { formatRate, formatRatio } from "./format.js";
import { type StudyModel, studyModel } from "./study-model.js";

export interface Ridge {
  /** Powers of ten by which the best ratio changes for each power of ten of base_lr. */
  readonly slope: number;
  /** Its interval over the model's hyperparameters, 90 %. */
  readonly low: number;
  readonly high: number;
  /** The introduced rate and the ratio on the ridge, in the middle of the rates that were tried. */
  readonly introLr: number;
  readonly ratio: number;
}

const RATES = 9;
const RATIOS = 33;

/** Configurations with a value, below which a slope would be guesswork. */
const FEWEST = 12;

/** Undefined where base_lr and lr_ratio were not both searched over half a power of ten at least, or too little is known. */
export function ridgeOf(
  sweep: Pick<Sweep, "space" | "metric" | "seed">,
  trials: readonly Trial[],
  model: StudyModel = studyModel(sweep, trials),
): Ridge | undefined {
  const complete = trials.filter((trial) => trial.state === "complete");
  const rates = gridOver(
    complete.map(({ rates }) => rates.base_lr),
    RATES,
  );
  const ratios = gridOver(
    complete.map(({ rates }) => rates.lr_ratio),
    RATIOS,
  );
  const isSearched = (name: string) => sweep.space.some((parameter) => parameter.name === name);
  if (!rates || !ratios || !isSearched("base_lr") || !isSearched("lr_ratio")) return undefined;
  if (model === undefined || model.observed.length < FEWEST) return undefined;
  // The others as in the best configuration: their own effect is not asked for.
  const best = model.observed.reduce((a, b) => (b.value < a.value ? b : a)).trial.parameters;
  const ridges = model.processes.map((process) => {
    const expected = (parameters: Parameters) => process.mean(encode(model.dimensions, parameters));
    return rates.map((base_lr) => lowestAt(ratios, (lr_ratio) => expected({ ...best, base_lr, lr_ratio })));
  });
  const slopes = ridges.map((ridge) => slopeOf(rates.map(Math.log10), ridge.map(Math.log10))).sort((a, b) => a - b);
  const at = (share: number) => slopes[Math.round(share * (slopes.length - 1))] as number;
  const middle = (RATES - 1) / 2;
  const ratio = 10 ** meanOf(ridges.map((ridge) => Math.log10(ridge[middle] as number))).mean;
  return {
    slope: meanOf(slopes).mean,
    low: at(0.05),
    high: at(0.95),
    ratio,
    introLr: ratio * (rates[middle] as number),
  };
}

/** Even on a logarithmic scale over what was tried; undefined where that is less than half a power of ten. */
function gridOver(values: readonly number[], count: number): readonly number[] | undefined {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0 || greatest < least * Math.sqrt(10)) return undefined;
  return Array.from({ length: count }, (_, i) => least * (greatest / least) ** (i / (count - 1)));
}

function lowestAt(ratios: readonly number[], cost: (ratio: number) => number): number {
  const costs = ratios.map(cost);
  return ratios[costs.indexOf(Math.min(...costs))] as number;
}

/** Of the least-squares line. */
function slopeOf(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [meanOf(x).mean, meanOf(y).mean];
  const [xy, xx] = x.reduce(
    ([xy, xx], value, i) => [xy + (value - mx) * ((y[i] as number) - my), xx + (value - mx) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  return xy / xx;
}

/** What the slope means, in one line. */
export function ridgeLine({ slope, low, high, introLr, ratio }: Ridge): string {
  const measured = `the best ratio changes by ${slope.toFixed(1)} powers of ten (${low.toFixed(1)} to ${high.toFixed(1)}) for each of base_lr`;
  if (Math.abs(slope + 1) < 0.45 && high < -0.3) {
    return `${measured}, about one to one: it is the introduced tokens' own rate that matters, about ${formatRate(Number(introLr.toPrecision(2)))}`;
  }
  if (low <= 0 && high >= 0 && low > -0.7 && high < 0.7) {
    return `${measured}: about ${formatRatio(Number(ratio.toPrecision(2)))} does at any base_lr that was tried`;
  }
  return measured;
}
