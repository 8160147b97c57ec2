// Batches as Hugging Face's models take them: vocabulary ids, masks, labels with -100 where nothing is asked for.
import { predictsTokens, type Task } from "../../sweep/settings.js";
import type { Batch } from "./batch.js";
import type { RowMap } from "./row-map.js";

/** Keys are those of a Hugging Face model's forward(). */
export interface HuggingFaceBatch {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  /** Not for causal-lm: GPT-2 would add embeddings of their own for them. */
  readonly token_type_ids?: readonly (readonly number[])[];
  /**
   * A class, or a number in regression, for each example; for token-classification a class, for language models an id for
   * each position, which causal-lm is asked for one position before. -100 is not asked for.
   */
  readonly labels: readonly number[] | readonly (readonly number[])[];
}

const IGNORED = -100;

export function toHuggingFaceBatch(batch: Batch, task: Task, { idOfRow }: RowMap): HuggingFaceBatch {
  const { length } = batch.bucket;
  if (batch.targetValues) return regressionBatch(batch, batch.targetValues, idOfRow);
  const id = (row: number) => idOfRow[row] as number;
  return {
    input_ids: lines(Array.from(batch.inputRows, id), length),
    attention_mask: lines(Array.from(batch.attentionMask), length),
    ...(task !== "causal-lm" && { token_type_ids: lines(Array.from(batch.tokenTypes), length) }),
    labels: task === "sequence-classification" ? classesOf(batch) : lines(labelsOf(batch, task, id), length),
  };
}

/** Without the examples that only fill the batch: no number is one that Hugging Face's loss ignores. */
function regressionBatch(batch: Batch, values: Float32Array, idOfRow: Int32Array): HuggingFaceBatch {
  const { length } = batch.bucket;
  const used = (of: ArrayLike<number>) => lines(Array.from(of).slice(0, batch.targetCount * length), length);
  return {
    input_ids: used(batch.inputRows.map((row) => idOfRow[row] as number)),
    attention_mask: used(batch.attentionMask),
    token_type_ids: used(batch.tokenTypes),
    labels: Array.from(values.subarray(0, batch.targetCount)),
  };
}

/** A label for each position; those of causal-lm one after the position that answers them. */
function labelsOf(batch: Batch, task: Task, id: (row: number) => number): readonly number[] {
  const shift = task === "causal-lm" ? 1 : 0;
  const labels = Array.from(batch.inputRows, () => IGNORED);
  batch.targetPositions.forEach((position, i) => {
    const label = batch.targetLabels[i] as number;
    if (batch.targetWeights[i]) labels[position + shift] = predictsTokens(task) ? id(label) : label;
  });
  return labels;
}

function classesOf({ targetLabels, targetWeights }: Batch): readonly number[] {
  return Array.from(targetLabels, (label, i) => (targetWeights[i] ? label : IGNORED));
}

function lines(values: readonly number[], length: number): readonly (readonly number[])[] {
  return Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length));
}
