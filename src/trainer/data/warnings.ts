// What is odd in the data though it can be trained on: told before a sweep, not after it.
import type { EncodedTexts } from "./encode.js";
import { markEntities } from "./tags.js";
import type { Tokenizer } from "./tokenizer.js";

/** Shares of texts or tokens from which on a warning is due. */
const TRUNCATED_SHARE = 0.01;
const UNKNOWN_SHARE = 0.02;

/** Warnings in the order of their weight; empty where all is well. */
export function dataWarnings(
  tokenizer: Tokenizer,
  train: EncodedTexts,
  validation: EncodedTexts,
  introducedTargets: number,
): readonly string[] {
  return [
    ...absentTokens(tokenizer, train, "training", "they cannot be learned"),
    ...absentTokens(tokenizer, validation, "validation", "what they learn is not measured"),
    ...(introducedTargets === 0
      ? ["no introduced token is asked for in validation: loss_introduced will be empty"]
      : []),
    ...[insideWords(train), truncation(train, "training"), truncation(validation, "validation")].flat(),
    ...unknownTokens(tokenizer, train),
  ];
}

/** What is odd in the tags of words. */
export function tagWarnings(tags: readonly string[]): readonly string[] {
  if (markEntities(tags)) return [];
  const shown = tags.slice(0, 5).join(", ");
  return [
    `the tags (${shown}${tags.length > 5 ? ", ..." : ""}) do not mark entities as B-, I- and O do: f1 will be empty`,
  ];
}

function absentTokens({ introduced }: Tokenizer, { idCounts }: EncodedTexts, split: string, effect: string): string[] {
  const absent = introduced.filter(({ id }) => !idCounts.has(id)).map(({ token }) => token);
  if (absent.length === 0) return [];
  const names = absent.slice(0, 10).join(", ") + (absent.length > 10 ? ` and ${absent.length - 10} more` : "");
  return [`${absent.length} introduced tokens never occur in the ${split} texts, ${effect}: ${names}`];
}

function insideWords({ watched, texts }: EncodedTexts): string[] {
  if (watched === 0) return [];
  const part = share(watched, texts.length);
  return [`introduced tokens are also matched inside of longer words, in ${watched} training texts (${part})`];
}

function truncation({ truncated, texts }: EncodedTexts, split: string): string[] {
  if (truncated < TRUNCATED_SHARE * texts.length || truncated === 0) return [];
  return [
    `${truncated} ${split} texts (${share(truncated, texts.length)}) are longer than max_length and lose their end`,
  ];
}

function unknownTokens({ special }: Tokenizer, { idCounts }: EncodedTexts): string[] {
  const unknown = special.unk === undefined ? 0 : (idCounts.get(special.unk) ?? 0);
  const total = [...idCounts.values()].reduce((sum, count) => sum + count, 0);
  if (unknown < UNKNOWN_SHARE * total || unknown === 0) return [];
  return [`${share(unknown, total)} of the training tokens are unknown to the tokenizer: is it the right model?`];
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
