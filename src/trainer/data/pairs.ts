// Two texts in one sequence, with the special tokens that the tokenizer's template puts around and between them.
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { DualrateError } from "../../errors.js";
import type { EncodedText } from "./tokenizer.js";

/** The template, read off a pair of probes. */
interface Frame {
  readonly before: readonly number[];
  readonly between: readonly number[];
  readonly after: readonly number[];
  /** Token types of: before, the first text, between, the second text, after. */
  readonly types: readonly [readonly number[], number, readonly number[], number, readonly number[]];
}

export interface PairEncoder {
  readonly specialsPerPair: number;
  /** As Hugging Face's tokenizer(text, pair, truncation="longest_first"). */
  encode(text: string, pair: string, maxLength: number): EncodedText;
}

/**
 * `probe`: any added token. Throws a DualrateError of code "model" for a tokenizer without a template for pairs.
 */
export function pairEncoder(
  tokenizer: PreTrainedTokenizer,
  probe: { readonly token: string; readonly id: number },
): PairEncoder {
  const { before, between, after, types } = frameOf(tokenizer, probe);
  const specialsPerPair = before.length + between.length + after.length;
  const plain = (text: string) => tokenizer.encode(text, { add_special_tokens: false });
  return {
    specialsPerPair,
    encode(text, pair, maxLength) {
      const [first, second] = [plain(text), plain(pair)];
      const room = maxLength - specialsPerPair;
      const [m, n] = longestFirst(first.length, second.length, room);
      const [typesBefore, typeFirst, typesBetween, typeSecond, typesAfter] = types;
      return {
        ids: [...before, ...first.slice(0, m), ...between, ...second.slice(0, n), ...after],
        tokenTypes: [
          ...[...typesBefore, ...new Array<number>(m).fill(typeFirst), ...typesBetween],
          ...[...new Array<number>(n).fill(typeSecond), ...typesAfter],
        ],
        truncated: m + n < first.length + second.length,
      };
    },
  };
}

function frameOf(
  tokenizer: PreTrainedTokenizer,
  { token, id }: { readonly token: string; readonly id: number },
): Frame {
  const { input_ids: ids, token_type_ids: given } = tokenizer(token, {
    text_pair: token,
    return_tensor: false,
    return_token_type_ids: true,
  });
  const [first, second] = [ids.indexOf(id), ids.lastIndexOf(id)];
  if (first < 0 || first === second) {
    throw new DualrateError("model", "data.text_pair needs a tokenizer with a template for pairs; this one has none", {
      hint: "Give the post_processor of tokenizer.json a template for pairs.",
      key: ["data", "text_pair"],
    });
  }
  const types = hasTypes(tokenizer) ? (given ?? []) : ids.map(() => 0);
  return {
    before: ids.slice(0, first),
    between: ids.slice(first + 1, second),
    after: ids.slice(second + 1),
    types: [
      types.slice(0, first),
      types[first] ?? 0,
      types.slice(first + 1, second),
      types[second] ?? 0,
      types.slice(second + 1),
    ],
  };
}

/** @huggingface/tokenizers gives RoBERTa's second text type 1; Hugging Face's Rust library gives all of it type 0. */
function hasTypes(tokenizer: PreTrainedTokenizer): boolean {
  const { post_processor: processor } = tokenizer._tokenizerJSON as { post_processor?: { type?: string } | null };
  return processor?.type !== "RobertaProcessing";
}

/**
 * Tokens that are left of two texts with room for so many: the longer one loses its end first (Hugging Face's tokenizers,
 * truncation.rs, LongestFirst: of an odd room for two halves the longer text, or else the second, has the larger one; 0.23
 * may give it to the other, since there a text counts as long as its first words that make max_length tokens).
 */
function longestFirst(first: number, second: number, room: number): readonly [number, number] {
  if (first + second <= room) return [first, second];
  const half = Math.floor(room / 2);
  const shorter = Math.min(first, second, half);
  return first > second ? [room - shorter, shorter] : [shorter, room - shorter];
}
