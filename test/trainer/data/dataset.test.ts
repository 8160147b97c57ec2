import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Example, type ExampleFields, readExamples } from "../../../src/trainer/data/dataset.js";

async function fileWith(content: string | Uint8Array): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "dualrate-dataset-")), "data.jsonl");
  await writeFile(file, content);
  return file;
}

async function read(file: string, fields: Partial<ExampleFields> = {}, limit?: number): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of readExamples(file, { text: "text", format: "jsonl", ...fields }, limit))
    examples.push(example);
  return examples;
}

test("examples come in order with their lines; a byte order mark, CRLF and blank lines are accepted", async () => {
  const file = await fileWith('\uFEFF{"text": "a"}\r\n\r\n{"text": "é b", "more": 1}\r\n{"text": "c"}');
  expect(await read(file)).toEqual([
    { text: "a", label: undefined, line: 1 },
    { text: "é b", label: undefined, line: 3 },
    { text: "c", label: undefined, line: 4 },
  ]);
});

test("a line separator inside of a string does not end the line", async () => {
  expect(await read(await fileWith('{"text": "a\u2028b"}\n'))).toMatchObject([{ text: "a\u2028b" }]);
});

test("lines longer than a read are whole", async () => {
  const long = "é".repeat(100_000);
  expect(await read(await fileWith(`{"text": "${long}"}\n{"text": "b"}\n`))).toMatchObject([
    { text: long },
    { text: "b" },
  ]);
});

test("labels may be strings or integers, under the names that the sweep file gives", async () => {
  const file = await fileWith('{"t": "a", "y": "RX_1"}\n{"t": "b", "y": 3}\n');
  expect((await read(file, { text: "t", label: "y" })).map(({ label }) => label)).toEqual(["RX_1", "3"]);
});

test("a second text comes from a field of its own, and must be a text too", async () => {
  const file = await fileWith('{"text": "a", "b": "c"}\n{"text": "a"}\n');
  expect(await read(file, { textPair: "b" }, 1)).toEqual([{ text: "a", textPair: "c", label: undefined, line: 1 }]);
  await expect(read(file, { textPair: "b" })).rejects.toMatchObject({
    message: expect.stringMatching(/line 2: has no field "b"; it has "text"/),
  });
});

test.each([
  ["csv", 'y,t\nRX_1,"a, b"\n3,c\n', [2, 3]],
  ["tsv", "t\ty\na, b\tRX_1\nc\t3\n", [2, 3]],
  ["jsonl", '{"t": "a, b", "y": "RX_1"}\n{"t": "c", "y": 3}\n', [1, 2]],
] as const)("the same examples come from %s", async (format, content, lines) => {
  expect(await read(await fileWith(content), { text: "t", label: "y", format })).toEqual([
    { text: "a, b", label: "RX_1", line: lines[0] },
    { text: "c", label: "3", line: lines[1] },
  ]);
});

const PARQUET = fileURLToPath(new URL("../../golden/parquet/snappy-dictionary.parquet", import.meta.url));

test.each([
  ["label", ["cat", "dog", "cat"]],
  ["class", ["0", "1", "2"]],
  ["flag", ["true", "false", "true"]],
] as const)("examples come from Parquet; its column %s may be the label", async (label, labels) => {
  const examples = await read(PARQUET, { label, format: "parquet" }, 3);
  expect(examples.map((example) => [example.label, example.line])).toEqual(labels.map((name, i) => [name, i + 1]));
  expect(examples[2]?.text).toBe("the cat sees <new> é é ");
});

