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

/**
 * Lays out the rows: base rows in the order of their ids, then the introduced ids in theirs. `vocabSize` is the config's
 * vocab_size, which may exceed the tokenizer's: an introduced id below it takes its row out of the base rows. With
 * `keptIds` only those base rows are kept (compaction); "all" keeps every one.
 */
export function buildRowMap(
  vocabSize: number,
  introducedIds: readonly number[],
  keptIds: ReadonlySet<number> | "all",
): RowMap {
  const introduced = new Set(introducedIds);
  const isBase = (id: number) => !introduced.has(id) && (keptIds === "all" || keptIds.has(id));
  const baseIds = Array.from({ length: vocabSize }, (_, id) => id).filter(isBase);
  const idOfRow = sharedInt32([...baseIds, ...introducedIds]);
  const vocabulary = introducedIds.reduce((size, id) => Math.max(size, id + 1), vocabSize);
  const rowOfId = sharedInt32(new Int32Array(vocabulary).fill(-1));
  idOfRow.forEach((id, row) => {
    rowOfId[id] = row;
  });
  return { rowOfId, idOfRow, baseRows: baseIds.length, introducedRows: introducedIds.length };
}

/** A copy over a SharedArrayBuffer. */
export function sharedInt32(values: ArrayLike<number>): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(4 * values.length));
  shared.set(values);
  return shared;
}
