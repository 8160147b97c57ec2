// Whole words: makes single_word of added tokens hold, and finds introduced tokens inside of longer words.
import type { PreTrainedTokenizer } from "@huggingface/transformers";

/** Unicode's \w, as in the Rust library. */
const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, "u");
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, "u");

/** Splits a text into added tokens and the pieces between them. */
interface Splitter {
  split(text: string): string[];
}

/** Members of @huggingface/tokenizers' Tokenizer that its types call private. */
interface Splitters {
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  readonly added_tokens_map: ReadonlyMap<string, { readonly single_word: boolean }>;
}

/**
 * Changes the tokenizer so that added tokens with single_word match whole words only. @huggingface/tokenizers 0.2.0 reads
 * the attribute and ignores it: "cell" would split "cellular". The rule is that of Hugging Face's Rust library
 * (added_vocabulary.rs): a match beside a word character is passed over.
 */
export function holdSingleWords(tokenizer: PreTrainedTokenizer): void {
  const splitters = tokenizer._tokenizer as unknown as Splitters;
  const added = splitters.added_tokens_map;
  if (![...added.values()].some((token) => token.single_word)) return;
  for (const splitter of [splitters.splitter_unnormalized, splitters.splitter_normalized]) {
    const split = splitter.split.bind(splitter);
    splitter.split = (text) => joinInsideWords(split(text), added);
  }
}

/** Gives a match inside of a word back to the text around it. */
function joinInsideWords(pieces: readonly string[], added: Splitters["added_tokens_map"]): string[] {
  const result: string[] = [];
  let afterText = false;
  pieces.forEach((piece, index) => {
    const inWord = ENDS_WITH_WORD.test(pieces[index - 1] ?? "") || STARTS_WITH_WORD.test(pieces[index + 1] ?? "");
    const token = added.get(piece);
    const isText = token === undefined || (token.single_word && inWord);
    if (isText && afterText) result.push((result.pop() ?? "") + piece);
    else result.push(piece);
    afterText = isText;
  });
  return result;
}

/** Matches any of the tokens where a word goes on before or after it; undefined where no token could. */
export function insideWordPattern(tokens: readonly string[]): RegExp | undefined {
  const alternatives = tokens.flatMap((token) => {
    const escaped = token.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    return [
      ...(STARTS_WITH_WORD.test(token) ? [`(?<=${WORD})${escaped}`] : []),
      ...(ENDS_WITH_WORD.test(token) ? [`${escaped}(?=${WORD})`] : []),
    ];
  });
  return alternatives.length > 0 ? new RegExp(alternatives.join("|"), "u") : undefined;
}
