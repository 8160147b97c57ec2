// Parquet files as rows of named values, one row group after the other. The decoding is hyparquet's; the bounds on what a
// file's metadata and page headers may make us allocate, and the errors' words, are ours. (Run lengths inside of a page are
// not bounded: hyparquet follows a forged one until memory is used up.)
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors, decompressZstd } from "hyparquet-compressors";
import { DualrateError, messageOf } from "../../errors.js";

export interface ParquetRow {
  /** By column; columns that were not asked for are there by name, with undefined. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** From 1. */
  readonly row: number;
}

/** Bytes that the wanted columns of one row group may declare; they are in memory at once. */
const MOST_BYTES = 2 ** 30;
/** Rows of one row group: every writer's default is far below. */
const MOST_ROWS = 2 ** 24;

/**
 * The rows of a file, of which only the columns `wanted` are decoded. Integers that a number holds come as numbers. Throws a
 * DualrateError of code "data" for a file that is not Parquet, is damaged, or has a row group too large to read at once.
 */
export async function* readParquet(file: string, wanted: readonly string[]): AsyncGenerator<ParquetRow> {
  const { buffer, metadata, names, counts } = await opened(file);
  const columns = wanted.filter((name) => names.includes(name));
  const undecoded = Object.fromEntries(names.map((name) => [name, undefined]));
  let rowStart = 0;
  for (const [index, count] of counts.entries()) {
    const rowEnd = rowStart + count;
    const options = { file: buffer, metadata, columns, rowStart, rowEnd, compressors: BOUNDED, geoparquet: false };
    const rows = await decoded(file, async () => {
      checkSize(file, metadata, index, columns);
      return parquetReadObjects(options);
    });
    for (const values of rows) {
      rowStart += 1;
      yield { fields: { ...undecoded, ...plain(values) }, row: rowStart };
    }
    if (rowStart !== rowEnd) throw unreadable(file, new Error(`row group ${index + 1} lacks rows that it declares`));
  }
}

async function opened(file: string) {
  return decoded(file, async () => {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
    const counts = metadata.row_groups.map(({ num_rows: count }) => Number(count));
    return { buffer, metadata, names: columnNames(metadata), counts };
  });
}

/** Top-level columns, nested ones by the name of their root. */
function columnNames({ schema }: FileMetaData): readonly string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length; at = afterElement(schema, at)) names.push(schema[at]?.name ?? "");
  return names;
}

/** The schema is a tree in depth-first order: the index after an element and its children. */
function afterElement(schema: FileMetaData["schema"], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0) && next < schema.length; child++) {
    next = afterElement(schema, next);
  }
  return next;
}

/** What a file declares is believed only up to a bound: the decoder allocates by it. */
function checkSize(file: string, { row_groups: groups }: FileMetaData, index: number, wanted: readonly string[]): void {
  const group = groups[index];
  const chunks = (group?.columns ?? []).flatMap(({ meta_data: meta }) => (meta ? [meta] : []));
  const sizes = chunks
    .filter(({ path_in_schema: [root = ""] }) => wanted.includes(root))
    .map(({ total_uncompressed_size: size }) => Number(size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const rows = Number(group?.num_rows ?? 0);
  if (rows >= 0 && rows <= MOST_ROWS && bytes <= MOST_BYTES && sizes.every((size) => size >= 0)) return;
  const came = `${rows.toLocaleString("en-US")} rows, ${bytes.toLocaleString("en-US")} bytes in the columns to read`;
  const message = `${file}: a row group may have at most 2^24 rows and 2^30 bytes; number ${index + 1} declares ${came}`;
  const hint = "Write the file in smaller row groups: row_group_size=100000 in pyarrow or pandas, say.";
  throw new DualrateError("data", message, { hint, place: { file } });
}

type Decompress = (input: Uint8Array, length: number) => Uint8Array;

/** A page's header says how long it is decompressed: no longer than a row group may be, and no decoder may write more. */
const BOUNDED = Object.fromEntries(
  Object.entries({
    ...compressors,
    ZSTD: (input: Uint8Array, length: number) => decompressZstd(input, new Uint8Array(length)),
  }).map(([codec, decompress]: [string, Decompress]) => [
    codec,
    (input: Uint8Array, length: number) => {
      if (length >= 0 && length <= MOST_BYTES) return decompress(input, length);
      throw new Error(`a page declares ${length} bytes`);
    },
  ]),
);

/** 64-bit integers come as bigint, also in lists, which neither labels nor JSON know. */
function plain(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  return typeof value === "bigint" ? numberOf(value) : value;
}

function numberOf(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** What `read` gives; whatever goes wrong in it, with a damaged file, is an error of ours. */
async function decoded<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof DualrateError ? error : unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): DualrateError {
  return new DualrateError("data", `${file} cannot be read as Parquet: ${messageOf(error)}`, {
    hint: "Check the path, write the file again, or, where it is of another format, set data.format.",
    place: { file },
    cause: error,
  });
}
