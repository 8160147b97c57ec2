import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DataFormat } from "../../../src/sweep/data-format.js";
import { type FileRecord, readRecords } from "../../../src/trainer/data/records.js";

async function read(
  content: string,
  format: DataFormat,
): Promise<{ file: string; records: () => Promise<FileRecord[]> }> {
  const file = join(await mkdtemp(join(tmpdir(), "dualrate-records-")), "data");
  await writeFile(file, content);
  const records = async () => {
    const all: FileRecord[] = [];
    for await (const record of readRecords(file, format, [])) all.push(record);
    return all;
  };
  return { file, records };
}

test.each([
  ["jsonl", '{"text": "a, \\"b\\"\\nc", "label": "k"}\n\n{"text": "é\\td", "label": ""}\n', [1, 3]],
  ["csv", 'text,label\n"a, ""b""\nc",k\n\né\td,\n', [2, 5]],
  ["tsv", 'text\tlabel\n"a, ""b""\nc"\tk\n\n"é\td"\t\n', [2, 5]],
] as const)(
  "%s gives records with their lines; a byte order mark and blank lines are passed over",
  async (format, content, lines) => {
    expect(await (await read(`\uFEFF${content}`, format)).records()).toEqual([
      { fields: { text: 'a, "b"\nc', label: "k" }, line: lines[0] },
      { fields: { text: "é\td", label: "" }, line: lines[1] },
    ]);
  },
);

test("each line of plain text is a record, whatever is in it", async () => {
  const { records } = await read('\uFEFFtext\r\n\r\n"a", {b}\t\u2028\n c', "text");
  expect(await records()).toEqual([
    { fields: { text: "text" }, line: 1 },
    { fields: { text: '"a", {b}\t\u2028' }, line: 3 },
    { fields: { text: " c" }, line: 4 },
  ]);
});

test("a table's index column may be without a name, and columns may be named like properties of every object", async () => {
  const { records } = await read(",__proto__,,constructor\n0,a,1,b\n", "csv");
  const [record] = await records();
  expect(Object.entries(record?.fields ?? {})).toEqual([
    ["", "1"],
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
});

test.each([
  [
    "a row with too many fields",
    "csv",
    "text,label\na,b\n\nc, d,e\n",
    4,
    /has 3 fields, .* names 2 columns \(text, label\)/,
    /commas/,
  ],
  ["a row with too few fields", "tsv", "text\tlabel\na\n", 2, /has 1 fields, the first row names 2 columns/, /tabs/],
  ["two columns of one name", "csv", "\ntext,label,text\n", 2, /two columns are named "text"/, /name of its own/],
  ["CSV as JSONL", "jsonl", "text,label\na,b\n", 1, /is not JSON/, /set data\.format/],
] as const)("%s is an error with file, line and hint", async (_, format, content, line, message, hint) => {
  const { file, records } = await read(content, format);
  await expect(records()).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file, line },
    hint: expect.stringMatching(hint),
  });
});
