import { expect, test } from "vitest";
import type { Batch } from "../../../src/trainer/data/batch.js";
import { toHuggingFaceBatch } from "../../../src/trainer/data/exported-batches.js";
import { buildRowMap } from "../../../src/trainer/data/row-map.js";

/** Ids 0 to 3 in the rows 0 to 3, but for the introduced id 1, which is the last. */
const rowMap = buildRowMap(4, [1], "all");
const row = (id: number) => rowMap.rowOfId[id] as number;

/** Two texts, of three tokens and of one, padded to four; slots for two targets more. */
const texts: Omit<Batch, "targetPositions" | "targetLabels"> = {
  bucket: { batch: 2, length: 4, targets: 4 },
  inputRows: Int32Array.from([2, 1, 3, 0, 3, 0, 0, 0], row),
  tokenTypes: new Int32Array(8),
  attentionMask: Float32Array.of(1, 1, 1, 0, 1, 0, 0, 0),
  targetWeights: Float32Array.of(1, 1, 0, 0),
  targetIntroduced: Uint8Array.of(1, 0, 0, 0),
  targetCount: 2,
};

test("causal-lm's labels are the text's own ids, for Hugging Face to shift, and no token types come with them", () => {
  const batch = {
    ...texts,
    targetPositions: Int32Array.of(0, 1, 0, 4),
    targetLabels: Int32Array.of(row(1), row(3), 0, 0),
  };
  expect(toHuggingFaceBatch(batch, "causal-lm", rowMap)).toEqual({
    input_ids: [
      [2, 1, 3, 0],
      [3, 0, 0, 0],
    ],
    attention_mask: [
      [1, 1, 1, 0],
      [1, 0, 0, 0],
    ],
    labels: [
      [-100, 1, 3, -100],
      [-100, -100, -100, -100],
    ],
  });
});

test("masked-lm's labels are at the positions that are asked for", () => {
  const batch = {
    ...texts,
    targetPositions: Int32Array.of(1, 4, 0, 4),
    targetLabels: Int32Array.of(row(1), row(3), 0, 0),
  };
  expect(toHuggingFaceBatch(batch, "masked-lm", rowMap)).toMatchObject({
    token_type_ids: [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    labels: [
      [-100, 1, -100, -100],
      [3, -100, -100, -100],
    ],
  });
});
