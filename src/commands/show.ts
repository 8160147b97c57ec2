// `dualrate show`: all that is known of one study, or of one of its trials.
import { resultsFlag, shortPath } from "../dashboard/format.js";
import { DualrateError } from "../errors.js";
import {
  formatBytes,
  formatCount,
  formatDistribution,
  formatDuration,
  formatMean,
  formatMetric,
  formatParameter,
  formatRate,
  formatTime,
  plural,
} from "../report/format.js";
import { findOverfitting, type Overfitting } from "../report/overfitting.js";
import { allParameters, isRetriable, reasonOf } from "../report/ranking.js";
import { type Column, textTable } from "../report/table.js";
import { testJson, testLine, testResultOf } from "../report/test-split.js";
import type { StoreReader, StudyOverview, StudyRecord } from "../store/records.js";
import { rankConfigurations } from "../sweep/configuration.js";
import { hasMetric, METRICS, perplexity } from "../sweep/metrics.js";
import { predictsTokens, type Settings, type SplitShares, type Task } from "../sweep/settings.js";
import type { Measurement, MetricValues, Trial } from "../sweep/trial.js";
import { modelText } from "./hub-model.js";
import { note, print, printJson } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface ShowOptions extends ResultsOption {
  readonly json?: boolean;
}

/** `name` alone may be a trial's number: that of the newest study. */
export async function show(name: string | undefined, number: number | undefined, options: ShowOptions): Promise<void> {
  await withReader(options, (reader) => {
    if (number === undefined && name !== undefined && /^\d+$/.test(name) && !reader.study(name)) {
      return showTrial(reader, findStudy(reader, undefined, options).study, Number(name), options);
    }
    const overview = findStudy(reader, name, options);
    return number === undefined
      ? showStudy(reader, overview, options)
      : showTrial(reader, overview.study, number, options);
  });
}

function showStudy(reader: StoreReader, overview: StudyOverview, { json, results }: ShowOptions): void {
  const { study, counts, owner } = overview;
  const { metric } = study.sweep;
  const test = testResultOf(reader.trials(study.id), reader.tests(study.id), metric);
  if (json) {
    printJson({ ...study, counts, owner: owner ?? null, test: test ? testJson(test) : null });
    return;
  }
  const tested: readonly Field[] = test ? [["tested", testLine(test, metric.name)]] : [];
  print(fields([...definitionFields(study), ...inputFields(study), ...progressFields(overview), ...tested]));
  const flag = resultsFlag(results);
  note(`next: dualrate rank ${study.name}${flag}; dualrate show ${study.name} TRIAL${flag}`);
}

type Field = readonly [name: string, value: string];

function fields(pairs: readonly Field[]): readonly string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function definitionFields({ name, createdAt, sweep }: StudyRecord): readonly Field[] {
  const { settings, metric, method, seed, space, replicates = 1, final, warmStart } = sweep;
  const { length, evalSteps } = settings.trainer;
  const duration = "maxSteps" in length ? plural(length.maxSteps, "step") : plural(length.numTrainEpochs, "epoch");
  return [
    ["study", `${name}, created ${formatTime(createdAt)}`],
    ["sweep file", sweep.file],
    ["model", modelText(settings)],
    ["task", settings.task],
    ["trial length", `${duration}, evaluated every ${plural(evalSteps, "step")}`],
    ["metric", `${metric.name} (${metric.goal})`],
    ["search", `${method}, seed ${seed}`],
    ...(replicates > 1 ? [["seeds", `${replicates} of every configuration`] as const] : []),
    ...(warmStart
      ? [["warm start", `${plural(warmStart.trials.length, "trial")} of ${warmStart.study}`] as const]
      : []),
    ...(final
      ? [["final", `${plural(final.top, "leader")} and the best at ratio 1, to ${final.seeds} seeds`] as const]
      : []),
    ...space.map(({ name, distribution }): Field => [`  ${name}`, formatDistribution(name, distribution)]),
    ...Object.entries(settings.fixed).map(([name, value]): Field => [`  ${name}`, formatParameter(name, value)]),
  ];
}

