// Which examples make up a split: a file's own, or a file's share by a hash of each text.
import { createHash } from "node:crypto";
import { type DataFormat, formatOf } from "../../sweep/data-format.js";
import type { DataSettings, Settings, SplitShares } from "../../sweep/settings.js";
import type { ExampleFields } from "./dataset.js";

export type SplitName = "train" | "validation" | "test";

/** Where a split's examples come from. */
export interface SplitSource {
  readonly file: string;
  readonly fields: ExampleFields;
  /** The first so many of its examples. */
  readonly limit: number | undefined;
}

/** Undefined for the test split where there is none. */
export function splitSource(settings: Settings, name: "train" | "validation"): SplitSource;
export function splitSource(settings: Settings, name: SplitName): SplitSource | undefined;
export function splitSource({ data, task, trainer }: Settings, name: SplitName): SplitSource | undefined {
  const file = data[name];
  if (file === undefined) return undefined;
  const { split } = data;
  return {
    file,
    fields: {
      text: data.text,
      ...(data.textPair !== undefined && { textPair: data.textPair }),
      ...(task === "sequence-classification" && { label: data.label }),
      ...(trainer.problemType === "regression" && { numeric: true }),
      format: formatOf(file, data.format),
      ...(split && { part: { name, holds: (text: string) => splitOf(text, split) === name } }),
    },
    limit: name === "train" ? data.maxTrainSamples : data.maxEvalSamples,
  };
}

/** The formats of a sweep's data files, in the order of train, validation, test. */
export function dataFormats({ train, validation, test, format }: DataSettings): readonly DataFormat[] {
  return [train, validation, ...(test === undefined ? [] : [test])].map((file) => formatOf(file, format));
}

/**
 * The split that a text falls into. A pure function of the text and the seed: equal texts (white space around them aside)
 * fall into the same split, and no text changes its split when others come or go. The shares hold on average.
 */
export function splitOf(text: string, { validation, test = 0, seed }: SplitShares): SplitName {
  const digest = createHash("sha256").update(`${seed}\n${text.trim()}`).digest();
  const uniform = digest.readUIntBE(0, 6) / 2 ** 48;
  if (uniform < validation) return "validation";
  return uniform < validation + test ? "test" : "train";
}
