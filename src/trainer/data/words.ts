// Texts that come as words, as Hugging Face's fast tokenizers take them with is_split_into_words.
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { holdSingleWords } from "./single-word.js";

/** The special tokens that the tokenizer's template puts before and after a text. */
export interface Frame {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

export interface EncodedWords {
  /** Vocabulary ids, special tokens included, at most `maxLength`. */
  readonly ids: readonly number[];
  readonly tokenTypes: readonly number[];
  readonly truncated: boolean;
  /** Where the first sub-word of each word stands, ascending; words without tokens, or cut off, have none. */
  readonly firsts: readonly { readonly position: number /** Index of the word. */; readonly word: number }[];
}

/**
 * transformers.js does not tell which word a token is of. Hugging Face's library normalizes and splits each word apart from
 * the others, so that encoding them one by one gives the same tokens; only the template is for all of them.
 */
export function encodeWords(
  tokenizer: PreTrainedTokenizer,
  words: readonly string[],
  { prefix, suffix }: Frame,
  maxLength: number,
): EncodedWords {
  const ids = [...prefix];
  const firsts: { position: number; word: number }[] = [];
  words.forEach((text, word) => {
    const subwords = text === "" ? [] : tokenizer.encode(text, { add_special_tokens: false });
    if (subwords.length > 0) firsts.push({ position: ids.length, word });
    ids.push(...subwords);
  });
  const room = maxLength - suffix.length;
  const kept = [...ids.slice(0, room), ...suffix];
  return {
    ids: kept,
    // One text is of type 0, whatever the template: types tell the two texts of a pair apart.
    tokenTypes: kept.map(() => 0),
    truncated: ids.length > room,
    firsts: firsts.filter(({ position }) => position < room),
  };
}

/** The same tokenizer with a space before each text, where it is byte-level: AutoTokenizer's add_prefix_space. */
export function withPrefixSpace(tokenizer: PreTrainedTokenizer): PreTrainedTokenizer {
  const { constructor: Class } = tokenizer as unknown as {
    constructor: new (json: unknown, config: unknown) => PreTrainedTokenizer;
  };
  const prefixed = new Class(prefixSpaceIn(tokenizer._tokenizerJSON).json, tokenizer._tokenizerConfig);
  holdSingleWords(prefixed);
  return prefixed;
}

/** tokenizer.json with add_prefix_space wherever a byte-level pre-tokenizer has it, and whether one does. */
export function prefixSpaceIn(json: unknown): { readonly json: unknown; readonly byteLevel: boolean } {
  let byteLevel = false;
  const changed: unknown = JSON.parse(JSON.stringify(json), (_, value: unknown) => {
    if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "ByteLevel") return value;
    byteLevel = true;
    return { ...value, add_prefix_space: true };
  });
  return { json: changed, byteLevel };
}
