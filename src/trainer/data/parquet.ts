// Parquet files as rows of named values. The decoding is that of Apache Arrow's Rust library, in WebAssembly: a damaged or
// forged file ends in an error there, and can neither hang it nor take more memory than its 4 GiB.
import { readFile, stat } from "node:fs/promises";
import type { Table } from "apache-arrow";
import { DualrateError, messageOf } from "../../errors.js";

export interface ParquetRow {
  /** By column; columns that were not asked for are there by name, with undefined. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** From 1. */
  readonly row: number;
}

/** Bytes of a file: all of it is in memory while it is decoded, beside what the wanted columns become. */
const MOST_BYTES = 2 ** 30;

/**
 * The rows of a file, of which only the columns `wanted` are decoded. Integers that a number holds come as numbers, binary
 * columns as text. Throws a DualrateError of code "data" for a file that is not Parquet, is damaged, or is too large.
 */
export async function* readParquet(file: string, wanted: readonly string[]): AsyncGenerator<ParquetRow> {
  const { names, table } = await decoded(file, wanted);
  const columns = names.filter((name) => wanted.includes(name)).map((name) => [name, table.getChild(name)] as const);
  const undecoded = Object.fromEntries(names.map((name) => [name, undefined]));
  for (let row = 0; row < table.numRows; row++) {
    const values = columns.map(([name, column]) => [name, plainValue(column?.get(row))] as const);
    yield { fields: { ...undecoded, ...Object.fromEntries(values) }, row: row + 1 };
  }
}

interface Decoded {
  /** Of all columns. */
  readonly names: readonly string[];
  /** With the wanted columns, or with any one where the file has none of them: it has the rows. */
  readonly table: Table;
}

async function decoded(file: string, wanted: readonly string[]): Promise<Decoded> {
  try {
    const [{ readParquet, readSchema }, { tableFromIPC }, bytes] = await Promise.all([
      import("parquet-wasm"),
      import("apache-arrow"),
      readWhole(file),
    ]);
    const { fields } = tableFromIPC(readSchema(bytes).intoIPCStream()).schema;
    const names = fields.map(({ name }) => name);
    const columns = names.filter((name) => wanted.includes(name));
    const read = readParquet(bytes, { columns: columns.length > 0 ? columns : names.slice(0, 1) });
    return { names, table: tableFromIPC(read.intoIPCStream()) };
  } catch (error) {
    throw error instanceof DualrateError ? error : unreadable(file, error);
  }
}

async function readWhole(file: string): Promise<Uint8Array> {
  const { size } = await stat(file);
  if (size <= MOST_BYTES) return readFile(file);
  const message = `${file} is ${size.toLocaleString("en-US")} bytes long; a Parquet file may have at most 2^30`;
  const hint = "Write the columns that are needed alone, a part of the rows, or JSON lines, which are read one by one.";
  throw new DualrateError("data", message, { hint, place: { file } });
}

/** As JSON would have it; 64-bit integers come as bigint, which neither labels nor JSON know. */
function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return numberOf(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  // Lists are vectors, and structures rows, over the table's memory.
  if (isIterable(value)) return Array.from(value, plainValue);
  return value;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function numberOf(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function unreadable(file: string, error: unknown): DualrateError {
  return new DualrateError("data", `${file} cannot be read as Parquet: ${messageOf(error)}`, {
    hint: "Check the path, write the file again, or, where it is of another format, set data.format.",
    place: { file },
    cause: error,
  });
}
