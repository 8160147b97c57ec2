// Metaspace, the pre-tokenizer of SentencePiece's tokenizers: makes its split hold.

interface PreTokenizer {
  readonly type: string;
  readonly replacement?: string;
  readonly split?: boolean;
  readonly pretokenizers?: readonly PreTokenizer[];
}

/**
 * tokenizer.json's `pre_tokenizer`, with a split before each space mark said apart. @huggingface/tokenizers 0.2.0 reads
 * Metaspace's own `split` (true by default) and ignores it. Unigram's sums of scores then begin at the text, not at the
 * word, and their rounding decides otherwise between equally likely pieces, as of "000" into "0" and "00".
 */
export function splittingMetaspace(preTokenizer: unknown): unknown {
  const given = preTokenizer as PreTokenizer | null | undefined;
  if (given?.type === "Sequence") {
    return { ...given, pretokenizers: given.pretokenizers?.map((part) => splittingMetaspace(part)) };
  }
  if (given?.type !== "Metaspace" || given.split === false) return preTokenizer;
  const mark = given.replacement ?? "\u2581";
  const words = {
    type: "Split",
    pattern: { Regex: `${mark}[^${mark}]*|[^${mark}]+` },
    behavior: "Removed",
    invert: true,
  };
  return { type: "Sequence", pretokenizers: [{ ...given, split: false }, words] };
}
