// `dualrate rank`: a study's trials, best first.
import { resultsFlag } from "../dashboard/format.js";
import { formatMetric, formatParameter, formatRate, formatRatio } from "../report/format.js";
import { type RankedRow, rankedRows, varyingParameters } from "../report/ranking.js";
import { type Column, csv, textTable } from "../report/table.js";
import type { MetricName } from "../sweep/settings.js";
import { note, print, printJson } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface RankOptions extends ResultsOption {
  readonly json?: boolean;
  readonly csv?: boolean;
  /** At most so many trials. */
  readonly limit?: number;
}

export async function rank(name: string | undefined, options: RankOptions): Promise<void> {
  await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    const trials = reader.trials(study.id);
    const { metric, settings } = study.sweep;
    const rows = rankedRows(trials, metric.goal, settings.fixed).slice(0, options.limit);
    if (options.json) return printJson(rows);
    if (options.csv) return print([rankingCsv(rows)]);
    if (rows.length === 0) return note(`${study.name} has no trials yet; start them: dualrate run FILE`);
    print(textTable(rankingColumns(metric.name, varyingParameters(trials)), rows));
    const flag = resultsFlag(options.results);
    note(`next: dualrate compare ${study.name}${flag}; dualrate show ${study.name} ${rows[0]?.number}${flag}`);
  });
}

function rankingColumns(metric: MetricName, searched: readonly string[]): readonly Column<RankedRow>[] {
  const rate = (key: "base_lr" | "intro_lr"): Column<RankedRow> => ({
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
      cell: ({ parameters }: RankedRow) => formatParameter(key, parameters[key] ?? "-"),
    })),
    { title: metric, cell: ({ value }) => formatMetric(value) },
    { title: "step", cell: (row) => String(row.best_step ?? "-") },
    { title: "", cell: ({ reason }) => reason ?? "", align: "left" },
  ];
}

/** One line a trial with all parameters and all digits. */
function rankingCsv(rows: readonly RankedRow[]): string {
  const names = [...new Set(rows.flatMap(({ parameters }) => Object.keys(parameters)))];
  return csv(
    ["number", "state", "value", "best_step", ...names, "replicate", "seed", "seconds", "reason"],
    rows.map((row) => [
      ...[row.number, row.state, row.value, row.best_step],
      ...names.map((name) => row.parameters[name] ?? null),
      ...[row.replicate, row.seed, row.seconds, row.reason],
    ]),
  );
}
