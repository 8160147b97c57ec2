// What stays in the scrollback when a sweep is over: the verdict, the ranking, the failures, and what to do next.

import { formatDifference, formatMean, formatRatio } from "../report/format.js";
import { isRetriable } from "../report/ranking.js";
import { compareRatios, groupingOf } from "../report/ratios.js";
import { testLine, testResultOf } from "../report/test-split.js";
import type { RankedConfiguration } from "../sweep/configuration.js";
import type { Trial } from "../sweep/trial.js";
import { cellTexts, chooseColumns } from "./columns.js";
import { formatClock, METRIC_WORDS, resultsFlag, shortPath } from "./format.js";
import { configurationRows } from "./rows.js";
import { endedCount, type StudySummary, summarize } from "./summary.js";
import { createTheme, type Theme } from "./theme.js";
import type { StudySnapshot } from "./watch.js";

export interface EndingOptions {
  readonly ascii: boolean;
  /** Cells of a line. */
  readonly columns: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The folder that the commands to come must name, where it is not the default. */
  readonly results: string;
}

const TOP = 5;
const SHOWN_FAILURES = 8;

/** At most 12 plain lines, without colours. */
export function endingLines(
  snapshot: StudySnapshot,
  { ascii, columns, now, results }: EndingOptions,
): readonly string[] {
  const summary = summarize(snapshot, now);
  const theme = createTheme(ascii, {});
  return [
    ...verdictLines(summary, snapshot.trials, ascii ? "+-" : "±"),
    ...testLines(snapshot, ascii ? "+-" : "±"),
    ...topLines(snapshot, theme, columns),
    ...failureLines(snapshot, resultsFlag(results)),
    totalLine(summary),
    ...nextLines(summary, resultsFlag(results)),
  ];
}

function verdictLines(
  { best, singleRate, study, phase }: StudySummary,
  trials: readonly Trial[],
  plusMinus: string,
): readonly string[] {
  if (best === undefined) return ["No trial is complete, so there is no best ratio yet."];
  const { name, goal } = study.sweep.metric;
  const found = `validation ${METRIC_WORDS[name]} ${meanText(best, plusMinus)} (${whichText(best)})`;
  const verdict = `Best ratio ${formatRatio(best.rates.lr_ratio)}: ${found}${againstSingleRate(best, singleRate, plusMinus)}`;
  const { edge, rows } = compareRatios(trials, goal, groupingOf(study.sweep.space));
  // Before the end, the ratios beyond may just not have had their turn.
  if (edge === undefined || phase !== "finished") return [verdict];
  const tried = rows[0]?.range ? "ranges of ratios" : "ratios";
  return [
    verdict,
    `It is ${tried === "ratios" ? "" : "in "}the ${edge} of ${rows.length} ${tried} tried: widen the range, the best may lie beyond.`,
  ];
}

function testLines({ overview, trials, tests }: StudySnapshot, plusMinus: string): readonly string[] {
  const { metric } = overview.study.sweep;
  const result = testResultOf(trials, tests, metric);
  if (result === undefined) return [];
  const line = testLine(result, metric.name, plusMinus);
  return [`${line.charAt(0).toUpperCase()}${line.slice(1)}`];
}

function meanText({ value, standardError }: RankedConfiguration, plusMinus: string): string {
  return formatMean(value, standardError, plusMinus);
}

function whichText({ number, seeds }: RankedConfiguration): string {
  return seeds.length > 1 ? `#${number}, ${seeds.length} seeds` : `#${number}`;
}

function againstSingleRate(
  best: RankedConfiguration,
  singleRate: RankedConfiguration | undefined,
  plusMinus: string,
): string {
  if (singleRate === undefined) return "; ratio 1x has no complete trial to compare with";
  if (singleRate.number === best.number) return "; no other ratio did better";
  return `, against ratio ${formatRatio(singleRate.rates.lr_ratio)} ${meanText(singleRate, plusMinus)}: ${formatDifference(best.value - singleRate.value)}`;
}

function topLines(snapshot: StudySnapshot, { glyphs }: Theme, width: number): readonly string[] {
  const rows = configurationRows(snapshot);
  if (rows.length === 0) return [];
  const columns = chooseColumns(snapshot.overview.study, glyphs, width);
  return [undefined, ...rows.slice(0, TOP)].map((row) => cellTexts(columns, row).join("").trimEnd());
}

/** `3 failed: 2 diverged (#19 #63), 1 crashed (#70); retry: dualrate run rxn.yaml --retry-failed`. */
function failureLines({ trials, overview }: StudySnapshot, flag: string): readonly string[] {
  const failed = trials.filter((trial) => trial.state === "failed");
  const kinds = [...new Set(failed.map(({ failure }) => failure.kind))];
  const texts = kinds.map((kind) => {
    const numbers = failed.filter(({ failure }) => failure.kind === kind).map(({ number }) => `#${number}`);
    return `${numbers.length} ${kind} (${numbers.slice(0, SHOWN_FAILURES).join(" ")}${numbers.length > SHOWN_FAILURES ? " ..." : ""})`;
  });
  const command = `dualrate run ${shortPath(overview.study.sweep.file)} --retry-failed${flag}`;
  const retry = failed.some(isRetriable) ? `; retry: ${command}` : "";
  return failed.length === 0 ? [] : [`${failed.length} failed: ${texts.join(", ")}${retry}`];
}

function totalLine({ counts, planned, elapsed }: StudySummary): string {
  const { complete, pruned, failed } = counts;
  const of = planned === undefined ? "" : ` of ${planned}`;
  const parts = [
    `${complete} complete`,
    ...(pruned ? [`${pruned} pruned`] : []),
    ...(failed ? [`${failed} failed`] : []),
  ];
  return `${endedCount(counts)}${of} trials in ${formatClock(elapsed)}: ${parts.join(", ")}`;
}

function nextLines({ phase, best, study }: StudySummary, flag: string): readonly string[] {
  const { name, file } = study.sweep;
  const resume = phase === "finished" ? [] : [`resume: dualrate run ${shortPath(file)}${flag}`];
  if (best === undefined) return [...resume, `next:   dualrate show ${name}${flag}`];
  return [
    ...resume,
    `next:   dualrate rank ${name}${flag}; dualrate compare ${name}${flag}`,
    `        dualrate export ${name} -o best.yaml${flag}`,
  ];
}
