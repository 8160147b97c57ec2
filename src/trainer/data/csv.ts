// Delimited text as RFC 4180 defines it: lines in, rows out; nothing here knows what the fields mean. The parsing is
// csv-parse's, the errors' words are ours.
import { pipeline, Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import { messageOf } from "../../errors.js";
import { wrongLine } from "./lines.js";

export interface Row {
  readonly fields: readonly string[];
  /** Of its first line, from 1. */
  readonly line: number;
}

/** What csv-parse yields with `info`. */
interface Parsed {
  readonly record: readonly string[];
  readonly info: Info;
}

const QUOTES = 'Put a field with quotes in it into quotes, and double those inside: "say ""yes""".';

/**
 * The rows of `lines` (the lines of `file` without their \n), empty lines aside. A line end inside of a quoted field is part
 * of it. Throws a DualrateError of code "data" that names the line where quotes are out of place.
 */
export async function* readRows(
  lines: AsyncIterable<string>,
  delimiter: "," | "\t",
  file: string,
): AsyncGenerator<Row> {
  let parsed = 0; // lines
  const parser = parse({
    delimiter,
    info: true,
    record_delimiter: ["\n", "\r\n"],
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (record, { lines }) => {
      parsed = lines;
      return record;
    },
  });
  // What goes wrong in either stream comes out of the last one.
  pipeline(Readable.from(withEnds(lines)), parser, () => {});
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const inside = record.reduce((count, field) => count + field.split("\n").length - 1, 0);
      yield { fields: record, line: info.lines - inside };
    }
  } catch (error) {
    throw error instanceof CsvError ? misquoted(error, file, parsed + 1) : error;
  }
}

async function* withEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** `next`: the first line after the rows that were parsed. The parser notices an open quote at the file's end alone. */
function misquoted(error: CsvError, file: string, next: number) {
  const line = error.code === "CSV_QUOTE_NOT_CLOSED" ? next : Number(error.lines);
  return wrongLine({ file, line }, problemOf(error, Number(error.column) + 1), QUOTES);
}

function problemOf(error: CsvError, field: number): string {
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "from here on a quoted field is never closed";
    case "INVALID_OPENING_QUOTE":
      return `field ${field} has a quote but is not in quotes`;
    case "CSV_INVALID_CLOSING_QUOTE":
      return `text follows the closing quote of field ${field}`;
    default:
      return messageOf(error);
  }
}
