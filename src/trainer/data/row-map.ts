// The row map: where each vocabulary id's embedding row lies among concat(E_base[kept rows], E_group1, ..., E_introduced).

/** Pretrained rows that are a parameter group of their own, next to each other. */
export interface TokenGroupRows {
  readonly name: string;
  readonly rows: number;
}

/** Which rows are whose: the base group's first, then each token group's, then the introduced tokens'. */
export interface RowGroups {
  /** Pretrained rows, those of token groups included. */
  readonly baseRows: number;
  /** The last of the pretrained rows, in this order. */
  readonly tokenGroups: readonly TokenGroupRows[];
}

/** Rows 0..baseRows-1 are pretrained rows, the introduced tokens' rows follow in their order. */
export interface RowMap extends RowGroups {
  /** Row of a vocabulary id (the introduced ids included), or -1 where compaction left it out. [vocabulary] */
  readonly rowOfId: Int32Array;
  /** Vocabulary id of a row. [baseRows + introducedRows] */
  readonly idOfRow: Int32Array;
  readonly introducedRows: number;
}

/** A token group's vocabulary ids, none of them introduced or in another group. */
export interface TokenGroupIds {
  readonly name: string;
  readonly ids: readonly number[];
}

/**
 * Lays out the rows: base rows in the order of their ids, then the token groups' and the introduced ids in theirs.
 * `vocabSize` is the config's vocab_size, which may exceed the tokenizer's: an introduced id below it takes its row out of
 * the base rows. With `keptIds` only those base rows are kept (compaction); "all" keeps every one. Token groups are kept:
 * a row that is left out gets the base's weight decay, not theirs.
 */
export function buildRowMap(
  vocabSize: number,
  introducedIds: readonly number[],
  keptIds: ReadonlySet<number> | "all",
  tokenGroups: readonly TokenGroupIds[] = [],
): RowMap {
  const groupIds = tokenGroups.flatMap(({ ids }) => ids);
  const elsewhere = new Set([...introducedIds, ...groupIds]);
  const isBase = (id: number) => !elsewhere.has(id) && (keptIds === "all" || keptIds.has(id));
  const baseIds = Array.from({ length: vocabSize }, (_, id) => id).filter(isBase);
  const idOfRow = sharedInt32([...baseIds, ...groupIds, ...introducedIds]);
  const vocabulary = introducedIds.reduce((size, id) => Math.max(size, id + 1), vocabSize);
  const rowOfId = sharedInt32(new Int32Array(vocabulary).fill(-1));
  idOfRow.forEach((id, row) => {
    rowOfId[id] = row;
  });
  return {
    rowOfId,
    idOfRow,
    baseRows: baseIds.length + groupIds.length,
    tokenGroups: tokenGroups.map(({ name, ids }) => ({ name, rows: ids.length })),
    introducedRows: introducedIds.length,
  };
}

/** A copy over a SharedArrayBuffer. */
export function sharedInt32(values: ArrayLike<number>): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(4 * values.length));
  shared.set(values);
  return shared;
}
