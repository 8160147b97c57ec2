// Which examples make up a split: a file's own, or a file's share by a hash of each text.
import { createHash } from "node:crypto";
import { type DataFormat, formatOf } from "../../sweep/data-format.js";
import type { DataSettings, Settings, SplitShares } from "../../sweep/settings.js";
import type { ExampleFields } from "./dataset.js";
import { SENTENCE_FIELDS } from "./records.js";

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
export function splitSource(settings: Settings, name: SplitName): SplitSource | undefined {
  const { data } = settings;
  const file = data[name];
  if (file === undefined) return undefined;
  const { split } = data;
  const format = formatOf(file, data.format);
  return {
    file,
    fields: {
      ...fieldNames(settings, format),
      format,
      ...(split && { part: { name, holds: (text: string) => splitOf(text, split) === name } }),
    },
    limit: name === "train" ? data.maxTrainSamples : data.maxEvalSamples,
  };
}

function fieldNames({ data, task, trainer }: Settings, format: DataFormat): Omit<ExampleFields, "format"> {
  const { text, textPair, label } = data;
  switch (task) {
    case "masked-lm":
    case "causal-lm":
      return { text };
    case "sequence-classification":
      return {
        text,
        label,
        ...(textPair !== undefined && { textPair }),
        ...(trainer.problemType === "regression" && { numeric: true }),
      };
    case "token-classification":
      return format === "conll" ? { text: SENTENCE_FIELDS.words, tags: SENTENCE_FIELDS.tags } : { text, tags: label };
  }
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
