// `dualrate compare A B ...`: the best ratio of each study, and whether they agree; the same sweep on two models, say. Values of two
// studies are never compared: another model or other data have another scale.
import { DualrateError } from "../errors.js";
import { formatDifference, formatMean, formatRatio } from "../report/format.js";
import { type RatioEstimate, ratioCurveOf } from "../report/ratio-curve.js";
import { compareRatios, groupingOf, type RatioComparison } from "../report/ratios.js";
import { type Column, textTable } from "../report/table.js";
import type { StoreReader, StudyRecord } from "../store/records.js";
import { print, printJson } from "./output.js";
import { findStudy, type ResultsOption } from "./studies-folder.js";

interface Compared {
  readonly study: StudyRecord;
  readonly comparison: RatioComparison;
  /** The best ratio by the model; undefined where too little is known. */
  readonly estimate: RatioEstimate | undefined;
}

export function compareStudies(
  reader: StoreReader,
  names: readonly string[],
  options: ResultsOption & { readonly json?: boolean },
): void {
  const studies = names.map((name) => comparedOf(reader, findStudy(reader, name, options).study));
  expectOneMetric(studies);
  const verdict = agreement(studies);
  if (options.json) printJson({ studies: studies.map(asJson), verdict });
  else print([...textTable(COLUMNS, studies), "", ...verdict]);
}

function comparedOf(reader: StoreReader, study: StudyRecord): Compared {
  const trials = reader.trials(study.id);
  const { metric, space } = study.sweep;
  const estimate = ratioCurveOf(study.sweep, trials)?.best;
  return { study, comparison: compareRatios(trials, metric.goal, groupingOf(space)), estimate };
}

function expectOneMetric(studies: readonly Compared[]): void {
  const metrics = [...new Set(studies.map(({ study }) => study.sweep.metric.name))];
  if (metrics.length === 1) return;
  const each = studies.map(({ study }) => `${study.name} by ${study.sweep.metric.name}`).join(", ");
  throw new DualrateError("usage", `studies are compared by one metric; these are ranked ${each}`, {
    hint: "Compare those of one metric, or each by itself.",
  });
}

const COLUMNS: readonly Column<Compared>[] = [
  { title: "study", cell: ({ study }) => study.name, align: "left" },
  { title: "trials", cell: ({ comparison }) => String(comparison.rows.reduce((sum, { trials }) => sum + trials, 0)) },
  {
    title: "best ratio",
    cell: ({ comparison: { best } }) => (best?.best ? formatRatio(best.best.rates.lr_ratio) : "-"),
  },
  { title: "by the model", cell: ({ estimate }) => (estimate ? formatRatio(estimate.ratio) : "-") },
  { title: "95 %", cell: ({ estimate }) => (estimate ? rangeText(estimate) : "-") },
  {
    title: "best",
    cell: ({ comparison: { best } }) => formatMean(best?.best?.value ?? null, best?.best?.standardError),
  },
  { title: "vs 1x", cell: ({ comparison: { best } }) => formatDifference(best?.againstOne) },
];

function rangeText({ low, high }: Pick<RatioEstimate, "low" | "high">): string {
  return `${formatRatio(low)} to ${formatRatio(high)}`;
}

/** Whether some ratio lies in all intervals. */
function agreement(studies: readonly Compared[]): readonly string[] {
  const known = studies.filter(({ estimate }) => estimate !== undefined);
  if (known.length < 2) {
    return ["too few trials for an interval in each of them: whether they agree is not known"];
  }
  const low = Math.max(...known.map(({ estimate }) => (estimate as RatioEstimate).low));
  const high = Math.min(...known.map(({ estimate }) => (estimate as RatioEstimate).high));
  if (low <= high) return [`they agree on ratios ${rangeText({ low, high })}: all intervals hold these`];
  const lowest = known.reduce((a, b) => ((b.estimate?.high ?? 0) < (a.estimate?.high ?? 0) ? b : a));
  const highest = known.reduce((a, b) => ((b.estimate?.low ?? 0) > (a.estimate?.low ?? 0) ? b : a));
  return [
    `they do not agree: the best ratio of ${lowest.study.name} is at most ${formatRatio(high)}, that of ${highest.study.name} at least ${formatRatio(low)}`,
  ];
}

function asJson({ study, comparison: { best }, estimate }: Compared): object {
  return {
    study: study.name,
    metric: study.sweep.metric,
    bestRatio: best?.best?.rates.lr_ratio ?? null,
    bestValue: best?.best?.value ?? null,
    standardError: best?.best?.standardError ?? null,
    againstOne: best?.againstOne ?? null,
    estimate: estimate ?? null,
  };
}
