// CoNLL columns: a word a line, its tag in the last column, a blank line after each sentence.
import { type Place, wrongLine } from "./lines.js";

export interface Sentence {
  readonly words: readonly string[];
  /** One a word. */
  readonly tags: readonly string[];
  /** Of its first word, from 1. */
  readonly line: number;
}

/**
 * The sentences of `lines` (those of `file`). Columns are parted by spaces or tabs; the first is the word, the last its
 * tag, and every line has as many as the file's first. Passed over are -DOCSTART- lines and comments, which begin with "# "
 * before a sentence's first word, as in CoNLL-U: a sentence that begins with the word # needs a tab after it. Throws a
 * DualrateError of code "data" that names the line.
 */
export async function* readSentences(lines: AsyncIterable<string>, file: string): AsyncGenerator<Sentence> {
  let line = 0;
  let columns: number | undefined;
  let rows: string[][] = [];
  const sentence = (): Sentence => ({
    words: rows.map((row) => row[0] as string),
    tags: rows.map((row) => row.at(-1) as string),
    line: line - rows.length,
  });
  for await (const content of lines) {
    line += 1;
    const row = content.split(/[ \t\r]+/).filter((column) => column !== "");
    if (row.length === 0 || row[0] === "-DOCSTART-") {
      if (rows.length > 0) yield sentence();
      rows = [];
    } else if (rows.length > 0 || !/^#( |\r?$)/.test(content)) {
      columns ??= row.length;
      checkColumns(row, columns, { file, line });
      rows.push(row);
    }
  }
  line += 1;
  if (rows.length > 0) yield sentence();
}

const COLUMNS = "Each line holds a word and, in the last column, its tag; a blank line ends a sentence.";

function checkColumns(row: readonly string[], columns: number, place: Place): void {
  if (row.length < 2) throw wrongLine(place, `the word "${row[0]}" has no tag: there is one column only`, COLUMNS);
  if (row.length === columns) return;
  throw wrongLine(place, `has ${row.length} columns, the file's first word has ${columns}`, COLUMNS);
}
