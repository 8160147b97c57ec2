// Texts that come as words against Hugging Face's fast tokenizers (test/golden/make_words.py): every id, every position of
// a word's first sub-word.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../../src/trainer/data/tokenizer.js";

interface Encoding {
  readonly ids: readonly number[];
  readonly firsts: readonly (readonly [position: number, word: number])[];
}

interface Golden {
  readonly introduced: readonly string[];
  readonly max_length: number;
  readonly sentences: readonly {
    readonly words: readonly string[];
    readonly whole: Encoding;
    readonly cut: Encoding;
  }[];
}

const WORDS = fileURLToPath(new URL("../../golden/words/", import.meta.url));

test.each(["bert", "albert", "roberta"])("%s: words are encoded as with is_split_into_words", async (name) => {
  const golden = JSON.parse(readFileSync(`${WORDS}${name}/words.json`, "utf8")) as Golden;
  const introduced = { tokens: golden.introduced, special: false };
  const tokenizer = await loadTokenizer(`${WORDS}${name}`, introduced, "words");
  for (const { words, whole, cut } of golden.sentences) {
    for (const [expected, maxLength] of [
      [whole, 512],
      [cut, golden.max_length],
    ] as const) {
      const { ids, firsts, truncated } = tokenizer.encodeWords(words, maxLength);
      expect(ids, words.join(" ")).toEqual(expected.ids);
      expect(firsts.map(({ position, word }) => [position, word])).toEqual(expected.firsts);
      expect(truncated).toBe(expected.ids.length < whole.ids.length);
    }
  }
});
