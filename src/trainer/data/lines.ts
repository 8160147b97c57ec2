// Reads a text file line by line, and says what is wrong with one of its lines.
import { createReadStream } from "node:fs";
import { DualrateError, type ErrorCode, messageOf } from "../../errors.js";
import type { DataFormat } from "../../sweep/data-format.js";

/** A line of a file, counted from 1; of a Parquet file, which has none, a row. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly unit?: "line" | "row";
}

/** A record's place in a file of this format. */
export function placeIn(file: string, line: number, format: DataFormat): Place {
  return { file, line, ...(format === "parquet" && { unit: "row" }) };
}

/** Of a line; a file without line ends is of another format. */
const MOST_CHARACTERS = 2 ** 26;

/**
 * The lines of a UTF-8 file without their \n; a byte order mark is left out. Lines end in \n alone: readline would also end
 * them at U+2028, which JSON allows in strings. Throws a DualrateError of code "data" for a file that cannot be read.
 */
export async function* readLines(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let before = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      const [end = "", ...lines] = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
      rest += end;
      if (rest.length > MOST_CHARACTERS) throw tooLong({ file, line: before + 1 });
      for (const next of lines) {
        yield rest;
        before += 1;
        rest = next;
      }
    }
    yield rest + decoder.decode();
  } catch (error) {
    if (error instanceof DualrateError) throw error;
    throw unreadable(file, error);
  }
}

/** A place inside of its file, as a message has it: "line 3". */
export function placeText({ line, unit = "line" }: Place): string {
  return `${unit} ${line}`;
}

/** An error about one line: `problem` says what was expected and what came. */
export function wrongLine(place: Place, problem: string, hint: string, code: ErrorCode = "data"): DualrateError {
  const { file, line } = place;
  return new DualrateError(code, `${file}, ${placeText(place)}: ${problem}`, { hint, place: { file, line } });
}

function tooLong(place: Place): DualrateError {
  const hint = "Check that each example has a line of its own, and data.format.";
  return wrongLine(place, `is longer than ${MOST_CHARACTERS.toLocaleString("en-US")} characters`, hint);
}

function unreadable(file: string, error: unknown): DualrateError {
  return new DualrateError("data", `${file} cannot be read as UTF-8 text: ${messageOf(error)}`, {
    hint: "Check the path and the file; paths are relative to the sweep file.",
    place: { file },
    cause: error,
  });
}
