// `dualrate export`: one trial as a file that `train` and `run` take.
import { dirname, extname, resolve } from "node:path";
import { resultsFlag } from "../dashboard/format.js";
import { exportedConfiguration, trialToExport } from "../export/configuration.js";
import { toJson } from "../export/json.js";
import { writeResult } from "../export/write.js";
import { toYaml } from "../export/yaml.js";
import { formatMetric, formatRatio } from "../report/format.js";
import { note } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export type ExportFormat = "yaml" | "json";

export interface ExportOptions extends ResultsOption {
  /** The best trial where none is given. */
  readonly trial?: number;
  /** Standard output where none is given. */
  readonly output?: string;
  /** As the output's name says, or YAML. */
  readonly format?: ExportFormat;
  readonly force?: boolean;
}

export async function exportTrial(name: string | undefined, options: ExportOptions): Promise<void> {
  await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    const trial = trialToExport(study, reader.trials(study.id), options.trial);
    const { output } = options;
    const format = options.format ?? formatOf(output);
    const file = output === undefined ? undefined : resolve(output);
    const configuration = exportedConfiguration(study, trial, file && dirname(file));
    const text = format === "json" ? toJson(configuration) : toYaml(configuration, output ?? "FILE");
    if (file === undefined) process.stdout.write(text);
    else writeResult(file, text, options.force ?? false);
    const { metric } = study.sweep;
    const ratio = formatRatio(trial.rates.lr_ratio);
    note(`trial ${trial.number} of ${study.name}: lr_ratio ${ratio}, ${metric.name} ${formatMetric(trial.value)}`);
    if (output !== undefined) note(`wrote ${output}; train it again: dualrate train ${output}`);
    const which = options.trial === undefined ? "" : ` --trial ${trial.number}`;
    note(`next: dualrate export ${study.name}${which} --checkpoint model${resultsFlag(options.results)}`);
  });
}

function formatOf(output: string | undefined): ExportFormat {
  return output !== undefined && extname(output).toLowerCase() === ".json" ? "json" : "yaml";
}
