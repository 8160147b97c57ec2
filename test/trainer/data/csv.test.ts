import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Row, readRows } from "../../../src/trainer/data/csv.js";

interface Case {
  readonly delimiter: "," | "\t";
  readonly text: string;
  readonly rows: readonly (readonly string[])[];
}

const cases: readonly Case[] = JSON.parse(readFileSync(new URL("../../golden/csv.json", import.meta.url), "utf8"));

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split("\n");
}

async function rowsOf(text: string, delimiter: "," | "\t" = ","): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows(linesOf(text), delimiter, "data.csv")) rows.push(row);
  return rows;
}

test("rows are those that Python's csv module reads in strict mode", async () => {
  expect(cases.length).toBeGreaterThan(40);
  for (const { delimiter, text, rows } of cases) {
    expect((await rowsOf(text, delimiter)).map(({ fields }) => fields)).toEqual(rows);
  }
});

test("a row has its first line's number, whatever line ends its fields hold", async () => {
  const rows = await rowsOf('text\n"a\nb\n\nc"\n\nd\n');
  expect(rows.map(({ line }) => line)).toEqual([1, 2, 7]);
});

test("a field of a million characters is read", async () => {
  const long = `${"a".repeat(500_000)}""${"b".repeat(500_000)}`;
  expect((await rowsOf(`"${long}",x`))[0]?.fields).toEqual([long.replace('""', '"'), "x"]);
});

test.each([
  ["a quote in a field without quotes", 'text\na "b" c\n', 2, /line 2: field 1 has a quote but is not in quotes/],
  ["text after a closing quote", 'text,label\nx,"a" b\n', 2, /line 2: text follows the closing quote of field 2/],
  [
    "a quoted field that is not closed",
    'text\n"a"\n"b\nc\nd\n',
    3,
    /line 3: from here on a quoted field is never closed/,
  ],
])("%s is an error with the row's first line", async (_, text, line, message) => {
  await expect(rowsOf(text)).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file: "data.csv", line },
    hint: expect.stringMatching(/double/),
  });
});
