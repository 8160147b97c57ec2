// `dualrate studies`: what the results folder holds.
import { resultsFlag } from "../dashboard/format.js";
import { formatMetric, formatTime } from "../report/format.js";
import { type Column, textTable } from "../report/table.js";
import type { StoreReader, StudyOverview } from "../store/records.js";
import { rankConfigurations } from "../sweep/configuration.js";
import { note, print, printJson } from "./output.js";
import { type ResultsOption, withReader } from "./studies-folder.js";

export interface StudiesOptions extends ResultsOption {
  readonly json?: boolean;
}

interface StudyLine {
  readonly name: string;
  readonly state: "running" | "finished" | "stopped";
  readonly counts: StudyOverview["counts"];
  readonly plannedTrials: number | null;
  readonly metric: string;
  /** The best configuration's mean value. */
  readonly best: number | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

const COLUMNS: readonly Column<StudyLine>[] = [
  { title: "study", cell: ({ name }) => name, align: "left" },
  { title: "state", cell: ({ state }) => state, align: "left" },
  { title: "ended", cell: (line) => `${endedCount(line.counts)}/${line.plannedTrials ?? "?"}` },
  { title: "complete", cell: ({ counts }) => String(counts.complete) },
  { title: "pruned", cell: ({ counts }) => String(counts.pruned) },
  { title: "failed", cell: ({ counts }) => String(counts.failed) },
  { title: "best", cell: ({ best }) => formatMetric(best) },
  { title: "metric", cell: ({ metric }) => metric, align: "left" },
  { title: "created", cell: ({ createdAt }) => formatTime(createdAt), align: "left" },
];

export async function studies(options: StudiesOptions): Promise<void> {
  await withReader(options, (reader) => {
    const lines = reader.studies().map((overview) => studyLine(overview, reader));
    if (options.json) return printJson(lines);
    if (lines.length === 0) return note(`${options.results} holds no study yet; start one: dualrate run FILE`);
    print(textTable(COLUMNS, lines));
    note(`next: dualrate compare ${lines[0]?.name}${resultsFlag(options.results)}`);
  });
}

function studyLine({ study, counts, owner }: StudyOverview, reader: StoreReader): StudyLine {
  const { name: metric, goal } = study.sweep.metric;
  const ended = endedCount(counts) >= (study.plannedTrials ?? Number.POSITIVE_INFINITY);
  return {
    name: study.name,
    state: owner ? "running" : ended ? "finished" : "stopped",
    counts,
    plannedTrials: study.plannedTrials ?? null,
    metric,
    best: rankConfigurations(reader.trials(study.id), goal)[0]?.value ?? null,
    createdAt: study.createdAt,
  };
}

/** Trials that will not run again. */
export function endedCount(counts: StudyOverview["counts"]): number {
  return counts.complete + counts.pruned + counts.failed;
}
