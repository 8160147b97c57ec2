// Whole words, for masking: which tokens begin a word, go on with one, or are one by themselves, as told by the marks that
// tokenizers put on their tokens.
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { DualrateError } from "../../errors.js";
import type { EncodedSplit } from "./inputs.js";

/** What a token is in its word, as a byte: wholes are added, introduced and special tokens. */
export const WORD_PART = { begins: 0, continues: 1, whole: 2 } as const;

/** Marks of tokens that begin a word: SentencePiece's and byte-level BPE's for a space. */
const SPACES = ["▁", "Ġ"] as const;

/**
 * The part of each id of the vocabulary: WordPiece marks tokens that go on with a word ("##"), SentencePiece ("▁") and
 * byte-level BPE ("Ġ") those that begin one. Throws a DualrateError of code "model" for a tokenizer with neither.
 */
export function wordPartsOf(tokenizer: PreTrainedTokenizer): Uint8Array {
  const vocabulary = tokenizer.get_vocab();
  const { added_tokens: added } = tokenizer._tokenizerJSON as { added_tokens: readonly { readonly content: string }[] };
  const wholes = new Set(added.map(({ content }) => content));
  const continues = continuation(tokenizer, [...vocabulary.keys()]);
  const parts = new Uint8Array([...vocabulary.values()].reduce((size, id) => Math.max(size, id + 1), 0));
  for (const [token, id] of vocabulary) {
    if (wholes.has(token)) parts[id] = WORD_PART.whole;
    else if (continues(token)) parts[id] = WORD_PART.continues;
  }
  return parts;
}

function continuation(tokenizer: PreTrainedTokenizer, tokens: readonly string[]): (token: string) => boolean {
  const { model } = tokenizer._tokenizerJSON as { model: { readonly continuing_subword_prefix?: string | null } };
  const prefix = model.continuing_subword_prefix;
  // "##" alone is a token of its own, two characters of the text.
  const goesOn = (token: string) => Boolean(prefix) && token.startsWith(prefix ?? "") && token !== prefix;
  if (tokens.some(goesOn)) return goesOn;
  const space = SPACES.find((mark) => tokens.some((token) => token.startsWith(mark)));
  if (space !== undefined) return (token) => !token.startsWith(space);
  throw new DualrateError("model", 'whole_word_masking needs a tokenizer that marks words by "##", "▁" or "Ġ"', {
    hint: "Leave whole_word_masking out: this tokenizer's tokens do not say where words begin.",
    key: ["trainer", "whole_word_masking"],
  });
}

/** Whether the token at `position` goes on with the word of the token before it; a whole ends its word. `parts`: by row. */
export function continuesWord(parts: Uint8Array, rows: Int32Array, position: number): boolean {
  if (position === 0 || parts[rows[position] ?? 0] !== WORD_PART.continues) return false;
  return parts[rows[position - 1] ?? 0] !== WORD_PART.whole;
}

/**
 * How much more the number of masked tokens varies than if each were drawn by itself: with words of L tokens, masked all or
 * none, sum(L^2) / sum(L) times the variance.
 */
export function wordSpread({ rows, offsets }: EncodedSplit, parts: Uint8Array): number {
  let squares = 0;
  for (let text = 0; text < offsets.length - 1; text++) {
    const tokens = rows.subarray(offsets[text], offsets[text + 1]);
    let length = 0;
    tokens.forEach((_, position) => {
      length = continuesWord(parts, tokens, position) ? length + 1 : 1;
      // The squares of a growing length add up by odd numbers.
      squares += 2 * length - 1;
    });
  }
  return rows.length > 0 ? squares / rows.length : 1;
}
