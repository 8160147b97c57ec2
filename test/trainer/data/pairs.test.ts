// Pairs of texts against Hugging Face's tokenizers (test/golden/make_tokenizers.py).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../../src/trainer/data/tokenizer.js";
import { tinyModel } from "./tiny-model.js";

const GOLDEN = fileURLToPath(new URL("../../golden/tokenizers/", import.meta.url));

interface PairCase {
  readonly text: string;
  readonly text_pair: string;
  readonly max_length: number;
  readonly input_ids: readonly number[];
  readonly token_type_ids: readonly number[];
}

test.each([
  ["bert", 3],
  ["albert", 3],
  ["roberta", 4],
] as const)("%s: ids, token types and truncation of pairs are Hugging Face's", async (name, specials) => {
  const cases = JSON.parse(readFileSync(`${GOLDEN}${name}/cases.json`, "utf8"));
  const tokenizer = await loadTokenizer(`${GOLDEN}${name}`, { tokens: [cases.introduced], special: false });
  const { encode, specialsPerPair } = tokenizer.pairs();
  expect(specialsPerPair).toBe(specials);
  expect(cases.pairs.length).toBeGreaterThanOrEqual(48);
  for (const {
    text,
    text_pair: pair,
    max_length: most,
    input_ids: ids,
    token_type_ids: types,
  } of cases.pairs as PairCase[]) {
    const encoded = encode(text, pair, most);
    expect(encoded, `${text} | ${pair} | ${most}`).toMatchObject({ ids, tokenTypes: types });
    const whole = encode(text, pair, 1000).ids.length;
    expect(encoded.truncated).toBe(whole > most);
  }
});

test("a tokenizer without a template for pairs is an error of data.text_pair", async () => {
  const tokenizer = await loadTokenizer(await tinyModel(), { tokens: ["<new>"], special: false });
  expect(() => tokenizer.pairs()).toThrow(
    expect.objectContaining({
      code: "model",
      message: expect.stringMatching(/template for pairs/),
      key: ["data", "text_pair"],
    }),
  );
});
