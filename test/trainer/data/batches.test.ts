import { expect, test } from "vitest";
import { Random } from "../../../src/random.js";
import type { Batch } from "../../../src/trainer/data/batch.js";
import {
  createTrainingBatches,
  type TrainingBatchOptions,
  validationBatches,
} from "../../../src/trainer/data/batches.js";
import type { EncodedSplit, SharedInputs } from "../../../src/trainer/data/inputs.js";
import { buildRowMap } from "../../../src/trainer/data/row-map.js";
import { WORD_PART } from "../../../src/trainer/data/word-parts.js";

const PAD = 0;
const CLS = 1;
const SEP = 2;
const MASK = 3;
/** The first introduced row. */
const INTRODUCED = 1000;

/** `lengths[i]` tokens in example i, whose third token is the row 10 + i; every third example has an introduced token. */
function split(lengths: readonly number[]): EncodedSplit {
  const texts = lengths.map((length, i) => [
    CLS,
    ...(i % 3 === 0 ? [INTRODUCED + (i % 2)] : [5]),
    10 + i,
    ...Array.from({ length: length - 4 }, (_, j) => 4 + (j % 5)),
    SEP,
  ]);
  const offsets = [0];
  for (const text of texts) offsets.push((offsets.at(-1) ?? 0) + text.length);
  return {
    rows: Int32Array.from(texts.flat()),
    tokenTypes: Uint8Array.from(texts.flat(), (_, i) => i % 2),
    offsets: Int32Array.from(offsets),
    labels: Int32Array.from(lengths, (_, i) => i % 4),
  };
}

const random = new Random(5);
const lengths = Array.from({ length: 203 }, () => 4 + random.below(90));

const inputs: SharedInputs = {
  modelConfig: {},
  tensors: [],
  rowMap: buildRowMap(INTRODUCED, [INTRODUCED, INTRODUCED + 1], "all"),
  data: {
    train: split(lengths),
    validation: split(lengths.slice(0, 30)),
    test: undefined,
    classes: [],
    special: { pad: PAD, cls: CLS, sep: SEP, mask: MASK, neverMasked: Int32Array.of(PAD, CLS, SEP, MASK) },
    introduced: [],
  },
};

const options: TrainingBatchOptions = {
  task: "masked-lm",
  batchSize: 8,
  maxLength: 100,
  maskProbability: 0.15,
  introducedMaskProbability: 0.5,
  maskReplacement: [0.8, 0.1, 0.1],
  groupByLength: false,
  accumulationSteps: 1,
  seed: 3,
};
const classification: TrainingBatchOptions = { ...options, task: "sequence-classification" };
const STEPS_PER_EPOCH = Math.ceil(lengths.length / 8);

/** The only batch of a step. */
const batchAt = (settings: TrainingBatchOptions, step: number) =>
  createTrainingBatches(inputs, settings)(step)[0] as Batch;

/** The examples of a classification batch, told by their third token. */
function examplesOf(batch: Batch): number[] {
  const { length } = batch.bucket;
  return Array.from(batch.targetPositions.slice(0, batch.targetCount), (at) => (batch.inputRows[at + 2] ?? 0) - 10).map(
    (example, slot) => {
      expect(batch.targetPositions[slot]).toBe(slot * length);
      return example;
    },
  );
}

const epochOf = (settings: TrainingBatchOptions, epoch: number) => {
  const batches = createTrainingBatches(inputs, settings);
  return Array.from({ length: STEPS_PER_EPOCH }, (_, i) => batches(epoch * STEPS_PER_EPOCH + i)).flat();
};

test.each([false, true])(
  "each epoch takes every example once, in another order (group_by_length %s)",
  (groupByLength) => {
    const settings = { ...classification, groupByLength };
    const epochs = [0, 1].map((epoch) => epochOf(settings, epoch).flatMap(examplesOf));
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    expect(epochs[0]).not.toEqual(epochs[1]);
  },
);

test("a step's batch does not depend on the steps asked for before it", () => {
  const inOrder = createTrainingBatches(inputs, options);
  const batches = Array.from({ length: 2 * STEPS_PER_EPOCH }, (_, step) => inOrder(step));
  for (const step of [40, 3, 27, 3]) {
    expect(createTrainingBatches(inputs, options)(step)).toEqual(batches[step]);
    expect(inOrder(step)).toEqual(batches[step]);
  }
});

test("with accumulation a step takes the next batches of the same order; an epoch's last step takes what is left", () => {
  const steps = Math.ceil(STEPS_PER_EPOCH / 4);
  const accumulated = createTrainingBatches(inputs, { ...options, accumulationSteps: 4 });
  const byStep = Array.from({ length: 2 * steps }, (_, step) => accumulated(step));
  expect(byStep.flat()).toEqual([...epochOf(options, 0), ...epochOf(options, 1)]);
  const sizes = [...new Array(steps - 1).fill(4), STEPS_PER_EPOCH % 4];
  expect(byStep.map((batches) => batches.length)).toEqual([...sizes, ...sizes]);
});

