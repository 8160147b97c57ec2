// `dualrate compare --html`: what compare says, with its figure, as one file for others.
import { writeResult } from "../export/write.js";
import { formatMean, formatParameter, formatRate, formatRatio } from "../report/format.js";
import { comparisonPage, type PageTable, ratioFigure } from "../report/page/page.js";
import type { RatioChartData } from "../report/page/ratio-chart.js";
import { varyingParameters } from "../report/ranking.js";
import type { RatioCurve } from "../report/ratio-curve.js";
import { rankConfigurations } from "../sweep/configuration.js";
import type { Sweep } from "../sweep/settings.js";
import { hasDiverged, type Trial } from "../sweep/trial.js";
import { readVersion } from "./version.js";

export interface ComparePage {
  readonly sweep: Sweep;
  readonly trials: readonly Trial[];
  readonly curve: RatioCurve | undefined;
  readonly verdict: readonly string[];
  readonly ratios: PageTable;
  /** ` --results FOLDER` where it is not the usual one. */
  readonly flag: string;
}

/** Configurations on the page. */
const MOST_ROWS = 25;

/** The page's figure alone; false where there is nothing to draw. */
export function writeFigure(file: string, force: boolean, { sweep, trials, curve }: ComparePage): boolean {
  const figure = ratioFigure(chartOf(sweep, trials, curve));
  if (figure !== undefined) writeResult(file, figure, force);
  return figure !== undefined;
}

export function writePage(file: string, force: boolean, shown: ComparePage): void {
  const { sweep, trials, curve, verdict, ratios, flag } = shown;
  const page = comparisonPage({
    study: sweep.name,
    version: readVersion(),
    verdict,
    chart: chartOf(sweep, trials, curve),
    ratios,
    configurations: configurationsOf(sweep, trials),
    commands: [`dualrate compare ${sweep.name}${flag}`, `dualrate export ${sweep.name} -o best.yaml${flag}`],
  });
  writeResult(file, page, force);
}

function chartOf({ metric }: Sweep, trials: readonly Trial[], curve: RatioCurve | undefined): RatioChartData {
  const points = trials.flatMap((trial) => {
    if (trial.state !== "complete" || !Number.isFinite(trial.value)) return [];
    return [{ trial: trial.number, ratio: trial.rates.lr_ratio, value: trial.value }];
  });
  const diverged = trials.filter(hasDiverged).map(({ rates }) => rates.lr_ratio);
  const best = rankConfigurations(trials, metric.goal)[0]?.rates.lr_ratio;
  return { metric: metric.name, goal: metric.goal, curve, points, diverged, best };
}

function configurationsOf({ metric }: Sweep, trials: readonly Trial[]): PageTable {
  const best = rankConfigurations(trials, metric.goal).slice(0, MOST_ROWS);
  const names = varyingParameters(trials);
  return {
    titles: ["trial", metric.name, "seeds", "lr_ratio", "base_lr", "intro_lr", ...names],
    rows: best.map(({ number, value, standardError, seeds, rates, parameters }) => [
      String(number),
      formatMean(value, standardError),
      String(seeds.length),
      formatRatio(rates.lr_ratio),
      formatRate(rates.base_lr),
      formatRate(rates.intro_lr),
      ...names.map((name) => formatParameter(name, parameters[name] ?? "-")),
    ]),
  };
}
