// Batches as Hugging Face's models take them: vocabulary ids, masks, labels with -100 where nothing is asked for.
import type { Task } from "../../sweep/settings.js";
import type { Batch } from "./batch.js";
import type { RowMap } from "./row-map.js";

/** Keys are those of a Hugging Face model's forward(). */
export interface HuggingFaceBatch {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly token_type_ids: readonly (readonly number[])[];
  /**
   * A class for each example; for masked-lm an id, for token-classification a class for each position. -100 is not asked for.
   */
  readonly labels: readonly number[] | readonly (readonly number[])[];
}

const IGNORED = -100;

export function toHuggingFaceBatch(batch: Batch, task: Task, { idOfRow }: RowMap): HuggingFaceBatch {
  const { length } = batch.bucket;
  const id = (row: number) => idOfRow[row] as number;
  return {
    input_ids: lines(Array.from(batch.inputRows, id), length),
    attention_mask: lines(Array.from(batch.attentionMask), length),
    token_type_ids: lines(Array.from(batch.tokenTypes), length),
    labels: task === "sequence-classification" ? classesOf(batch) : lines(labelsOf(batch, task, id), length),
  };
}

function labelsOf(batch: Batch, task: Task, id: (row: number) => number): readonly number[] {
  const labels = Array.from(batch.inputRows, () => IGNORED);
  batch.targetPositions.forEach((position, i) => {
    const label = batch.targetLabels[i] as number;
    if (batch.targetWeights[i]) labels[position] = task === "masked-lm" ? id(label) : label;
  });
  return labels;
}

function classesOf({ targetLabels, targetWeights }: Batch): readonly number[] {
  return Array.from(targetLabels, (label, i) => (targetWeights[i] ? label : IGNORED));
}

function lines(values: readonly number[], length: number): readonly (readonly number[])[] {
  return Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length));
}