test.each([
  ["a missing column", { text: "txt" }, 1, /row 1: has no field "txt"; it has "text", "text_b", "label", "class"/],
  ["numbers for texts", { text: "class" }, 1, /row 1: "class" must be a string, is a number/],
  ["an empty cell", { text: "empty" }, 2, /row 2: "empty" must be a string, is null/],
  ["a list", { text: "nested" }, 1, /row 1: "nested" must be a string, is a list/],
  ["a fraction for a label", { label: "score" }, 2, /row 2: "score" must be a class name or an integer, is -0\.75/],
] as const)("%s in Parquet is an error with file and row", async (_, fields, row, message) => {
  await expect(read(PARQUET, { ...fields, format: "parquet" })).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file: PARQUET, line: row },
  });
});

test("under regression labels are numbers, written as numbers or as text", async () => {
  const file = await fileWith('{"text": "a", "y": -0.5}\n{"text": "b", "y": "1e3"}\n{"text": "c", "y": 2}\n');
  expect((await read(file, { label: "y", numeric: true })).map(({ label }) => Number(label))).toEqual([-0.5, 1000, 2]);
  const scores = await read(PARQUET, { label: "score", numeric: true, format: "parquet" }, 2);
  expect(scores.map(({ label }) => Number(label))).toEqual([-1, -0.75]);
});

test.each(['"high"', '""', "true", "null", '"1e99"', "[1]"])(
  "the label %s is no number: an error with file and line",
  async (label) => {
    const file = await fileWith(`{"text": "a", "y": 1}\n{"text": "b", "y": ${label}}\n`);
    await expect(read(file, { label: "y", numeric: true })).rejects.toMatchObject({
      code: "data",
      message: expect.stringContaining(`line 2: "y" must be a number, is ${label}`),
      place: { file, line: 2 },
      hint: expect.stringMatching(/problem_type/),
    });
  },
);

const TAGGED = { text: "tokens", tags: "ner_tags" };

test.each([
  ["names", '{"tokens": ["a", "b"], "ner_tags": ["B-X", "O"]}', ["B-X", "O"]],
  ["integers", '{"tokens": ["a", "b"], "ner_tags": [3, 0]}', ["3", "0"]],
])("words come with their tags, which may be %s", async (_, content, tags) => {
  const words = [
    { text: "a", tag: tags[0] },
    { text: "b", tag: tags[1] },
  ];
  expect(await read(await fileWith(content), TAGGED)).toEqual([{ text: "a b", label: undefined, words, line: 1 }]);
});

const TAGGED_PARQUET = fileURLToPath(new URL("../../golden/parquet/tagged.parquet", import.meta.url));

test.each([
  ["names", ["O", "B-X"]],
  ["classes", ["0", String(2 ** 40)]],
] as const)("words and tags come as lists of Parquet, tags as %s", async (column, tags) => {
  const examples = await read(TAGGED_PARQUET, { text: "tokens", tags: column, format: "parquet" });
  const words = ["the", "<new>"].map((text, i) => ({ text, tag: tags[i] }));
  expect(examples).toEqual([{ text: "the <new>", label: undefined, words, line: 1 }]);
});

test.each([
  ["fewer tags than words", "one", /row 1: "tokens" has 2 words, "one" has 1 tags/],
  ["fractions for tags", "fractions", /row 1: "fractions" must hold tags/],
] as const)("%s in Parquet are an error with file and row", async (_, column, message) => {
  const examples = read(TAGGED_PARQUET, { text: "tokens", tags: column, format: "parquet" });
  await expect(examples).rejects.toMatchObject({ code: "data", message: expect.stringMatching(message) });
});

test("a sentence of CoNLL columns is an example, at the line of its first word", async () => {
  const file = await fileWith("a X B-X\nb X O\n\nc X O\n");
  const sentences = await read(file, { text: "words", tags: "tags", format: "conll" });
  expect(sentences.map(({ text, line }) => [text, line])).toEqual([
    ["a b", 1],
    ["c", 4],
  ]);
  expect(sentences[0]?.words?.map(({ tag }) => tag)).toEqual(["B-X", "O"]);
});

