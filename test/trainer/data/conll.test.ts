import { expect, test } from "vitest";
import { readSentences, type Sentence } from "../../../src/trainer/data/conll.js";

async function read(text: string): Promise<readonly Sentence[]> {
  async function* lines() {
    yield* text.split("\n");
  }
  const sentences: Sentence[] = [];
  for await (const sentence of readSentences(lines(), "a.conll")) sentences.push(sentence);
  return sentences;
}

test("the first column is the word, the last one its tag; a blank line ends a sentence", async () => {
  expect(await read("EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nPeter NNP B-NP B-PER\n")).toEqual([
    { words: ["EU", "rejects"], tags: ["B-ORG", "O"], line: 1 },
    { words: ["Peter"], tags: ["B-PER"], line: 5 },
  ]);
});

test("columns are parted by tabs or several spaces, and lines may end in CRLF", async () => {
  expect(await read("a\tB-X\r\nb  \t I-X \r\n\r\nc\tO\r\n")).toEqual([
    { words: ["a", "b"], tags: ["B-X", "I-X"], line: 1 },
    { words: ["c"], tags: ["O"], line: 4 },
  ]);
});

test("a no-break space is part of a word", async () => {
  expect(await read("10\u00a0000 O")).toEqual([{ words: ["10\u00a0000"], tags: ["O"], line: 1 }]);
});

test("document starts and the comments above a sentence are passed over", async () => {
  const text = "-DOCSTART- -X- -X- O\n\n# id 1 domain=en\n#\na _ _ B-X\n# _ _ O\n\n# text = b\nb _ _ O";
  expect(await read(text)).toEqual([
    { words: ["a", "#"], tags: ["B-X", "O"], line: 5 },
    { words: ["b"], tags: ["O"], line: 9 },
  ]);
});

test("a document start ends a sentence that no blank line ends", async () => {
  expect(await read("a O\n-DOCSTART- O\nb O")).toHaveLength(2);
});

test("a word # with a tab after it may begin a sentence", async () => {
  expect(await read("#\tO\n1\tO")).toEqual([{ words: ["#", "1"], tags: ["O", "O"], line: 1 }]);
});

test.each([
  ["a word without a tag", "a O\n\nb\n", 3, /the word "b" has no tag/],
  ["a line with fewer columns", "a N O\nb O\n", 2, /has 2 columns, the file's first word has 3/],
  ["a line with more columns", "a O\nb c O\n", 2, /has 3 columns, the file's first word has 2/],
])("%s is an error with its line", async (_, text, line, message) => {
  await expect(read(text)).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(message),
    place: { file: "a.conll", line },
  });
});