test("another seed gives another order; the masks of an example differ between epochs", () => {
  const other = { ...classification, seed: 4 };
  expect(epochOf(classification, 0).flatMap(examplesOf)).not.toEqual(epochOf(other, 0).flatMap(examplesOf));
  const all = { ...options, batchSize: lengths.length, introducedMaskProbability: 0.15 };
  expect(batchAt(all, 0).targetCount).not.toBe(batchAt(all, 1).targetCount);
});

test("a batch holds its texts, padded with [PAD] to its length, and attends to them alone", () => {
  const batch = batchAt(classification, 0);
  const { length } = batch.bucket;
  const { train } = inputs.data;
  examplesOf(batch).forEach((example, index) => {
    const [begin, end] = [train.offsets[example] ?? 0, train.offsets[example + 1] ?? 0];
    const size = end - begin;
    const padding = new Array(length - size).fill(0);
    const row = (values: ArrayLike<number>) => Array.from(values).slice(index * length, (index + 1) * length);
    expect(row(batch.inputRows)).toEqual([...train.rows.slice(begin, end), ...padding.fill(PAD)]);
    expect(row(batch.tokenTypes)).toEqual([...train.tokenTypes.slice(begin, end), ...padding]);
    expect(row(batch.attentionMask)).toEqual([...new Array(size).fill(1), ...padding]);
    expect(batch.targetLabels[index]).toBe(example % 4);
    expect(batch.targetIntroduced[index]).toBe(Number(example % 3 === 0));
  });
});

test("an epoch's last, smaller batch keeps the shape, with examples of weight 0 that attend to one [PAD]", () => {
  const last = batchAt(classification, STEPS_PER_EPOCH - 1);
  const { length } = last.bucket;
  expect(last.bucket).toMatchObject({ batch: 8, targets: 8 });
  expect(last.targetCount).toBe(203 % 8);
  expect([...last.targetWeights]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
  expect([...last.targetPositions]).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => i * length));
  for (let example = 3; example < 8; example++) {
    const row = (values: ArrayLike<number>) => Array.from(values).slice(example * length, (example + 1) * length);
    expect(row(last.inputRows)).toEqual(new Array(length).fill(PAD));
    expect(row(last.attentionMask)).toEqual([1, ...new Array(length - 1).fill(0)]);
  }
});

test("masked positions ask for the text's own rows, and introduced targets are marked", () => {
  const batch = batchAt({ ...options, maskReplacement: [0, 0, 1] }, 1);
  expect(batch.targetCount).toBeGreaterThan(10);
  expect(batch.targetWeights.reduce((a, b) => a + b)).toBe(batch.targetCount);
  for (let slot = 0; slot < batch.targetCount; slot++) {
    const label = batch.targetLabels[slot] ?? -1;
    expect(batch.inputRows[batch.targetPositions[slot] ?? -1]).toBe(label);
    expect(batch.targetIntroduced[slot]).toBe(Number(label >= INTRODUCED));
  }
  expect(batch.targetIntroduced.reduce((a, b) => a + b)).toBeGreaterThan(0);
});

test("causal-lm asks each position but a text's last for the next row, and draws nothing", () => {
  const causal: TrainingBatchOptions = { ...options, task: "causal-lm" };
  for (const batch of epochOf(causal, 0).slice(-2)) {
    const { batch: size, length, targets } = batch.bucket;
    expect(targets).toBe(size * (length - 1));
    const isText = (at: number) => batch.attentionMask[at] === 1;
    const expected = [...batch.inputRows.keys()].filter(
      (at) => (at + 1) % length !== 0 && isText(at) && isText(at + 1),
    );
    expect(batch.targetCount).toBe(expected.length);
    expect([...batch.targetPositions.slice(0, batch.targetCount)]).toEqual(expected);
    const labels = expected.map((at) => batch.inputRows[at + 1] as number);
    expect([...batch.targetLabels.slice(0, batch.targetCount)]).toEqual(labels);
    expect([...batch.targetIntroduced.slice(0, batch.targetCount)]).toEqual(labels.map((row) => +(row >= INTRODUCED)));
    expect([...batch.targetWeights]).toEqual([...batch.targetWeights.keys()].map((slot) => +(slot < expected.length)));
  }
});

test("a batch may ask for nothing", () => {
  const none = { ...options, maskProbability: 0, introducedMaskProbability: 0 };
  const batch = batchAt(none, 0);
  expect(batch.targetCount).toBe(0);
  expect(batch.bucket.targets).toBeGreaterThan(0);
  expect([...batch.targetWeights].every((weight) => weight === 0)).toBe(true);
});

