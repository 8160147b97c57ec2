// The row map: where each vocabulary id's embedding row lies among concat(E_base[kept rows], E_introduced).

/** Rows 0..baseRows-1 are pretrained rows, the introduced tokens' rows follow in their order. */
export interface RowMap {
  /** Row of a vocabulary id (the introduced ids included), or -1 where compaction left it out. [vocabulary] */
  readonly rowOfId: Int32Array;
  /** Vocabulary id of a row. [baseRows + introducedRows] */
  readonly idOfRow: Int32Array;
  readonly baseRows: number;
  readonly introducedRows: number;
}
