// F1 against seqeval's algorithm and scikit-learn (test/golden/make_f1.py).
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Task } from "../../src/sweep/settings.js";
import type { Batch } from "../../src/trainer/data/batch.js";
import { entitiesOf } from "../../src/trainer/data/tags.js";
import { createF1 } from "../../src/trainer/f1.js";

interface EntityCase {
  readonly tags: readonly string[];
  readonly true: readonly (readonly string[])[];
  readonly predicted: readonly (readonly string[])[];
  readonly entities: readonly (readonly (readonly [type: string, first: number, last: number])[])[];
  readonly f1: number;
}

interface MacroCase {
  readonly true: readonly number[];
  readonly predicted: readonly number[];
  readonly f1: number;
}

const golden = JSON.parse(readFileSync(new URL("../golden/f1.json", import.meta.url), "utf8")) as {
  readonly entity: readonly EntityCase[];
  readonly macro: readonly MacroCase[];
};

const LENGTH = 10;

/** Sequences of labels as a batch, every other position a target, with spare slots at the end. */
function batchOf(sequences: readonly (readonly number[])[]): Batch {
  const spare = 3;
  const targets = sequences.flatMap((labels, index) =>
    labels.map((label, i) => ({ label, position: index * 2 * LENGTH + 2 * i })),
  );
  const slots = targets.length + spare;
  const spread = (pick: (target: (typeof targets)[number]) => number) =>
    Int32Array.from({ length: slots }, (_, i) => (targets[i] === undefined ? 0 : pick(targets[i])));
  return {
    bucket: { batch: sequences.length, length: 2 * LENGTH, targets: slots },
    inputRows: new Int32Array(),
    tokenTypes: new Int32Array(),
    attentionMask: new Float32Array(),
    targetPositions: spread(({ position }) => position),
    targetLabels: spread(({ label }) => label),
    targetWeights: Float32Array.from(spread(() => 1)),
    targetIntroduced: new Uint8Array(slots),
    targetCount: targets.length,
  };
}

/** The F1 over two batches, `sequences` cut in the middle. */
function f1Over(
  task: Task,
  classes: readonly string[],
  labels: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): number | null {
  const f1 = createF1(task, classes);
  const half = Math.ceil(labels.length / 2);
  for (const part of [[0, half] as const, [half, labels.length] as const]) {
    // What is predicted at spare slots must not count.
    f1.add(batchOf(labels.slice(...part)), Int32Array.from([...predicted.slice(...part).flat(), 1, 1, 1]));
  }
  return f1.value();
}

test.each(golden.entity)(
  "entities of $tags: F1 is seqeval's $f1",
  ({ tags, true: labels, predicted, entities, f1 }) => {
    predicted.forEach((sequence, i) => {
      expect(entitiesOf(sequence).map(({ type, first, last }) => [type, first, last])).toEqual(entities[i]);
    });
    const indices = (sequences: readonly (readonly string[])[]) =>
      sequences.map((sequence) => sequence.map((tag) => tags.indexOf(tag)));
    expect(f1Over("token-classification", tags, indices(labels), indices(predicted))).toBeCloseTo(f1, 12);
  },
);

test.each(golden.macro)("classes of texts: F1 is scikit-learn's macro $f1", ({ true: labels, predicted, f1 }) => {
  const texts = (values: readonly number[]) => values.map((value) => [value]);
  expect(f1Over("sequence-classification", [], texts(labels), texts(predicted))).toBeCloseTo(f1, 12);
});

test("tags that mark no entities have no F1", () => {
  expect(f1Over("token-classification", ["0", "1"], [[0, 1]], [[0, 1]])).toBeNull();
  expect(f1Over("token-classification", ["NOUN", "O"], [[0, 1]], [[0, 1]])).toBeNull();
});

test("a language model has no F1", () => {
  expect(f1Over("masked-lm", [], [[0, 1]], [[0, 1]])).toBeNull();
});
