// One batch as the engines take it: plain typed arrays with static shapes, token ids already mapped to rows.

/** Shapes of a batch; one compiled step serves one bucket. */
export interface Bucket {
  /** Sequences in the batch. */
  readonly batch: number;
  /** Tokens per sequence, padding included. */
  readonly length: number;
  /**
   * Target slots; unused slots have weight 0. For sequence classification it equals `batch`; else a sequence's targets come
   * one after the other, in the order of their positions.
   */
  readonly targets: number;
}

export interface Batch {
  readonly bucket: Bucket;
  /** Rows of the row map, [batch * length]; padding holds the row of [PAD], or any where there is none. */
  readonly inputRows: Int32Array;
  /** Segment ids, [batch * length]. */
  readonly tokenTypes: Int32Array;
  /** 1 for tokens, 0 for padding, [batch * length]. */
  readonly attentionMask: Float32Array;
  /**
   * Flat index into batch * length of where each target is answered, [targets]: its position, for causal LM the one before,
   * for sequence classification [CLS].
   */
  readonly targetPositions: Int32Array;
  /** Row (language models) or class (classification) asked for at each target, [targets]. */
  readonly targetLabels: Int32Array;
  /** The number asked for at each target, [targets]; in regression alone, where no label is read. */
  readonly targetValues?: Float32Array;
  /** 1 for a target that counts, 0 for an unused slot, [targets]. */
  readonly targetWeights: Float32Array;
  /** 1 where a target is an introduced token (language models), or its text or word holds one (classification), [targets]. */
  readonly targetIntroduced: Uint8Array;
  /** Number of targets that count. */
  readonly targetCount: number;
}
