// What the Python script of a trial is made from.
import { type DataFormat, formatOf } from "../../sweep/data-format.js";
import { predictsTokens, type Settings } from "../../sweep/settings.js";
import type { TrainConfig } from "../../trainer/config.js";
import type { ExportedConfiguration } from "../configuration.js";

/** A trial, resolved. */
export interface Twin {
  /** Its paths are those that the script is to have. */
  readonly configuration: ExportedConfiguration;
  readonly settings: Settings;
  readonly config: TrainConfig;
}

/** Of the training and the validation file. */
export function splitFormats({ data }: Settings): readonly [train: DataFormat, validation: DataFormat] {
  return [formatOf(data.train, data.format), formatOf(data.validation, data.format)];
}

export function isRegression({ settings }: Twin): boolean {
  return settings.trainer.problemType === "regression";
}

/** A label for each text. */
export function classifies({ settings }: Twin): boolean {
  return settings.task === "sequence-classification";
}

/** A label for each word. */
export function tags({ settings }: Twin): boolean {
  return settings.task === "token-classification";
}

/** The task's head is new, and has a parameter group. */
export function hasHead({ settings }: Twin): boolean {
  return !predictsTokens(settings.task);
}

export function hasClasses(twin: Twin): boolean {
  return hasHead(twin) && !isRegression(twin);
}

/** Rows of the word table that a step's texts do not have stay as they are. */
export function isLazy({ settings }: Twin): boolean {
  return settings.trainer.rowUpdates === "lazy";
}
