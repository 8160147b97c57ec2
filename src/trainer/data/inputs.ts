// A sweep's inputs, read and encoded once and shared between threads: every typed array here lies over a
// SharedArrayBuffer, so that handing it to a worker copies nothing. None of it is ever written after preparation.
import type { RowInit } from "../config.js";
import type { RowMap } from "./row-map.js";

/** A tensor by its Hugging Face name; `data` may be shared and must not be written. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Encoded examples of one split, flat. */
export interface EncodedSplit {
  /** Rows of the row map, special tokens included, truncated to max_length; example i is [offsets[i], offsets[i + 1]). */
  readonly rows: Int32Array;
  readonly tokenTypes: Uint8Array;
  /** [examples + 1] */
  readonly offsets: Int32Array;
  /**
   * Class of each example; for token classification of each row, -1 where none is asked for; empty where the task has none.
   */
  readonly labels: Int32Array;
  /** The number asked for of each example, in regression alone. */
  readonly values?: Float32Array;
}

/** The rows of the special tokens in the row map; undefined where the tokenizer has none. */
export interface SpecialRows {
  /** Nothing reads padding: any row where the tokenizer has no such token. */
  readonly pad: number;
  readonly cls: number | undefined;
  readonly sep: number | undefined;
  readonly mask: number | undefined;
  /** Every row that masking leaves alone: [CLS], [SEP], [PAD], [MASK], [UNK] and introduced tokens declared special. */
  readonly neverMasked: Int32Array;
}

export interface IntroducedToken {
  readonly token: string;
  /** Vocabulary id after it was added. */
  readonly id: number;
  readonly row: number;
  /** What the tokenizer made of the token before it was added, as vocabulary ids without special tokens. */
  readonly subwordIds: readonly number[];
  /** How its embedding row starts, where not as the trial's `init`: by a rule, or as the row of a vocabulary id. */
  readonly init?: RowInit | { readonly copyOf: number };
}

export interface EncodedData {
  readonly train: EncodedSplit;
  readonly validation: EncodedSplit;
  readonly test: EncodedSplit | undefined;
  /** Class names in the order of their indices; empty where the task has none. */
  readonly classes: readonly string[];
  readonly special: SpecialRows;
  /** Where whole words are masked: what each row is in its word, a WORD_PART of word-parts.ts. [rows] */
  readonly wordParts?: Uint8Array;
  readonly introduced: readonly IntroducedToken[];
}

export interface SharedInputs {
  /** config.json as read. */
  readonly modelConfig: Readonly<Record<string, unknown>>;
  /** Every tensor of the checkpoint, as float32. */
  readonly tensors: readonly NamedTensor[];
  readonly rowMap: RowMap;
  readonly data: EncodedData;
}
