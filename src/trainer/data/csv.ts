// A strict reader of delimited text as RFC 4180 defines it: fields that hold delimiters, quotes or line ends are quoted,
// quotes inside of them are doubled. Lines in, rows out; nothing here knows what the fields mean.
import { type Place, wrongLine } from "./lines.js";

export interface Row {
  readonly fields: readonly string[];
  /** Of its first line, from 1. */
  readonly line: number;
}

const QUOTES = 'Put a field with quotes in it into quotes, and double those inside: "say ""yes""".';

/**
 * The rows of `lines` (the lines of `file` without their \n), empty lines aside. A line end inside of a quoted field is part
 * of it. Throws a DualrateError of code "data" that names the row's first line where quotes are out of place.
 */
export async function* readRows(
  lines: AsyncIterable<string>,
  delimiter: "," | "\t",
  file: string,
): AsyncGenerator<Row> {
  let line = 0;
  let open: { readonly line: number; readonly parts: string[] } | undefined;
  for await (const content of lines) {
    line += 1;
    const row = open ?? { line, parts: [] };
    row.parts.push(content);
    // A row goes on in the next line as long as one of its quotes has no partner.
    const closes = hasOddQuotes(content) === (open !== undefined);
    open = closes ? undefined : row;
    if (!closes) continue;
    const text = row.parts.join("\n").replace(/\r$/, "");
    if (text !== "") yield { fields: fieldsOf(text, delimiter, { file, line: row.line }), line: row.line };
  }
  if (!open) return;
  throw wrongLine({ file, line: open.line }, "a quoted field begins here that is never closed", QUOTES);
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function fieldsOf(text: string, delimiter: string, place: Place): readonly string[] {
  const fields: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const isQuoted = text[start] === '"';
    const end = isQuoted ? afterQuoted(text, start) : afterPlain(text, delimiter, start);
    const field = text.slice(start, end);
    if (isQuoted && end < text.length && text[end] !== delimiter) {
      throw wrongLine(place, `text follows the closing quote of field ${fields.length + 1}`, QUOTES);
    }
    if (!isQuoted && field.includes('"')) {
      throw wrongLine(place, `field ${fields.length + 1} has a quote but is not in quotes`, QUOTES);
    }
    fields.push(isQuoted ? field.slice(1, -1).replaceAll('""', '"') : field);
    start = end + 1;
  }
  return fields;
}

/** Where the quoted field ends that begins at `start`: after its closing quote, which is not one of a doubled pair. */
function afterQuoted(text: string, start: number): number {
  let close = text.indexOf('"', start + 1);
  while (text[close + 1] === '"') close = text.indexOf('"', close + 2);
  return close + 1;
}

function afterPlain(text: string, delimiter: string, start: number): number {
  const end = text.indexOf(delimiter, start);
  return end < 0 ? text.length : end;
}
