// F1 over an evaluation: of the entities that the tags of words mark, or of the classes of texts.
import type { Task } from "../sweep/settings.js";
import type { Batch } from "./data/batch.js";
import { entitiesOf, markEntities, OUTSIDE } from "./data/tags.js";

/** Collects an evaluation's predictions, batch by batch; a sequence is never cut by the end of a batch. */
export interface F1 {
  readonly add: (batch: Batch, predictions: Int32Array) => void;
  /** Null where the task has no F1, or there was nothing to count. */
  readonly value: () => number | null;
}

export const NO_F1: F1 = { add: () => {}, value: () => null };

/** The task's F1; `classes` are its class names in the order of their indices. */
export function createF1(task: Task, classes: readonly string[]): F1 {
  switch (task) {
    case "masked-lm":
    case "causal-lm":
      return NO_F1;
    case "sequence-classification":
      return macroF1();
    case "token-classification":
      return markEntities(classes) ? entityF1(classes) : NO_F1;
  }
}

/** How often something was predicted, how often it was so, and how often both. */
interface Counts {
  readonly predicted: number;
  readonly actual: number;
  readonly hits: number;
}

const NOTHING: Counts = { predicted: 0, actual: 0, hits: 0 };

/** The harmonic mean of precision and recall; 0 where nothing was predicted and nothing was to be found. */
function f1Of({ predicted, actual, hits }: Counts): number {
  return predicted + actual === 0 ? 0 : (2 * hits) / (predicted + actual);
}

/**
 * The mean over classes of their F1, each class counted alike, over those that occur in labels or predictions: scikit-learn's
 * f1_score(average="macro").
 */
function macroF1(): F1 {
  const counts = new Map<number, Counts>();
  const count = (label: number, { predicted, actual, hits }: Counts) => {
    const before = counts.get(label) ?? NOTHING;
    counts.set(label, {
      predicted: before.predicted + predicted,
      actual: before.actual + actual,
      hits: before.hits + hits,
    });
  };
  return {
    add: ({ targetLabels, targetWeights }, predictions) =>
      predictions.forEach((prediction, i) => {
        const label = targetLabels[i] as number;
        if (targetWeights[i] === 0) return;
        count(label, { predicted: 0, actual: 1, hits: Number(label === prediction) });
        count(prediction, { predicted: 1, actual: 0, hits: 0 });
      }),
    value: () => {
      if (counts.size === 0) return null;
      return [...counts.values()].reduce((sum, each) => sum + f1Of(each), 0) / counts.size;
    },
  };
}

/**
 * F1 of all entities together (micro), as seqeval counts them by default, which is how conlleval does: an entity is found
 * where type, first and last word agree.
 */
function entityF1(classes: readonly string[]): F1 {
  let counts = NOTHING;
  const keys = (tags: readonly string[]) => entitiesOf(tags).map(({ type, first, last }) => `${first} ${last} ${type}`);
  const tag = (index: number) => classes[index] ?? OUTSIDE;
  return {
    add: (batch, predictions) => {
      for (const slots of sequencesOf(batch)) {
        const actual = keys(slots.map((slot) => tag(batch.targetLabels[slot] as number)));
        const predicted = keys(slots.map((slot) => tag(predictions[slot] as number)));
        const hits = predicted.filter((entity) => actual.includes(entity)).length;
        counts = {
          predicted: counts.predicted + predicted.length,
          actual: counts.actual + actual.length,
          hits: counts.hits + hits,
        };
      }
    },
    value: () => f1Of(counts),
  };
}

/** The target slots of each sequence that has any, in the order of its words. */
function sequencesOf({ bucket, targetPositions, targetWeights }: Batch): readonly (readonly number[])[] {
  const sequences = new Map<number, number[]>();
  targetPositions.forEach((position, slot) => {
    if (targetWeights[slot] === 0) return;
    const sequence = Math.floor(position / bucket.length);
    const slots = sequences.get(sequence);
    if (slots) slots.push(slot);
    else sequences.set(sequence, [slot]);
  });
  return [...sequences.values()];
}
