// What the Python script of a trial is made from, and what of it a script can have.
import { DualrateError } from "../../errors.js";
import { type DataFormat, formatOf } from "../../sweep/data-format.js";
import type { Settings } from "../../sweep/settings.js";
import type { TrainConfig } from "../../trainer/config.js";
import type { ExportedConfiguration } from "../configuration.js";

/** A trial, resolved. */
export interface Twin {
  /** Its paths are those that the script is to have. */
  readonly configuration: ExportedConfiguration;
  readonly settings: Settings;
  readonly config: TrainConfig;
}

/** Throws a DualrateError of code "usage" where the trial does what a script cannot say. */
export function checkTwin(twin: Twin): void {
  const { settings } = twin;
  checkTask(twin, "python");
  if (settings.trainer.rowUpdates === "lazy") {
    throw new DualrateError("usage", "--format python has dense rows only; this trial's row_updates are lazy", {
      hint: "Sweep without row_updates: lazy, or export the trained model: dualrate export --checkpoint DIR",
    });
  }
  if (splitFormats(settings).includes("parquet")) {
    throw new DualrateError("usage", "--format python reads JSONL, CSV, TSV and plain text; this data is Parquet", {
      hint: "Convert it: python -c \"import pandas; pandas.read_parquet('F.parquet').to_json('F.jsonl', orient='records', lines=True)\"",
    });
  }
}

/** Throws a DualrateError of code "usage" for a task that the format does not have. */
export function checkTask({ configuration: { task } }: Twin, format: "python" | "peft"): void {
  if (TASKS.includes(task)) return;
  throw new DualrateError("usage", `--format ${format} has the tasks ${TASKS.join(", ")}; not yet ${task}`, {
    hint: "Export the trained model instead: dualrate export --checkpoint DIR",
  });
}

const TASKS: readonly string[] = ["masked-lm", "causal-lm", "sequence-classification"];

/** Of the training and the validation file. */
export function splitFormats({ data }: Settings): readonly [train: DataFormat, validation: DataFormat] {
  return [formatOf(data.train, data.format), formatOf(data.validation, data.format)];
}

export function isRegression({ settings }: Twin): boolean {
  return settings.trainer.problemType === "regression";
}

export function classifies({ settings }: Twin): boolean {
  return settings.task === "sequence-classification";
}
