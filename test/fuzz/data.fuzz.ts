// Data files of every format, and files of introduced tokens: bad bytes, long lines, empty fields, broken quotes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Random } from "../../src/random.js";
import type { DataFormat } from "../../src/sweep/data-format.js";
import { type ExampleFields, readExamples } from "../../src/trainer/data/dataset.js";
import { resolveTokens } from "../../src/trainer/data/tokens.js";
import { fuzz } from "./fuzz.js";
import { damagedBytes, damagedText, pick } from "./mutate.js";

const folder = mkdtempSync(join(tmpdir(), "dualrate-fuzz-data-"));
afterAll(() => rmSync(folder, { recursive: true }));

const CORPUS: Readonly<Record<Exclude<DataFormat, "parquet">, string>> = {
  jsonl:
    '{"text": "one \\u00e9", "label": "a"}\n{"text": "two", "label": "b", "x": [1]}\r\n\n{"text":"three","label":3}\n',
  csv: 'id,text,label\n1,"a ""quoted"" text, with a comma",a\r\n2,"two\nlines",b\n3,é,c\n',
  tsv: "text\tlabel\none two\ta\nthree\tb\n",
  text: "one line\nanother line\n\nthe last\n",
  conll: "-DOCSTART- O\n\n# comment\nEU NNP B-ORG\nrejects VBZ O\n\nGerman\tJJ\tB-MISC\n",
};

const FIELDS: Readonly<Record<DataFormat, Omit<ExampleFields, "format">>> = {
  jsonl: { text: "text", label: "label" },
  csv: { text: "text", label: "label" },
  tsv: { text: "text", label: "label" },
  text: { text: "text" },
  conll: { text: "words", tags: "tags" },
  parquet: { text: "text", label: "label" },
};

function damaged(random: Random, text: string): Buffer {
  const others = Object.values(CORPUS);
  return random.below(2) === 0
    ? damagedBytes(random, Buffer.from(text))
    : Buffer.from(damagedText(random, text, others));
}

async function drain(format: DataFormat, bytes: Buffer): Promise<void> {
  const file = join(folder, `data.${format}`);
  writeFileSync(file, bytes);
  for await (const { text, line } of readExamples(file, { ...FIELDS[format], format })) {
    // A word of CoNLL columns is whatever stands between spaces and tabs.
    const blank = text.trim() === "" && format !== "conll";
    if (blank || !(line >= 1)) throw new Error(`line ${line} gave ${JSON.stringify(text)}`);
  }
}

test.each(Object.entries(CORPUS) as [Exclude<DataFormat, "parquet">, string][])(
  "a damaged %s file is refused by line, or read",
  async (format, text) => {
    const run = (bytes: Buffer) => drain(format, bytes);
    const { failures, accepted } = await fuzz({ name: format, input: (random) => damaged(random, text), run });
    expect(failures).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
  },
);

const PARQUET = new URL("../golden/parquet/", import.meta.url);
const TABLES = readdirSync(PARQUET)
  .filter((name) => name.endsWith(".parquet"))
  .map((name) => readFileSync(new URL(name, PARQUET)));

test("a damaged Parquet file is refused, or read", async () => {
  const input = (random: Random) => damagedBytes(random, pick(random, TABLES));
  const { failures } = await fuzz({ name: "parquet", input, run: (bytes) => drain("parquet", bytes) });
  expect(failures).toEqual([]);
});

test("a damaged file of tokens is refused by line, or read", async () => {
  const tables = {
    txt: "<A>\n<B>\n<C>\n",
    csv: "token,init\n<A>,mean\n<B>,\n<C>,copy:the\n",
    jsonl: '{"token": "<A>"}\n',
  };
  const { failures, accepted } = await fuzz({
    name: "tokens",
    input: (random) => {
      const [ending, text] = pick(random, Object.entries(tables));
      return { ending, bytes: damaged(random, text) };
    },
    run: async ({ ending, bytes }) => {
      const file = join(folder, `tokens.${ending}`);
      writeFileSync(file, bytes);
      const settings = { introduced: { tokens: [], source: { file }, special: false } };
      await resolveTokens(settings as unknown as Parameters<typeof resolveTokens>[0]);
    },
  });
  expect(failures).toEqual([]);
  expect(accepted).toBeGreaterThan(0);
});
