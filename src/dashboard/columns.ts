// The columns of a table of trials, and which of them fit. The ratio and the value are never left out.

import { formatMetric, formatRate, formatRatio } from "../report/format.js";
import type { StudyRecord } from "../store/records.js";
import type { MetricName } from "../sweep/settings.js";
import { formatCell } from "./format.js";
import type { Row } from "./rows.js";
import { searchedNames } from "./summary.js";
import { type Glyphs, stateWord } from "./theme.js";

export interface Column {
  readonly title: string;
  /** In cells. */
  readonly width: number;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
  /** The cell takes the colour of the trial's state. */
  readonly colored?: true;
}

interface Candidate extends Column {
  /** Columns of a low rank are chosen first; those of rank 0 always. */
  readonly rank: number;
}

const GAP = "  ";
const METRIC_TITLES: Readonly<Record<MetricName, string>> = {
  loss: "loss",
  loss_introduced: "intro loss",
  loss_base: "base loss",
  accuracy: "accuracy",
  f1: "F1",
};

/** The columns that fit in `width` cells, in their order. */
export function chooseColumns(study: StudyRecord, glyphs: Glyphs, width: number): readonly Column[] {
  const candidates = candidatesOf(study, glyphs);
  const chosen = new Set<Candidate>();
  let room = width + GAP.length;
  for (const candidate of candidates.toSorted((a, b) => a.rank - b.rank)) {
    const needed = candidate.width + GAP.length;
    if (candidate.rank > 0 && needed > room) continue;
    chosen.add(candidate);
    room -= needed;
  }
  return candidates.filter((candidate) => chosen.has(candidate));
}

/** One padded text a column, for a row or (without one) the titles. */
export function cellTexts(columns: readonly Column[], row?: Row): readonly string[] {
  return columns.map((column, index) => {
    const text = (row ? column.cell(row) : column.title).slice(0, column.width);
    const padded = column.align === "left" ? text.padEnd(column.width) : text.padStart(column.width);
    return index === 0 ? padded : GAP + padded;
  });
}

function candidatesOf(study: StudyRecord, glyphs: Glyphs): readonly Candidate[] {
  const { metric } = study.sweep;
  const wide = METRIC_TITLES[metric.name];
  const value = ({ value, live }: Row) =>
    value === undefined ? "-" : formatMetric(value) + (live ? glyphs.live : " ");
  return [
    { ...right("#", 4, ({ trial }) => String(trial.number)), rank: 0 },
    { ...left("st", 2, ({ trial }) => glyphs.state[trial.state]), colored: true, rank: 0 },
    { ...left("", 11, ({ trial }) => stateWord(trial)), colored: true, rank: 5 },
    { ...right("ratio", 7, ({ trial }) => formatRatio(trial.rates.lr_ratio)), rank: 0 },
    { ...right("base", 7, ({ trial }) => formatRate(trial.rates.base_lr)), rank: 2 },
    ...parameterColumns(study),
    ...seedColumn(study),
    { ...right(wide.padEnd(wide.length + 1), Math.max(10, wide.length + 1), value), rank: 0 },
    { ...right("step", 6, ({ step }) => (step === undefined ? "-" : String(step))), rank: 1 },
  ];
}

/** Which of its configuration's seeds a trial ran with, where there are several. */
function seedColumn({ sweep: { replicates = 1, final } }: StudyRecord): readonly Candidate[] {
  if (replicates === 1 && final === undefined) return [];
  return [{ ...right("seed", 4, ({ trial }) => String(trial.replicate + 1)), rank: 2 }];
}

/** The warmup, fixed or searched, and all other parameters that are searched. */
function parameterColumns(study: StudyRecord): readonly Candidate[] {
  const { fixed } = study.sweep.settings;
  const searched = searchedNames(study).filter((name) => name !== "base_lr" && name !== "lr_ratio");
  const fixedWarmup = "warmup_ratio" in fixed ? ["warmup_ratio"] : [];
  return [...new Set([...fixedWarmup, ...searched])].map((name) => {
    const title = { warmup_ratio: "wu", introduced_warmup_ratio: "iwu", intro_lr: "intro" }[name] ?? name;
    const rank = { wu: 3, iwu: 4 }[title] ?? 6;
    const cell = ({ trial }: Row) => formatCell(name, trial.parameters[name] ?? fixed[name] ?? "-");
    return { ...right(title, Math.max(title.length, rank === 6 ? 7 : 5), cell), rank };
  });
}

function left(title: string, width: number, cell: Column["cell"]): Column {
  return { title, width, align: "left", cell };
}

function right(title: string, width: number, cell: Column["cell"]): Column {
  return { title, width, align: "right", cell };
}
