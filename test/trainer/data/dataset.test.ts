import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Example, type ExampleFields, readExamples } from "../../../src/trainer/data/dataset.js";

async function fileWith(content: string | Uint8Array): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "dualrate-dataset-")), "data.jsonl");
  await writeFile(file, content);
  return file;
}

async function read(file: string, fields: ExampleFields = { text: "text" }, limit?: number): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of readExamples(file, fields, limit)) examples.push(example);
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

test("no more than the limit is read, not even a broken line after it", async () => {
  const file = await fileWith('{"text": "a"}\n{"text": "b"}\nnot JSON\n');
  expect(await read(file, { text: "text" }, 2)).toHaveLength(2);
});

test.each([
  ["a line that is not JSON", '{"text": "a"}\n{oops\n', {}, 2, /line 2: is not JSON/],
  ["a list", "[1]\n", {}, 1, /line 1: must be a JSON object, is a list/],
  ["a missing field", '{"txt": "a"}\n', {}, 1, /line 1: has no field "text"; it has "txt"/],
  ["a number for a text", '{"text": 5}\n', {}, 1, /line 1: "text" must be a string, is a number/],
  ["a blank text", '{"text": "a"}\n\n{"text": " "}\n', {}, 3, /line 3: "text" is empty/],
  ["a missing label", '{"text": "a"}\n', { label: "label" }, 1, /has no field "label"/],
  ["a fraction for a label", '{"text": "a", "label": 0.5}\n', { label: "label" }, 1, /"label" must be .* is 0\.5/],
])("%s is an error with file and line", async (_, content, fields, line, message) => {
  const file = await fileWith(content);
  await expect(read(file, { text: "text", ...fields })).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file, line },
    hint: expect.stringMatching(/\w/),
  });
});

test.each(["", "\n\n"])("a file without examples (%j) is an error", async (content) => {
  await expect(read(await fileWith(content))).rejects.toMatchObject({
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
