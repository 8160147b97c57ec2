// Files that pyarrow wrote (test/golden/make_parquet.py), whole, damaged and lying about their size.
import { readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type ParquetRow, readParquet } from "../../../src/trainer/data/parquet.js";

const GOLDEN = fileURLToPath(new URL("../../golden/parquet/", import.meta.url));
const ROWS: readonly Record<string, unknown>[] = JSON.parse(readFileSync(`${GOLDEN}rows.json`, "utf8"));
const SCALARS = ["text", "text_b", "label", "class", "score", "flag", "empty"];

async function read(file: string, wanted: readonly string[]): Promise<ParquetRow[]> {
  const rows: ParquetRow[] = [];
  for await (const row of readParquet(file, wanted)) rows.push(row);
  return rows;
}

async function fileWith(content: Uint8Array | string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "dualrate-parquet-")), "data.parquet");
  await writeFile(file, content);
  return file;
}

test.each(["snappy-dictionary", "zstd", "gzip-delta", "none"])(
  "the rows of %s are those that were written",
  async (name) => {
    const rows = await read(`${GOLDEN}${name}.parquet`, SCALARS);
    expect(rows.map(({ row }) => row)).toEqual(ROWS.map((_, i) => i + 1));
    rows.forEach(({ fields }, i) => {
      for (const column of SCALARS) expect(fields[column], column).toEqual(ROWS[i]?.[column]);
    });
  },
);

test("columns that nobody asks for are there by name alone, nested ones by their root's", async () => {
  const [first] = await read(`${GOLDEN}snappy-dictionary.parquet`, ["text", "absent"]);
  expect(Object.keys(first?.fields ?? {})).toEqual(Object.keys(ROWS[0] ?? {}));
  expect(first?.fields).toEqual({ text: ROWS[0]?.text });
  const none = await read(`${GOLDEN}snappy-dictionary.parquet`, ["absent"]);
  expect(none.map(({ row }) => row)).toEqual(ROWS.map((_, i) => i + 1));
  expect(Object.keys(none[0]?.fields ?? {})).toEqual(Object.keys(ROWS[0] ?? {}));
});

test("integers beyond what a number holds come as text", async () => {
  const rows = await read(`${GOLDEN}zstd.parquet`, ["big"]);
  expect(rows.map(({ fields }) => fields.big)).toEqual(ROWS.map((_, i) => String(2n ** 60n + BigInt(i))));
});

test("a file of no rows has none", async () => {
  expect(await read(`${GOLDEN}empty.parquet`, ["text"])).toEqual([]);
});

const WHOLE = readFileSync(`${GOLDEN}zstd.parquet`);

test.each([
  ["text", "text,label\na,b\n"],
  ["nothing but a magic number", "PAR1PAR1"],
  ["a few bytes", "PAR1"],
  ["half a file", WHOLE.subarray(0, WHOLE.length / 2)],
  ["zeros instead of pages", Uint8Array.from(WHOLE, (byte, i) => (i > 4 && i < 300 ? 0 : byte))],
  [
    "a footer that claims to be longer than the file",
    Uint8Array.from([...WHOLE.subarray(0, -8), 255, 255, 255, 127, 80, 65, 82, 49]),
  ],
] as const)("%s is an error that names the file", async (_, content) => {
  const file = await fileWith(content);
  await expect(read(file, SCALARS)).rejects.toMatchObject({
    code: "data",
    message: expect.stringContaining(`${file} cannot be read as Parquet: `),
    place: { file },
    hint: expect.stringMatching(/data\.format/),
  });
});

test("bytes that are wrong anywhere end in rows or in an error of ours, never in another", async () => {
  for (let at = 4; at < WHOLE.length - 8; at += 13) {
    const damaged = Uint8Array.from(WHOLE);
    damaged[at] = 255 - (damaged[at] ?? 0);
    const outcome = await read(await fileWith(damaged), ["text"]).catch((error) => error);
    if (!Array.isArray(outcome)) expect(outcome).toMatchObject({ name: "DualrateError", code: "data" });
  }
});

/** WHOLE with a footer in which `from` became `to` wherever it stands. */
function withFooter(from: readonly number[], to: readonly number[]): Uint8Array {
  const start = WHOLE.length - 8 - WHOLE.readUInt32LE(WHOLE.length - 8);
  const footer = WHOLE.subarray(start, -8).toString("latin1");
  const text = (bytes: readonly number[]) => Buffer.from(bytes).toString("latin1");
  const changed = Buffer.from(footer.replaceAll(text(from), text(to)), "latin1");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(changed.length);
  return Buffer.concat([WHOLE.subarray(0, start), changed, length, WHOLE.subarray(-4)]);
}

test("a row group that declares more rows than it has takes neither time nor memory", async () => {
  // Thrift's compact protocol: the next field, an i64 (0x16), of 3 in zigzag (6): a row group's num_rows; 2^30 instead.
  const file = await fileWith(withFooter([0x16, 6], [0x16, 0x80, 0x80, 0x80, 0x80, 8]));
  const outcome = await read(file, ["text"]).catch((error) => error);
  if (Array.isArray(outcome)) expect(outcome.length).toBeLessThanOrEqual(ROWS.length);
  else expect(outcome).toMatchObject({ name: "DualrateError", code: "data" });
});
