// Words against Hugging Face's collator (test/golden/make_tokenizers.py), where it and our rule agree.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../../src/trainer/data/tokenizer.js";
import { continuesWord, WORD_PART, wordSpread } from "../../../src/trainer/data/word-parts.js";
import { tinyModel, WORDS } from "./tiny-model.js";

const GOLDEN = fileURLToPath(new URL("../../golden/tokenizers/", import.meta.url));
const NEW = { tokens: ["<new>"], special: false };

/** For each token of a text the number of its word, from 1; special tokens are words too. */
function words(parts: Uint8Array, ids: readonly number[]): number[] {
  const rows = Int32Array.from(ids);
  let word = 0;
  return ids.map((_, position) => {
    word += continuesWord(parts, rows, position) ? 0 : 1;
    return word;
  });
}

test.each(["bert", "roberta"])("the words of %s's tokens are those of Hugging Face's collator", async (name) => {
  const cases = JSON.parse(readFileSync(`${GOLDEN}${name}/cases.json`, "utf8")).words;
  const tokenizer = await loadTokenizer(`${GOLDEN}${name}`, NEW);
  const parts = tokenizer.wordParts();
  for (const { text, input_ids: ids, word_ids: expected } of cases) {
    expect([...tokenizer.encode(text, 128).ids], text).toEqual(ids);
    const last = ids.length - 1;
    // The collator gives special tokens no number.
    expect(words(parts, ids).slice(1, last), text).toEqual(expected.slice(1, last).map((word: number) => word + 1));
  }
  expect(cases.some(({ word_ids: ids }: { word_ids: number[] }) => new Set(ids).size < ids.length - 1)).toBe(true);
});

test("SentencePiece's words begin at ▁, also where it is a token by itself", async () => {
  const tokenizer = await loadTokenizer(`${GOLDEN}albert`, NEW);
  // ▁ca t, ▁ t h e, ▁cell u l a r
  const { ids } = tokenizer.encode("cat the cellular", 64);
  expect(words(tokenizer.wordParts(), ids).slice(1, -1)).toEqual([2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4]);
});

test.each(["bert", "albert", "roberta"])(
  "%s: an introduced token is a word of its own, and ends the one before it",
  async (name) => {
    const tokenizer = await loadTokenizer(`${GOLDEN}${name}`, NEW);
    const { ids } = tokenizer.encode("cells<new>ular", 64);
    const at = ids.indexOf(tokenizer.introduced[0]?.id ?? -1);
    const numbers = words(tokenizer.wordParts(), ids);
    const own = numbers[at] ?? 0;
    expect(numbers.filter((word) => word === own)).toEqual([own]);
    expect(numbers[at + 1]).toBe(own + 1);
  },
);

test("added and special tokens are wholes, though they bear no mark", async () => {
  const red = { id: WORDS.length, content: "##red", single_word: false };
  const tokenizer = await loadTokenizer(await tinyModel({ addedTokens: [red] }), NEW);
  const parts = tokenizer.wordParts();
  for (const id of [0, 1, 2, 3, 4, red.id, tokenizer.introduced[0]?.id ?? -1]) expect(parts[id]).toBe(WORD_PART.whole);
  expect(parts[WORDS.indexOf("cell")]).toBe(WORD_PART.begins);
  expect(parts[WORDS.indexOf("##ular")]).toBe(WORD_PART.continues);
});

test("a tokenizer that marks no words is an error of whole_word_masking", async () => {
  const tokenizer = await loadTokenizer(await tinyModel({ wordPrefix: "@@" }), NEW);
  expect(() => tokenizer.wordParts()).toThrow(
    expect.objectContaining({
      code: "model",
      message: expect.stringMatching(/marks words by "##", "▁" or "Ġ"/),
      key: ["trainer", "whole_word_masking"],
    }),
  );
});

test("the spread is the mean square of the words' lengths over their mean", () => {
  // Words of 1, 3 and 2 tokens: rows 0 begin, rows 1 go on.
  const rows = Int32Array.of(0, 0, 1, 1, 0, 1);
  const split = { rows, tokenTypes: new Uint8Array(6), offsets: Int32Array.of(0, 6), labels: new Int32Array(0) };
  expect(wordSpread(split, Uint8Array.of(WORD_PART.begins, WORD_PART.continues))).toBeCloseTo((1 + 9 + 4) / 6, 12);
  expect(wordSpread(split, new Uint8Array(2))).toBe(1);
});
