// `dualrate export`: one trial as a file: one that `train` and `run` take, or one for Python.
import { dirname, extname, resolve } from "node:path";
import { resultsFlag } from "../dashboard/format.js";
import { DualrateError } from "../errors.js";
import { type ExportedConfiguration, exportedConfiguration, trialToExport } from "../export/configuration.js";
import { toJson } from "../export/json.js";
import { toOptunaJournal } from "../export/optuna.js";
import { toPeft } from "../export/python/peft.js";
import { toPython } from "../export/python/script.js";
import type { Twin } from "../export/python/twin.js";
import { toTrainingArguments } from "../export/training-arguments.js";
import { writeResult } from "../export/write.js";
import { toYaml } from "../export/yaml.js";
import { formatMetric, formatRatio, plural } from "../report/format.js";
import { rankedRows, rankingCsv } from "../report/ranking.js";
import type { StoreReader, StudyRecord } from "../store/records.js";
import type { CompleteTrial } from "../sweep/trial.js";
import { resolveConfig, type TrainConfig } from "../trainer/config.js";
import { note } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

/** Of one trial. */
type TrialFormat = "yaml" | "json" | "python" | "peft" | "training-args";
/** Of all trials of a study. */
type StudyFormat = "csv" | "optuna";
export type ExportFormat = TrialFormat | StudyFormat;

export interface ExportOptions extends ResultsOption {
  /** The best trial where none is given. */
  readonly trial?: number;
  /** Standard output where none is given. */
  readonly output?: string;
  /** As the output's name says, or YAML. */
  readonly format?: ExportFormat;
  readonly force?: boolean;
  /** Of --train-batches: an error here. */
  readonly steps?: number;
  readonly startWeights?: string;
}

export async function exportTrial(name: string | undefined, options: ExportOptions): Promise<void> {
  checkAlone(options);
  const format = options.format ?? formatOf(options.output);
  await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    if (format === "csv" || format === "optuna") return exportStudy(study, reader, format, options);
    const trial = trialToExport(study, reader.trials(study.id), options.trial);
    const { output } = options;
    const file = output === undefined ? undefined : resolve(output);
    const configuration = exportedConfiguration(study, trial, file && dirname(file));
    write(textOf(format, configuration, study, trial, output), options);
    const { metric } = study.sweep;
    const ratio = formatRatio(trial.rates.lr_ratio);
    note(`trial ${trial.number} of ${study.name}: lr_ratio ${ratio}, ${metric.name} ${formatMetric(trial.value)}`);
    if (output !== undefined) note(`wrote ${output}; ${USES[format](output)}`);
    const which = options.trial === undefined ? "" : ` --trial ${trial.number}`;
    note(`next: dualrate export ${study.name}${which} --checkpoint model${resultsFlag(options.results)}`);
  });
}

function exportStudy(study: StudyRecord, reader: StoreReader, format: StudyFormat, options: ExportOptions): void {
  if (options.trial !== undefined) {
    throw new DualrateError("usage", `--format ${format} is of all trials; --trial names one`, {
      hint: "Leave --trial out, or choose another format.",
    });
  }
  const trials = reader.trials(study.id);
  const text =
    format === "csv"
      ? `${rankingCsv(rankedRows(trials, study.sweep.metric.goal, study.sweep.settings.fixed))}\n`
      : toOptunaJournal(study, trials, reader.measurements(study.id));
  write(text, options);
  note(`${plural(trials.length, "trial")} of ${study.name}`);
  if (options.output !== undefined) note(`wrote ${options.output}; ${USES[format](options.output)}`);
}

function write(text: string, { output, force = false }: ExportOptions): void {
  if (output === undefined) process.stdout.write(text);
  else writeResult(resolve(output), text, force);
}

function checkAlone({ steps, startWeights }: ExportOptions): void {
  if (steps === undefined && startWeights === undefined) return;
  const option = steps === undefined ? "--start-weights" : "--steps";
  throw new DualrateError("usage", `${option} is for --train-batches, which is not given`, {
    hint: "Add --train-batches FILE, or leave the option out.",
  });
}

/** What to do with what was written. */
const USES: Readonly<Record<ExportFormat, (output: string) => string>> = {
  yaml: (output) => `train it again: dualrate train ${output}`,
  json: (output) => `train it again: dualrate train ${output}`,
  python: (output) => `train it with PyTorch and transformers: python ${output}`,
  peft: () => "import its functions where you train with PEFT",
  "training-args": (output) =>
    `read it with HfArgumentParser(TrainingArguments).parse_json_file(${JSON.stringify(output)}); it has one learning rate, the base's`,
  csv: () => "a row for each trial",
  optuna: (output) =>
    `open it: optuna-dashboard ${output}, or JournalStorage(JournalFileBackend(${JSON.stringify(output)}))`,
};

function textOf(
  format: TrialFormat,
  configuration: ExportedConfiguration,
  study: StudyRecord,
  trial: CompleteTrial,
  output: string | undefined,
): string {
  switch (format) {
    case "json":
      return toJson(configuration);
    case "yaml":
      return toYaml(configuration, output ?? "FILE");
    case "python":
      return toPython(twinOf(configuration, study, trial));
    case "peft":
      return toPeft(twinOf(configuration, study, trial));
    case "training-args":
      return toTrainingArguments(study, trial, configOf(study, trial));
  }
}

function twinOf(configuration: ExportedConfiguration, study: StudyRecord, trial: CompleteTrial): Twin {
  return { configuration, settings: study.sweep.settings, config: configOf(study, trial) };
}

function configOf({ sweep, summary }: StudyRecord, { seed, parameters }: CompleteTrial): TrainConfig {
  return resolveConfig(sweep.settings, parameters, { seed, trainExamples: summary.trainExamples });
}

const ENDINGS: Readonly<Record<string, ExportFormat>> = { ".json": "json", ".py": "python", ".csv": "csv" };

function formatOf(output: string | undefined): ExportFormat {
  return ENDINGS[extname(output ?? "").toLowerCase()] ?? "yaml";
}