test.each([
  ["text instead of words", '{"tokens": "a b", "ner_tags": ["O", "O"]}', /"tokens" must be a list, is a string/],
  [
    "a number among the words",
    '{"tokens": ["a", 5], "ner_tags": ["O", "O"]}',
    /"tokens" must hold words, has a number/,
  ],
  ["no words", '{"tokens": [], "ner_tags": []}', /"tokens" is empty/],
  ["fewer tags than words", '{"tokens": ["a", "b"], "ner_tags": ["O"]}', /"tokens" has 2 words, "ner_tags" has 1 tags/],
  [
    "names and integers",
    '{"tokens": ["a", "b"], "ner_tags": ["O", 1]}',
    /all of them names or all integers, is \["O",1\]/,
  ],
  ["no tags", '{"tokens": ["a"], "tags": ["O"]}', /has no field "ner_tags"; it has "tokens", "tags"/],
])("%s is an error with its line", async (_, content, message) => {
  const file = await fileWith(`\n${content}\n`);
  await expect(read(file, TAGGED)).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file, line: 2 },
  });
});

test("of a file that several splits share, only the part's texts are examples, up to the limit", async () => {
  const file = await fileWith('{"text": "a"}\n{"text": "bb"}\n{"text": "cc"}\n{"text": "dd"}\n');
  const part = { name: "test", holds: (text: string) => text.length === 2 };
  expect((await read(file, { part }, 2)).map(({ text, line }) => [text, line])).toEqual([
    ["bb", 2],
    ["cc", 3],
  ]);
  await expect(read(file, { part: { name: "test", holds: () => false } })).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(/no example of .*, of 4, falls into the test split$/),
    hint: expect.stringMatching(/seed/),
  });
});

test("no more than the limit is read, not even a broken line after it", async () => {
  const file = await fileWith('{"text": "a"}\n{"text": "b"}\nnot JSON\n');
  expect(await read(file, {}, 2)).toHaveLength(2);
});

test.each([
  ["a line that is not JSON", '{"text": "a"}\n{oops\n', {}, 2, /line 2: is not JSON/],
  ["a list", "[1]\n", {}, 1, /line 1: must be a JSON object, is a list/],
  ["a missing field", '{"txt": "a"}\n', {}, 1, /line 1: has no field "text"; it has "txt"/],
  ["a number for a text", '{"text": 5}\n', {}, 1, /line 1: "text" must be a string, is a number/],
  ["a blank text", '{"text": "a"}\n\n{"text": " "}\n', {}, 3, /line 3: "text" is empty/],
  ["a missing column", "txt\na\n", { format: "csv" }, 2, /line 2: has no field "text"; it has "txt"/],
  ["an empty cell", "text,label\na,\n", { format: "csv", label: "label" }, 2, /"label" must be .* is ""/],
  ["a missing label", '{"text": "a"}\n', { label: "label" }, 1, /has no field "label"/],
  ["a fraction for a label", '{"text": "a", "label": 0.5}\n', { label: "label" }, 1, /"label" must be .* is 0\.5/],
] as const)("%s is an error with file and line", async (_, content, fields, line, message) => {
  const file = await fileWith(content);
  await expect(read(file, fields)).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file, line },
    hint: expect.stringMatching(/\w/),
  });
});

test.each([
  ["", "jsonl"],
  ["\n\n", "jsonl"],
  ["text,label\n", "csv"],
  ["\n", "text"],
] as const)("a file without examples (%j) is an error", async (content, format) => {
  await expect(read(await fileWith(content), { format })).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(/at least one example; it is empty/),
  });
});

test("a missing file, a folder and bytes that are not UTF-8 are errors", async () => {
  const file = await fileWith(Uint8Array.of(0xff, 0xfe, 0x00));
  for (const path of [join(file, ".."), join(file, "../absent.jsonl"), file]) {
    await expect(read(path)).rejects.toMatchObject({ code: "data", message: expect.stringMatching(/cannot be read/) });
  }
});
