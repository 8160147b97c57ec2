// `dualrate compare`: how each learning-rate ratio does, and what that does and does not show.
import { join } from "node:path";
import { resultsFlag } from "../dashboard/format.js";
import { DualrateError } from "../errors.js";
import { type Certainty, certaintyOf } from "../report/certainty.js";
import { type Findings, findingLines, findingsOf } from "../report/findings.js";
import {
  formatDifference,
  formatMean,
  formatMetric,
  formatParameter,
  formatRate,
  formatRatioRow,
} from "../report/format.js";
import type { PageTable } from "../report/page/page.js";
import { varyingParameters } from "../report/ranking.js";
import { compareRatios, groupingOf, type RatioComparison, type RatioRow } from "../report/ratios.js";
import { type Column, textTable } from "../report/table.js";
import { testJson, testLine, testResultOf } from "../report/test-split.js";
import { sparkline, verdictLines } from "../report/verdict.js";
import type { StudyOverview } from "../store/records.js";
import type { Trial } from "../sweep/trial.js";
import { type ComparePage, writeFigure, writePage } from "./compare-page.js";
import { compareStudies } from "./compare-studies.js";
import { note, print, printJson } from "./output.js";
import { endedCount } from "./studies.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface CompareOptions extends ResultsOption {
  readonly json?: boolean;
  /** The file of a page with all of it. */
  readonly html?: string;
  /** The folder of its figures. */
  readonly svg?: string;
  /** Replaces existing files. */
  readonly force?: boolean;
}

export async function compare(names: readonly string[], options: CompareOptions): Promise<void> {
  const [name] = names;
  if (names.length > 1 && (options.html ?? options.svg) !== undefined) {
    throw new DualrateError("usage", "--html and --svg show one study; several were named", {
      hint: `Write a page of each: dualrate compare ${name} --html ${name}.html`,
    });
  }
  await withReader(options, (reader) => {
    if (names.length > 1) return compareStudies(reader, names, options);
    const overview = findStudy(reader, name, options);
    const { metric, space, seed } = overview.study.sweep;
    const trials = reader.trials(overview.study.id);
    const comparison = compareRatios(trials, metric.goal, groupingOf(space));
    const certainty = certaintyOf(trials, metric.goal, seed);
    const test = testResultOf(trials, reader.tests(overview.study.id), metric);
    const { sweep } = overview.study;
    const findings = findingsOf(sweep, trials);
    const { curve } = findings;
    const verdict = [
      ...verdictLines(comparison, metric.name, certainty),
      ...findingLines(findings, metric.name),
      ...(test ? [testLine(test, metric.name)] : []),
      ...openTrials(overview),
    ];
    writeFiles(options, {
      sweep,
      trials,
      curve,
      verdict,
      ratios: ratioTable(comparisonColumns(comparison, trials), comparison.rows),
      flag: resultsFlag(options.results),
    });
    if (options.json) {
      const json = comparisonJson(comparison, certainty, overview, verdict);
      return printJson({ ...json, ...findingsJson(findings), test: test ? testJson(test) : null });
    }
    if (comparison.rows.length > 0) print([...textTable(comparisonColumns(comparison, trials), comparison.rows), ""]);
    if (curve) print([`${metric.name} by ratio, the best at the bottom: ${sparkline(curve, metric.goal)}`, ""]);
    print(verdict);
    note(nextCommand(comparison, overview.study.name) + resultsFlag(options.results));
  });
}

function writeFiles({ html, svg, force = false }: CompareOptions, shown: ComparePage): void {
  if (html !== undefined) {
    writePage(html, force, shown);
    note(`wrote ${html}`);
  }
  if (svg === undefined) return;
  const file = join(svg, "ratio.svg");
  note(writeFigure(file, force, shown) ? `wrote ${file}` : "no figure: no trial is complete");
}

function ratioTable(columns: readonly Column<RatioRow>[], rows: readonly RatioRow[]): PageTable {
  return { titles: columns.map(({ title }) => title), rows: rows.map((row) => columns.map(({ cell }) => cell(row))) };
}

function openTrials({ study, counts }: StudyOverview): readonly string[] {
  const [ended, planned] = [endedCount(counts), study.plannedTrials];
  return planned === undefined || ended >= planned ? [] : [`so far: ${ended} of ${planned} trials have ended`];
}

function nextCommand({ best }: RatioComparison, study: string): string {
  return best ? `next: dualrate export ${study} -o best.yaml` : `next: dualrate rank ${study}`;
}

function comparisonColumns({ rows }: RatioComparison, trials: readonly Trial[]): readonly Column<RatioRow>[] {
  const occurs = (key: "diverged" | "broken" | "pruned") => rows.some((row) => row[key] > 0);
  const count = (title: string, key: "diverged" | "broken" | "pruned"): readonly Column<RatioRow>[] =>
    occurs(key) ? [{ title, cell: (row) => String(row[key]) }] : [];
  return [
    { title: "lr_ratio", cell: formatRatioRow },
    { title: "trials", cell: (row) => String(row.trials) },
    { title: "best", cell: ({ best }) => formatMean(best?.value ?? null, best?.standardError) },
    { title: "mean", cell: ({ mean }) => formatMetric(mean) },
    { title: "vs 1x", cell: ({ againstOne }) => formatDifference(againstOne) },
    { title: "diverged", cell: ({ diverged }) => String(diverged) },
    ...count("pruned", "pruned"),
    ...count("failed", "broken"),
    { title: "best trial", cell: ({ best }) => (best ? String(best.number) : "-") },
    { title: "base_lr", cell: ({ best }) => (best ? formatRate(best.rates.base_lr) : "-") },
    ...varyingParameters(trials).map((name) => ({
      title: name,
      cell: ({ best }: RatioRow) => formatParameter(name, best?.parameters[name] ?? "-"),
    })),
  ];
}

function comparisonJson(
  comparison: RatioComparison,
  certainty: Certainty | undefined,
  { study }: StudyOverview,
  verdict: readonly string[],
): object {
  const { rows, best, edge, baseRates, seeds } = comparison;
  const { metric } = study.sweep;
  return {
    study: study.name,
    metric,
    bestRatio: best?.best?.rates.lr_ratio ?? null,
    bestTrial: best?.best?.number ?? null,
    bestValue: best?.best?.value ?? null,
    standardError: best?.best?.standardError ?? null,
    againstOne: best?.againstOne ?? null,
    edge: edge ?? null,
    baseRates,
    seeds,
    certainty: certainty ? certaintyJson(certainty) : null,
    ratios: rows.map((row) => ratioJson(row)),
    verdict,
  };
}

function findingsJson({ curve, importance, ridge, interactions }: Findings): object {
  return { curve: curve ?? null, importance: importance ?? null, ridge: ridge ?? null, interactions };
}

function certaintyJson({ winner, chances, baseline, againstOne }: Certainty): object {
  return {
    seeds: winner.seeds.length,
    chances: chances.map(({ configuration, probability }) => {
      const { number, value, standardError } = configuration;
      return { trial: number, value, standardError, probability };
    }),
    baseline: baseline?.number ?? null,
    againstOne: againstOne ?? null,
  };
}

function ratioJson({ best, mean, againstOne, range, ...counts }: RatioRow): object {
  return {
    ...counts,
    ...(range && { range }),
    best: best?.value ?? null,
    mean: mean ?? null,
    againstOne: againstOne ?? null,
    bestTrial: best?.number ?? null,
    parameters: best ? { ...best.rates, ...best.parameters } : null,
  };
}