function inputFields({ sweep, summary, inputs }: StudyRecord): readonly Field[] {
  const { data, introduced } = sweep.settings;
  return [
    ["training data", `${data.train}, ${plural(summary.trainExamples, "example")}`],
    ["validation data", `${data.validation}, ${plural(summary.validationExamples, "example")}`],
    ...(data.test === undefined ? [] : [["test data", `${data.test}, evaluated once, at the end`] as const]),
    ...(data.split ? [["split", splitText(data.split)] as const] : []),
    ["introduced tokens", introducedText(introduced.tokens, summary.introducedCounts)],
    ...tokenGroupTexts(sweep.settings).map((text): Field => ["token group", text]),
    ["parameters", formatCount(summary.parameterCount)],
    ["embedding rows", `${formatCount(summary.keptRows)} of ${formatCount(summary.vocabularyRows)} trained`],
    ["worker memory", `about ${formatBytes(summary.workerBytes)}`],
    [
      "content hashes",
      Object.entries(inputs)
        .map(([name, hash]) => `${name} ${hash.slice(0, 12)}`)
        .join(", "),
    ],
    ...summary.warnings.map((warning): Field => ["warning", warning]),
  ];
}

/** How one file is split. */
export function splitText({ validation, test, seed }: SplitShares): string {
  const shares = [`${validation} for validation`, ...(test === undefined ? [] : [`${test} for test`])];
  return `by text: ${shares.join(", ")}, seed ${seed}; equal texts stay together`;
}

const SHOWN_TOKENS = 8;

