// One trial in full: how it stands, its parameters and rates, why it ended, and its measurements.
import { Box } from "ink";
import { formatMetric, formatRate, formatRatio } from "../../report/format.js";
import { isRetriable, reasonOf } from "../../report/ranking.js";
import { hasMetric, METRICS, perplexity } from "../../sweep/metrics.js";
import { type MetricName, predictsTokens, type Task } from "../../sweep/settings.js";
import type { Measurement, Trial } from "../../sweep/trial.js";
import { formatCell, formatClock, resultsFlag, shortPath, wrapWords } from "../format.js";
import { bodyRows, type Size } from "../layout.js";
import { rankedRows } from "../rows.js";
import type { DashboardState } from "../state.js";
import { STATE_COLORS, stateWord, type Theme } from "../theme.js";
import { Line, titleSegments } from "./line.js";

export interface DetailsProps {
  readonly state: DashboardState;
  readonly number: number;
  /** Measurements left out at the end, to look at earlier ones. */
  readonly scroll: number;
  readonly size: Size;
  readonly theme: Theme;
}

export function Details({ state, number, scroll, size, theme }: DetailsProps) {
  const trial = state.snapshot.trials.find((candidate) => candidate.number === number);
  if (trial === undefined)
    return <Line segments={[{ text: ` Trial #${number} is not there any more.` }]} theme={theme} />;
  const facts = factLines(trial, state, size.columns - 2);
  const room = bodyRows(size) - facts.length - 2;
  const measurements = state.snapshot.measurements.get(number) ?? [];
  const end = Math.max(Math.min(room, measurements.length), measurements.length - scroll);
  const columns = measurementColumns(state.snapshot.overview.study.sweep.settings.task);
  const table = measurementLines(measurements.slice(Math.max(0, end - room), end), columns, size.columns - 2);
  const stateSegment = {
    text: `${theme.glyphs.state[trial.state]} ${stateWord(trial)}`,
    color: STATE_COLORS[trial.state],
  };
  return (
    <Box flexDirection="column" height={size.rows}>
      <Line segments={titleSegments(`[1] Trial #${number}`, "", size.columns, theme)} theme={theme} />
      <Line segments={[{ text: " " }, stateSegment, { text: standing(trial, state) }]} theme={theme} />
      {[...facts, ...(room > 0 ? table : [])].map((text, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text line has no identity but its place
        <Line key={index} segments={[{ text: ` ${text}` }]} theme={theme} />
      ))}
    </Box>
  );
}

/** What stands after the state: `, 1st of 61, 1m12s, best at step 1800`. */
function standing(trial: Trial, { snapshot, now }: DashboardState): string {
  const complete = rankedRows(snapshot).filter((row) => row.trial.state === "complete");
  const rank = complete.findIndex((row) => row.trial.number === trial.number) + 1;
  const time = timeOf(trial, now);
  return [
    ...(rank > 0 ? [`rank ${rank} of ${complete.length}`] : []),
    ...(trial.state === "complete" ? [`${formatMetric(trial.value)} at step ${trial.bestStep}`] : []),
    ...(time === undefined ? [] : [formatClock(time)]),
  ]
    .map((part) => `, ${part}`)
    .join("");
}

function timeOf(trial: Trial, now: number): number | undefined {
  if (trial.state === "running") return now - trial.startedAt;
  return "endedAt" in trial ? trial.endedAt - trial.startedAt : undefined;
}

function factLines(trial: Trial, { snapshot, results }: DashboardState, width: number): readonly string[] {
  const { file, settings } = snapshot.overview.study.sweep;
  const parameters = Object.entries({ ...settings.fixed, ...trial.parameters });
  const { base_lr, intro_lr, lr_ratio } = trial.rates;
  const reason = reasonOf(trial);
  const texts = [
    `rates: base ${formatRate(base_lr)}, introduced ${formatRate(intro_lr)}, ratio ${formatRatio(lr_ratio)}`,
    `parameters: ${parameters.map(([name, value]) => `${name} ${formatCell(name, value)}`).join(", ")}`,
    `seed ${trial.seed}, replicate ${trial.replicate}`,
    ...(reason === null ? [] : [reason]),
    ...(isRetriable(trial) ? [`retry: dualrate run ${shortPath(file)} --retry-failed${resultsFlag(results)}`] : []),
  ];
  return texts.flatMap((text) => wrapWords(text, width));
}

interface MeasurementColumn {
  readonly title: string;
  readonly cell: (measurement: Measurement) => string | undefined;
}

const METRIC_TITLES: Readonly<Record<MetricName, string>> = {
  loss: "loss",
  loss_introduced: "intro loss",
  loss_base: "base loss",
  accuracy: "accuracy",
  f1: "F1",
};

/** The most telling first, as not all of them may fit. */
function measurementColumns(task: Task): readonly MeasurementColumn[] {
  return [
    { title: "step", cell: ({ step }) => String(step) },
    { title: "train loss", cell: ({ trainLoss }) => formatMetric(trainLoss) },
    ...METRICS.filter((name) => hasMetric(task, name)).map((name) => ({
      title: METRIC_TITLES[name],
      cell: ({ validation }: Measurement) => optionalMetric(validation[name]),
    })),
    { title: "base lr", cell: ({ groups }) => optionalRate(groups.base?.lr) },
    { title: "intro lr", cell: ({ groups }) => optionalRate(groups.introduced?.lr) },
    { title: "intro upd", cell: ({ groups }) => optionalRate(groups.introduced?.updateRatio) },
    ...(predictsTokens(task) ? [PERPLEXITY] : []),
  ];
}

const PERPLEXITY: MeasurementColumn = {
  title: "perplexity",
  cell: ({ validation }) => optionalMetric(perplexity(validation.loss)),
};

function optionalMetric(value: number | null): string | undefined {
  return value === null ? undefined : formatMetric(value);
}

function optionalRate(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatRate(value);
}

/** As many columns as fit. */
function measurementLines(
  measurements: readonly Measurement[],
  all: readonly MeasurementColumn[],
  width: number,
): readonly string[] {
  if (measurements.length === 0) return ["no measurement yet"];
  const cells = 12;
  const columns = all.slice(0, Math.floor(width / cells));
  const lineOf = (texts: readonly (string | undefined)[]) =>
    texts.map((text) => (text ?? "-").padStart(cells)).join("");
  const lines = measurements.map((measurement) => lineOf(columns.map(({ cell }) => cell(measurement))));
  return [lineOf(columns.map(({ title }) => title)), ...lines];
}
