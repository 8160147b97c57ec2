// Reads a data file of any format as records with named fields. Every error names the file and the line.
import { messageOf } from "../../errors.js";
import type { DataFormat } from "../../sweep/data-format.js";
import { readSentences } from "./conll.js";
import { readRows } from "./csv.js";
import { type Place, readLines, wrongLine } from "./lines.js";
import { readParquet } from "./parquet.js";

export interface FileRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of its first line, from 1; in Parquet its row. */
  readonly line: number;
}

/** The one field of a line of plain text. */
const TEXT_FIELD = "text";

/** The fields of a sentence of CoNLL columns, which have no names there. */
export const SENTENCE_FIELDS = { words: "words", tags: "tags" } as const;

/**
 * The file's records: objects (JSONL), rows by the names in the first one (CSV, TSV), lines as the field "text" (text), rows
 * with the columns `wanted` (Parquet), sentences as SENTENCE_FIELDS says (CoNLL). Blank lines are passed over; a byte order
 * mark and CRLF are accepted. Throws a DualrateError of code "data" for what is none.
 */
export function readRecords(file: string, format: DataFormat, wanted: readonly string[]): AsyncGenerator<FileRecord> {
  switch (format) {
    case "jsonl":
      return readLineRecords(file, parseObject);
    case "text":
      return readLineRecords(file, (content) => ({ [TEXT_FIELD]: content.replace(/\r$/, "") }));
    case "csv":
      return readTable(file, ",");
    case "tsv":
      return readTable(file, "\t");
    case "parquet":
      return readColumns(file, wanted);
    case "conll":
      return readSentenceRecords(file);
  }
}

async function* readSentenceRecords(file: string): AsyncGenerator<FileRecord> {
  for await (const { words, tags, line } of readSentences(readLines(file), file)) {
    yield { fields: { [SENTENCE_FIELDS.words]: words, [SENTENCE_FIELDS.tags]: tags }, line };
  }
}

async function* readLineRecords(
  file: string,
  parse: (content: string, place: Place) => FileRecord["fields"],
): AsyncGenerator<FileRecord> {
  let line = 0;
  for await (const content of readLines(file)) {
    line += 1;
    if (content.trim() !== "") yield { fields: parse(content, { file, line }), line };
  }
}

function parseObject(content: string, place: Place): FileRecord["fields"] {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    const hint =
      "Each line must be one whole JSON object. For CSV, TSV or plain text, set data.format in the sweep file.";
    throw wrongLine(place, `is not JSON: ${messageOf(error)}`, hint);
  }
  if (kindOf(value) === "an object") return value as FileRecord["fields"];
  throw wrongLine(place, `must be a JSON object, is ${kindOf(value)}`, 'Write lines such as {"text": "..."}.');
}

async function* readTable(file: string, delimiter: "," | "\t"): AsyncGenerator<FileRecord> {
  let header: readonly string[] | undefined;
  for await (const { fields, line } of readRows(readLines(file), delimiter, file)) {
    if (header === undefined) {
      header = fields;
      checkHeader(header, { file, line });
      continue;
    }
    if (fields.length !== header.length) throw wrongLength(fields.length, header, delimiter, { file, line });
    yield { fields: Object.fromEntries(header.map((name, i) => [name, fields[i]])), line };
  }
}

async function* readColumns(file: string, wanted: readonly string[]): AsyncGenerator<FileRecord> {
  for await (const { fields, row } of readParquet(file, wanted)) yield { fields, line: row };
}

function checkHeader(header: readonly string[], place: Place): void {
  // Tables often have one column without a name: the index.
  const twice = header.find((name, i) => name !== "" && header.indexOf(name) !== i);
  if (twice === undefined) return;
  throw wrongLine(place, `two columns are named "${twice}"`, "The first row must give each column a name of its own.");
}

function wrongLength(length: number, header: readonly string[], delimiter: "," | "\t", place: Place) {
  const name = delimiter === "," ? "commas" : "tabs";
  const problem = `has ${length} fields, the first row names ${header.length} columns (${header.join(", ")})`;
  return wrongLine(place, problem, `Put fields with ${name} in them into quotes; the first row must name the columns.`);
}

/** A JSON value's type, with its article. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
