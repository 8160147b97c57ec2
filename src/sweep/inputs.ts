// A study's inputs by content, and what a first look at them found.
import type { IntroducedTokens } from "./settings.js";

/** SHA-256 in hex of the files that an input is made from. */
export type ContentHash = string;

/** Names of a study's inputs; an executor finds or makes the bytes. */
export interface InputHashes {
  /** config.json and weights. */
  readonly model: ContentHash;
  /** tokenizer files and introduced tokens. */
  readonly tokenizer: ContentHash;
  /** The data files and every setting that changes their encoding. */
  readonly data: ContentHash;
}

/** What `prepare` found in the inputs before anything was stored. */
export interface PreparedSummary {
  readonly hashes: InputHashes;
  readonly trainExamples: number;
  /** Of the training texts together, special ones included, after truncation: positions of the attention mask. */
  readonly trainTokens: number;
  readonly validationExamples: number;
  /** The introduced tokens that `prepare` read or found; only where the settings do not list them. */
  readonly introduced?: IntroducedTokens;
  /** Occurrences of each introduced token in the training texts, in their order. */
  readonly introducedCounts: readonly number[];
  /** Model parameters, rows of the vocabulary before and after compaction. */
  readonly parameterCount: number;
  readonly vocabularyRows: number;
  readonly keptRows: number;
  /** Estimated peak bytes of one worker. */
  readonly workerBytes: number;
  readonly warnings: readonly string[];
}