/** Tokens with their numbers of occurrences in the training texts. */
export function introducedText(tokens: readonly string[], counts: readonly number[]): string {
  const shown = tokens.slice(0, SHOWN_TOKENS).map((token, i) => `${token} x${formatCount(counts[i] ?? 0)}`);
  const more = tokens.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? `, and ${formatCount(more)} more` : ""}`;
}

/** Each token group's name and tokens. */
export function tokenGroupTexts({ tokenGroups = {} }: Settings): readonly string[] {
  return Object.entries(tokenGroups).map(([name, tokens]) => {
    const more = tokens.length - SHOWN_TOKENS;
    const rest = more > 0 ? `, and ${formatCount(more)} more` : "";
    return `${name}: ${tokens.slice(0, SHOWN_TOKENS).join(", ")}${rest}`;
  });
}

function progressFields({ study, counts, owner }: StudyOverview): readonly Field[] {
  const states = Object.entries(counts).filter(([, count]) => count > 0);
  const text = states.map(([state, count]) => `${count} ${state}`).join(", ") || "none yet";
  const runs = owner ? `process ${owner.pid} on ${owner.host}, ${plural(owner.workers, "worker")}` : "nobody";
  return [
    ["trials", study.plannedTrials === undefined ? text : `${text}; ${study.plannedTrials} planned`],
    ["run by", runs],
  ];
}

function showTrial(reader: StoreReader, study: StudyRecord, number: number, { json, results }: ShowOptions): void {
  const trials = reader.trials(study.id);
  const trial = trials.find((candidate) => candidate.number === number);
  if (trial === undefined) {
    throw new DualrateError("study", `"${study.name}" has no trial ${number}`, {
      hint: `List its trials: dualrate rank ${study.name}${resultsFlag(results)}`,
    });
  }
  const measurements = reader.measurementsOf(study.id, number);
  const overfitting = findOverfitting(measurements);
  const test = reader.tests(study.id).get(number);
  if (json)
    printJson({ study: study.name, ...trial, test: test ?? null, measurements, overfitting: overfitting ?? null });
  else {
    const tested = test ? testFields(test) : [];
    print(fields([...trialFields(study, trial), ...tested, ...configurationFields(study, trial, trials)]));
    printMeasured(measurements, overfitting, study.sweep.settings.task);
    noteNext(study, trial, resultsFlag(results));
  }
}

function printMeasured(measurements: readonly Measurement[], overfitting: Overfitting | undefined, task: Task): void {
  if (measurements.length > 0) print(["", ...measurementTables(measurements, task)]);
  if (overfitting) print(["", overfittingLine(overfitting)]);
}

function noteNext({ name, sweep }: StudyRecord, trial: Trial, flag: string): void {
  const { number, state } = trial;
  if (isRetriable(trial)) note(`next: dualrate run ${shortPath(sweep.file)} --retry-failed${flag}`);
  else if (state === "complete") note(`next: dualrate export ${name} --trial ${number} -o trial-${number}.yaml${flag}`);
  else note(`next: dualrate rank ${name}${flag}`);
}

function overfittingLine({ since, lowest, last }: Overfitting): string {
  const rise = `${formatMetric(lowest)} to ${formatMetric(last)}`;
  return `overfitting since step ${since}: validation loss rose from ${rise} while training loss fell`;
}

function trialFields(study: StudyRecord, trial: Trial): readonly Field[] {
  const { metric, settings } = study.sweep;
  const reason = reasonOf(trial);
  return [
    ["trial", `${trial.number} of ${study.name}`],
    ["state", trial.state],
    ...(trial.state === "complete"
      ? [[metric.name, `${trial.value}, after step ${trial.bestStep}`] satisfies Field]
      : []),
    ...(reason === null ? [] : [["reason", reason] satisfies Field]),
    ["seed", `${trial.seed} (replicate ${trial.replicate})`],
    ...("startedAt" in trial ? [["started", formatTime(trial.startedAt)] satisfies Field] : []),
    ...("endedAt" in trial ? [["took", formatDuration(trial.endedAt - trial.startedAt)] satisfies Field] : []),
    ...Object.entries(allParameters(trial, settings.fixed)).map(([name, value]): Field => {
      return [`  ${name}`, formatParameter(name, value)];
    }),
  ];
}

function testFields(test: MetricValues): readonly Field[] {
  const values = METRICS.flatMap((name) => (test[name] === null ? [] : [`${name} ${formatMetric(test[name])}`]));
  return [["on the test split", values.join(", ")]];
}

/** What the trial's configuration came to over its seeds, where it has several. */
function configurationFields({ sweep }: StudyRecord, trial: Trial, trials: readonly Trial[]): readonly Field[] {
  const ranked = rankConfigurations(trials, sweep.metric.goal);
  const found = ranked.find((configuration) => configuration.trials.some(({ number }) => number === trial.number));
  if (found === undefined || found.seeds.length < 2) return [];
  const numbers = found.seeds.map(({ number }) => number).join(", ");
  const mean = formatMean(found.value, found.standardError);
  return [
    ["configuration", `${sweep.metric.name} ${mean}, the mean of ${found.seeds.length} seeds: trials ${numbers}`],
  ];
}

/** Losses and metrics of every evaluation, and below them each parameter group's health. */
function measurementTables(measurements: readonly Measurement[], task: Task): readonly string[] {
  const metrics = METRICS.filter((name) => hasMetric(task, name));
  const groups = [...new Set(measurements.flatMap((measurement) => Object.keys(measurement.groups)))];
  const step: Column<Measurement> = { title: "step", cell: (m) => String(m.step) };
  const values: readonly Column<Measurement>[] = [
    step,
    { title: "train loss", cell: (m) => formatMetric(m.trainLoss) },
    ...metrics.map((name) => ({ title: name, cell: (m: Measurement) => formatMetric(m.validation[name]) })),
    ...(predictsTokens(task) ? [{ title: "perplexity", cell: perplexityCell }] : []),
    { title: "time", cell: (m) => formatDuration(1000 * m.seconds) },
  ];
  const health = groups.flatMap((group): readonly Column<Measurement>[] => [
    { title: `${group} lr`, cell: (m) => formatSmall(m.groups[group]?.lr) },
    { title: "grad norm", cell: (m) => formatSmall(m.groups[group]?.gradNorm) },
    { title: "update", cell: (m) => formatSmall(m.groups[group]?.updateRatio) },
  ]);
  const healthTable = health.length > 0 ? ["", ...textTable([step, ...health], measurements)] : [];
  return [...textTable(values, measurements), ...healthTable];
}

function perplexityCell({ validation }: Measurement): string {
  return formatMetric(perplexity(validation.loss));
}

function formatSmall(value: number | undefined): string {
  return value === undefined ? "-" : formatRate(value);
}
