// Reads examples from JSONL files, line by line. Every error names the file and the line.
import { createReadStream } from "node:fs";
import { DualrateError } from "../../errors.js";

export interface Example {
  readonly text: string;
  /** The label as a string; undefined where the task asks for none. */
  readonly label: string | undefined;
  /** From 1. */
  readonly line: number;
}

/** Names of the fields to read; without `label` none is looked for. */
export interface ExampleFields {
  readonly text: string;
  readonly label?: string;
}

/**
 * The examples of a file, at most `limit`. Blank lines are passed over; a byte order mark and CRLF are accepted. Throws a
 * DualrateError of code "data" for a line that is not an object with these fields and for a file without examples.
 */
export async function* readExamples(
  file: string,
  fields: ExampleFields,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Example> {
  let line = 0;
  let examples = 0;
  for await (const content of readLines(file)) {
    line += 1;
    if (content.trim() === "") continue;
    yield parseExample(content, fields, { file, line });
    examples += 1;
    if (examples >= limit) return;
  }
  if (examples > 0) return;
  throw new DualrateError("data", `${file} must hold at least one example; it is empty`, {
    hint: 'Write one JSON object a line, such as {"text": "..."}.',
    place: { file },
  });
}

/** Lines end in \n alone: readline would also end them at U+2028, which JSON allows in strings. */
async function* readLines(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  try {
    for await (const chunk of createReadStream(file)) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    yield rest + decoder.decode();
  } catch (error) {
    if (error instanceof DualrateError) throw error;
    throw unreadable(file, error);
  }
}

interface Place {
  readonly file: string;
  readonly line: number;
}

function parseExample(content: string, fields: ExampleFields, place: Place): Example {
  const record = parseRecord(content, place);
  const text = field(record, fields.text, place);
  if (typeof text !== "string") throw wrong(place, `"${fields.text}" must be a string, is ${kindOf(text)}`, NAME_FIELD);
  if (text.trim() === "") throw wrong(place, `"${fields.text}" is empty`, "Remove the line, or fill it in.");
  const label = fields.label === undefined ? undefined : parseLabel(record, fields.label, place);
  return { text, label, line: place.line };
}

function parseRecord(content: string, place: Place): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw wrong(place, `is not JSON: ${messageOf(error)}`, "Each line must be one whole JSON object.");
  }
  if (kindOf(value) === "an object") return value as Readonly<Record<string, unknown>>;
  throw wrong(place, `must be a JSON object, is ${kindOf(value)}`, 'Write lines such as {"text": "..."}.');
}

function parseLabel(record: Readonly<Record<string, unknown>>, name: string, place: Place): string {
  const label = field(record, name, place);
  if (typeof label === "string" && label !== "") return label;
  if (Number.isInteger(label)) return String(label);
  throw wrong(place, `"${name}" must be a class name or an integer, is ${JSON.stringify(label)}`, NAME_FIELD);
}

function field(record: Readonly<Record<string, unknown>>, name: string, place: Place): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  const names = Object.keys(record).map((key) => `"${key}"`);
  throw wrong(place, `has no field "${name}"; it has ${names.join(", ") || "none"}`, NAME_FIELD);
}

const NAME_FIELD = "Name the right fields under data: in the sweep file.";

function wrong({ file, line }: Place, problem: string, hint: string): DualrateError {
  return new DualrateError("data", `${file}, line ${line}: ${problem}`, { hint, place: { file, line } });
}

function unreadable(file: string, error: unknown): DualrateError {
  return new DualrateError("data", `${file} cannot be read as UTF-8 text: ${messageOf(error)}`, {
    hint: "Check the path and the file; paths are relative to the sweep file.",
    place: { file },
    cause: error,
  });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
