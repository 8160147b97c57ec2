// `dualrate export`: one trial as a file: one that `train` and `run` take, or one for Python.
import { dirname, extname, resolve } from "node:path";
import { resultsFlag } from "../dashboard/format.js";
import { DualrateError } from "../errors.js";
import { type ExportedConfiguration, exportedConfiguration, trialToExport } from "../export/configuration.js";
import { toJson } from "../export/json.js";
import { toPeft } from "../export/python/peft.js";
import { toPython } from "../export/python/script.js";
import type { Twin } from "../export/python/twin.js";
import { writeResult } from "../export/write.js";
import { toYaml } from "../export/yaml.js";
import { formatMetric, formatRatio } from "../report/format.js";
import type { StudyRecord } from "../store/records.js";
import type { CompleteTrial } from "../sweep/trial.js";
import { resolveConfig } from "../trainer/config.js";
import { note } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export type ExportFormat = "yaml" | "json" | "python" | "peft";

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
  await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    const trial = trialToExport(study, reader.trials(study.id), options.trial);
    const { output } = options;
    const format = options.format ?? formatOf(output);
    const file = output === undefined ? undefined : resolve(output);
    const configuration = exportedConfiguration(study, trial, file && dirname(file));
    const text = textOf(format, configuration, study, trial, output);
    if (file === undefined) process.stdout.write(text);
    else writeResult(file, text, options.force ?? false);
    const { metric } = study.sweep;
    const ratio = formatRatio(trial.rates.lr_ratio);
    note(`trial ${trial.number} of ${study.name}: lr_ratio ${ratio}, ${metric.name} ${formatMetric(trial.value)}`);
    if (output !== undefined) note(`wrote ${output}; ${USES[format](output)}`);
    const which = options.trial === undefined ? "" : ` --trial ${trial.number}`;
    note(`next: dualrate export ${study.name}${which} --checkpoint model${resultsFlag(options.results)}`);
  });
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
};

function textOf(
  format: ExportFormat,
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
  }
}

function twinOf(configuration: ExportedConfiguration, { sweep, summary }: StudyRecord, trial: CompleteTrial): Twin {
  const { settings } = sweep;
  const facts = { seed: trial.seed, trainExamples: summary.trainExamples };
  return { configuration, settings, config: resolveConfig(settings, trial.parameters, facts) };
}

const ENDINGS: Readonly<Record<string, ExportFormat>> = { ".json": "json", ".py": "python" };

function formatOf(output: string | undefined): ExportFormat {
  return ENDINGS[extname(output ?? "").toLowerCase()] ?? "yaml";
}
