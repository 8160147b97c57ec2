// `dualrate rank`: a study's configurations, or its trials, best first.
import { resultsFlag } from "../dashboard/format.js";
import { formatMean, formatParameter, formatRate, formatRatio } from "../report/format.js";
import {
  configurationRows,
  type RankingRow as Row,
  rankedRows,
  rankingCsv,
  varyingParameters,
} from "../report/ranking.js";
import { type Column, textTable } from "../report/table.js";
import type { MetricName } from "../sweep/settings.js";
import { note, print, printJson } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface RankOptions extends ResultsOption {
  readonly json?: boolean;
  readonly csv?: boolean;
  /** At most so many rows; a table has MOST_ROWS where none is given. */
  readonly limit?: number;
  /** A row for each trial, instead of one for all seeds of a configuration. */
  readonly seeds?: boolean;
}

/** More than anybody reads. */
const MOST_ROWS = 100;

export async function rank(name: string | undefined, options: RankOptions): Promise<void> {
  await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    const trials = reader.trials(study.id);
    const { metric, settings } = study.sweep;
    const limit = options.limit ?? (options.json || options.csv ? undefined : MOST_ROWS);
    const rowsOf: (...of: Parameters<typeof rankedRows>) => readonly Row[] = options.seeds
      ? rankedRows
      : configurationRows;
    const rows = rowsOf(trials, metric.goal, settings.fixed, limit);
    if (options.json) return printJson(rows);
    if (options.csv) return print([rankingCsv(rows)]);
    if (rows.length === 0) return note(`${study.name} has no trials yet; start them: dualrate run FILE`);
    const replicated = trials.some(({ replicate }) => replicate > 0);
    print(textTable(rankingColumns(metric.name, varyingParameters(trials), replicated), rows));
    const flag = resultsFlag(options.results);
    if (options.limit === undefined && rows.length === MOST_ROWS && trials.length > MOST_ROWS) {
      note(`the first ${MOST_ROWS} of ${trials.length} trials; all of them: --limit ${trials.length}, or --csv`);
    }
    note(`next: dualrate compare ${study.name}${flag}; dualrate show ${study.name} ${rows[0]?.number}${flag}`);
  });
}

function rankingColumns(metric: MetricName, searched: readonly string[], replicated: boolean): readonly Column<Row>[] {
  const rate = (key: "base_lr" | "intro_lr"): Column<Row> => ({
    title: key,
    cell: ({ parameters }) => formatRate(Number(parameters[key])),
  });
  return [
    { title: "trial", cell: ({ number }) => String(number) },
    { title: "state", cell: ({ state }) => state, align: "left" },
    { title: "lr_ratio", cell: ({ parameters }) => formatRatio(Number(parameters.lr_ratio)) },
    rate("base_lr"),
    rate("intro_lr"),
    ...searched.map((key) => ({
      title: key,
      cell: ({ parameters }: Row) => formatParameter(key, parameters[key] ?? "-"),
    })),
    ...(replicated ? [SEEDS] : []),
    { title: metric, cell: ({ value, standard_error }) => formatMean(value, standard_error) },
    { title: "step", cell: (row) => String(row.best_step ?? "-") },
    { title: "", cell: ({ reason }) => reason ?? "", align: "left" },
  ];
}

/** How many, or, of a single trial, which one; seeds count from 1 for people. */
const SEEDS: Column<Row> = {
  title: "seeds",
  cell: ({ seeds, replicate }) => (seeds === undefined ? `seed ${replicate + 1}` : String(seeds)),
};