test("grouping by length pads less, in few shapes, and does not order lengths along the epoch", () => {
  const padding = (batches: readonly Batch[]) => {
    const slots = batches.reduce((sum, { bucket }) => sum + bucket.batch * bucket.length, 0);
    return slots - batches.reduce((sum, { attentionMask }) => sum + attentionMask.reduce((a, b) => a + b), 0);
  };
  const grouped = [0, 1, 2, 3].flatMap((epoch) => epochOf({ ...options, groupByLength: true }, epoch));
  const shuffled = [0, 1, 2, 3].flatMap((epoch) => epochOf(options, epoch));
  expect(padding(grouped)).toBeLessThan(0.5 * padding(shuffled));
  const shapes = new Set(grouped.map(({ bucket }) => `${bucket.length} ${bucket.targets}`));
  expect(shapes.size).toBeLessThanOrEqual(12);
  const inOrder = grouped.slice(0, STEPS_PER_EPOCH).map(({ bucket }) => bucket.length);
  expect(inOrder).not.toEqual([...inOrder].sort((a, b) => b - a));
});

test("validation batches hold every example once, short ones first, with the study's masks", () => {
  const settings = { ...options, studySeed: 9 };
  const batches = validationBatches(inputs, "validation", settings);
  expect(batches.map(({ bucket }) => bucket.batch)).toEqual([8, 8, 8, 8]);
  const sizes = batches.map(({ bucket }) => bucket.length);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(validationBatches(inputs, "validation", settings)).toEqual(batches);
  expect(validationBatches(inputs, "validation", { ...settings, studySeed: 10 })).not.toEqual(batches);
  const classes = validationBatches(inputs, "validation", { ...classification, studySeed: 9 });
  expect(classes.flatMap(examplesOf).sort((a, b) => a - b)).toEqual(lengths.slice(0, 30).map((_, i) => i));
});

test("an example's validation mask does not depend on the batch size", () => {
  const labels = (batchSize: number) =>
    validationBatches(inputs, "validation", { ...options, batchSize, studySeed: 9 }).flatMap(
      ({ targetLabels, targetCount }) => [...targetLabels.slice(0, targetCount)],
    );
  expect(labels(5)).toEqual(labels(16));
});

test("whole words: no target is dropped, the masks depend on seed, epoch and example alone, and shapes stay few", () => {
  // Rows 4 to 8 go on with the word before: words of up to 90 tokens.
  const wordParts = Uint8Array.from({ length: 1002 }, (_, row) =>
    row >= 4 && row <= 8 ? WORD_PART.continues : row < 4 || row >= INTRODUCED ? WORD_PART.whole : WORD_PART.begins,
  );
  const wholeWords: SharedInputs = { ...inputs, data: { ...inputs.data, wordParts } };
  const batches = createTrainingBatches(wholeWords, options);
  const epochs = Array.from({ length: 3 * STEPS_PER_EPOCH }, (_, step) => batches(step)[0] as Batch);
  for (const batch of epochs) {
    expect(batch.targetWeights.reduce((a, b) => a + b)).toBe(batch.targetCount);
    expect(batch.targetCount).toBeLessThanOrEqual(batch.bucket.targets);
  }
  expect(createTrainingBatches(wholeWords, options)(7)).toEqual(batches(7));
  const asked = epochs.reduce((sum, { targetCount }) => sum + targetCount, 0);
  const single = [0, 1, 2].flatMap((epoch) => epochOf(options, epoch));
  // The same share of tokens on average; with words of about 40 tokens some 90 words are asked for: 4 deviations.
  expect(Math.abs(asked / single.reduce((sum, { targetCount }) => sum + targetCount, 0) - 1)).toBeLessThan(0.5);
  expect(new Set(epochs.map(({ bucket }) => `${bucket.length} ${bucket.targets}`)).size).toBeLessThanOrEqual(6);
});

test("a split that is not there has no batches", () => {
  expect(validationBatches(inputs, "test", { ...options, studySeed: 9 })).toEqual([]);
});

test("token classification asks for every labelled position; a word with an introduced part counts as introduced", () => {
  const labels = (split: EncodedSplit) =>
    Int32Array.from(split.rows, (row, i) => (row >= INTRODUCED ? -1 : (i % 3) - 1));
  const train = { ...inputs.data.train, labels: labels(inputs.data.train) };
  const tagging = { ...options, task: "token-classification" } as const;
  const [batch] = createTrainingBatches({ ...inputs, data: { ...inputs.data, train } }, tagging)(0) as [Batch];
  const { length, targets } = batch.bucket;
  expect(targets).toBe(8 * length);
  const slots = Array.from({ length: batch.targetCount }, (_, slot) => slot);
  const positions = slots.map((slot) => batch.targetPositions[slot] as number);
  // Ascending, so that a sequence's targets are neighbours in the order of its words.
  expect(positions).toEqual([...positions].sort((a, b) => a - b));
  expect(new Set(positions).size).toBe(positions.length);
  expect(batch.targetWeights.reduce((sum, weight) => sum + weight, 0)).toBe(batch.targetCount);
  for (const slot of slots) {
    const position = positions[slot] as number;
    const sequence = Math.floor(position / length);
    const next = positions[slot + 1] ?? Number.POSITIVE_INFINITY;
    const word = batch.inputRows.subarray(position, Math.min(next, (sequence + 1) * length));
    expect(batch.targetIntroduced[slot]).toBe(Number(word.some((row) => row >= INTRODUCED)));
  }
  expect(batch.targetIntroduced.some(Boolean)).toBe(true);
});
