// Reads a split's examples from a file, one by one. Every error names the file and the line.
import { DualrateError } from "../../errors.js";
import type { DataFormat } from "../../sweep/data-format.js";
import { type Place, placeIn, wrongLine } from "./lines.js";
import { type FileRecord, kindOf, readRecords } from "./records.js";

export interface Example {
  /** Of words, the words with spaces between them. */
  readonly text: string;
  /** The second text of a pair. */
  readonly textPair?: string;
  /** The label as a string, a number too, a boolean as "true" or "false"; undefined where the task asks for none. */
  readonly label: string | undefined;
  /** Only where the task labels words. */
  readonly words?: readonly TaggedWord[];
  /** From 1. */
  readonly line: number;
}

export interface TaggedWord {
  readonly text: string;
  readonly tag: string;
}

/** Names of the fields to read, and how; without `label` none is looked for. */
export interface ExampleFields {
  readonly text: string;
  readonly textPair?: string;
  readonly label?: string | undefined;
  /** Labels are numbers, not classes. */
  readonly numeric?: boolean;
  /** The field with the words' tags; `text` then names the one with the words. */
  readonly tags?: string | undefined;
  readonly format: DataFormat;
  /** Where several splits share the file: which of its texts (of a pair the first) belong to this one. */
  readonly part?: { readonly name: string; readonly holds: (text: string) => boolean };
}

/**
 * The examples of a file, or of its part, at most `limit`. Throws a DualrateError of code "data" for a record without these
 * fields and for a file, or part, without examples.
 */
export async function* readExamples(
  file: string,
  fields: ExampleFields,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Example> {
  let records = 0;
  let examples = 0;
  for await (const { fields: record, line } of readRecords(file, fields.format, wantedFields(fields))) {
    records += 1;
    const place = placeIn(file, line, fields.format);
    const words = fields.tags === undefined ? undefined : parseWords(record, fields.text, fields.tags, place);
    const text = words ? words.map((word) => word.text).join(" ") : parseText(record, fields.text, place);
    if (fields.part && !fields.part.holds(text)) continue;
    const textPair = fields.textPair === undefined ? {} : { textPair: parseText(record, fields.textPair, place) };
    const label = fields.label === undefined ? undefined : parseLabel(record, fields.label, place, fields.numeric);
    yield { text, ...textPair, label, line, ...(words && { words }) };
    examples += 1;
    if (examples >= limit) return;
  }
  if (records === 0) throw empty(file, fields.format);
  if (examples === 0) throw emptyPart(file, fields.part?.name ?? "", records);
}

function wantedFields({ text, textPair, label, tags }: ExampleFields): readonly string[] {
  return [text, textPair, label, tags].filter((name) => name !== undefined);
}

const EMPTY_HINTS: Readonly<Record<DataFormat, string>> = {
  jsonl: 'Write one JSON object a line, such as {"text": "..."}.',
  csv: "Write a first row that names the columns, and one row for each example.",
  tsv: "Write a first row that names the columns, and one row for each example.",
  text: "Write one text a line.",
  parquet: "Write at least one row.",
  conll: "Write a word and its tag a line, and a blank line after each sentence.",
};

function empty(file: string, format: DataFormat): DualrateError {
  const message = `${file} must hold at least one example; it is empty`;
  return new DualrateError("data", message, { hint: EMPTY_HINTS[format], place: { file } });
}

function emptyPart(file: string, part: string, records: number): DualrateError {
  const message = `no example of ${file}, of ${records}, falls into the ${part} split`;
  return new DualrateError("data", message, {
    hint: "Raise that split's share under data.split, add examples, or try another data.split.seed.",
    place: { file },
  });
}

function parseText(record: Readonly<Record<string, unknown>>, name: string, place: Place): string {
  const text = field(record, name, place);
  if (typeof text !== "string") throw wrongLine(place, `"${name}" must be a string, is ${kindOf(text)}`, NAME_FIELD);
  if (text.trim() === "") throw wrongLine(place, `"${name}" is empty`, "Remove the line, or fill it in.");
  return text;
}

function parseWords(record: FileRecord["fields"], name: string, tagsName: string, place: Place): readonly TaggedWord[] {
  const words = parseList(record, name, place);
  const tags = parseList(record, tagsName, place);
  const noWord = words.find((word) => typeof word !== "string");
  if (noWord !== undefined) throw wrongLine(place, `"${name}" must hold words, has ${kindOf(noWord)}`, NAME_FIELD);
  if (!tags.every((tag) => typeof tag === "string" && tag !== "") && !tags.every(Number.isInteger)) {
    const problem = `"${tagsName}" must hold tags, all of them names or all integers, is ${JSON.stringify(tags)}`;
    throw wrongLine(place, problem, NAME_FIELD);
  }
  if (words.length !== tags.length) {
    const problem = `"${name}" has ${words.length} words, "${tagsName}" has ${tags.length} tags`;
    throw wrongLine(place, problem, "Give each word one tag.");
  }
  return words.map((word, i) => ({ text: String(word), tag: String(tags[i]) }));
}

function parseList(record: FileRecord["fields"], name: string, place: Place): readonly unknown[] {
  const list = field(record, name, place);
  if (!Array.isArray(list)) throw wrongLine(place, `"${name}" must be a list, is ${kindOf(list)}`, NAME_FIELD);
  if (list.length === 0) throw wrongLine(place, `"${name}" is empty`, "Remove the line, or fill it in.");
  return list;
}

function parseLabel(record: FileRecord["fields"], name: string, place: Place, numeric = false): string {
  const label = field(record, name, place);
  if (numeric) return parseNumber(label, name, place);
  if (typeof label === "string" && label !== "") return label;
  if (Number.isInteger(label) || typeof label === "boolean") return String(label);
  throw wrongLine(place, `"${name}" must be a class name or an integer, is ${JSON.stringify(label)}`, NAME_FIELD);
}

/** A number that float32 can hold, as it stands in the file. */
function parseNumber(label: unknown, name: string, place: Place): string {
  const text = typeof label === "number" || typeof label === "string" ? String(label).trim() : "";
  if (text !== "" && Number.isFinite(Math.fround(Number(text)))) return text;
  const problem = `"${name}" must be a number, is ${JSON.stringify(label)}`;
  throw wrongLine(
    place,
    problem,
    "Name the right field under data:, or leave problem_type: regression out for classes.",
  );
}

function field(record: Readonly<Record<string, unknown>>, name: string, place: Place): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  const names = Object.keys(record).map((key) => `"${key}"`);
  throw wrongLine(place, `has no field "${name}"; it has ${names.join(", ") || "none"}`, NAME_FIELD);
}

const NAME_FIELD = "Name the right fields under data: in the sweep file.";
