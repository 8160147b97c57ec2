// The batches of training and evaluation, from a split's encoded examples. Training batches are a pure function of the
// step, so that a run resumes anywhere; evaluation batches are the same for every trial of a study.
import { deriveKey, Random } from "../../random.js";
import type { Task } from "../../sweep/settings.js";
import type { Batch, Bucket } from "./batch.js";
import { maskedCapacity, paddedLength, type TargetCapacity } from "./buckets.js";
import type { EncodedSplit, SharedInputs } from "./inputs.js";
import { createMasker, type Masking, maskProbabilities } from "./masking.js";
import { wordSpread } from "./word-parts.js";

export interface BatchOptions extends Masking {
  readonly task: Task;
  /** Examples in each batch; the last one is filled up with examples of weight 0. */
  readonly batchSize: number;
  /** In tokens; the inputs were truncated to it. */
  readonly maxLength: number;
}

export interface TrainingBatchOptions extends BatchOptions {
  /** Batches of texts of about the same length. */
  readonly groupByLength: boolean;
  /** Batches in one step. */
  readonly accumulationSteps: number;
  readonly seed: number;
}

/** The batches of a step; steps count from 0 and run through epoch after epoch, whose last step may have fewer batches. */
export type TrainingBatches = (step: number) => readonly Batch[];

/** Training batches by step: each epoch in an order and with masks of its own, both from the seed. */
export function createTrainingBatches(inputs: SharedInputs, options: TrainingBatchOptions): TrainingBatches {
  const { seed, accumulationSteps } = options;
  const collate = createCollator(inputs, inputs.data.train, options);
  const batchesPerEpoch = Math.ceil(exampleCount(inputs.data.train) / options.batchSize);
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / accumulationSteps);
  const orderOf = keepLast((epoch: number) => epochOrder(inputs.data.train, options, epoch));
  return (step) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    const first = (step % stepsPerEpoch) * accumulationSteps;
    const batches = orderOf(epoch).slice(first, first + accumulationSteps);
    return batches.map((examples) => collate(examples, (example) => deriveKey(seed, "mask", epoch, example)));
  };
}

/** A split's batches, short texts first, with masks drawn once from the study's seed and each example's index. */
export function validationBatches(
  inputs: SharedInputs,
  split: "validation" | "test",
  options: BatchOptions & { readonly studySeed: number },
): readonly Batch[] {
  const encoded = inputs.data[split];
  if (encoded === undefined) return [];
  const collate = createCollator(inputs, encoded, options);
  const order = allExamples(encoded).sort((a, b) => lengthOf(encoded, a) - lengthOf(encoded, b));
  const keyOf = (example: number) => deriveKey(options.studySeed, "evaluation-mask", split, example);
  return chunks(order, options.batchSize).map((examples) => collate(examples, keyOf));
}

/**
 * An epoch's batches as example indices. Grouping by length is that of Hugging Face's LengthGroupedSampler: shuffle, cut
 * into mega-batches of up to 50 batches, sort each by length, longest first. Unlike there, the batches are then shuffled:
 * lengths must not follow the learning-rate schedule.
 */
function epochOrder(
  split: EncodedSplit,
  { batchSize, groupByLength, seed }: TrainingBatchOptions,
  epoch: number,
): readonly (readonly number[])[] {
  const random = new Random(deriveKey(seed, "order", epoch));
  const shuffled = random.shuffle(allExamples(split));
  if (!groupByLength) return chunks(shuffled, batchSize);
  const multiple = Math.max(1, Math.min(50, Math.floor(shuffled.length / (batchSize * 4))));
  const sorted = chunks(shuffled, multiple * batchSize).flatMap((examples) =>
    examples.sort((a, b) => lengthOf(split, b) - lengthOf(split, a)),
  );
  return random.shuffle(chunks(sorted, batchSize));
}

/** One example as a batch takes it. */
interface BatchExample {
  readonly inputRows: Int32Array;
  readonly tokenTypes: Uint8Array;
  readonly targets: readonly Target[];
}

interface Target {
  readonly position: number;
  readonly label: number;
  readonly introduced: boolean;
}

type Collator = (examples: readonly number[], maskKey: (example: number) => number) => Batch;

function createCollator(inputs: SharedInputs, split: EncodedSplit, options: BatchOptions): Collator {
  const { batchSize, maxLength } = options;
  const { draw, capacity } = targetSource(inputs, split, options);
  return (examples, maskKey) => {
    const drawn = examples.map((example) => draw(example, maskKey(example)));
    const longest = drawn.reduce((length, { inputRows }) => Math.max(length, inputRows.length), 1);
    const length = paddedLength(longest, maxLength);
    const count = drawn.reduce((sum, { targets }) => sum + targets.length, 0);
    const bucket = { batch: batchSize, length, targets: capacity(batchSize, length, count) };
    const batch = assemble(drawn, bucket, inputs.data.special.pad);
    return split.values ? { ...batch, targetValues: valuesOf(split.values, examples, batchSize) } : batch;
  };
}

/** 0 for examples that only fill the batch. */
function valuesOf(values: Float32Array, examples: readonly number[], size: number): Float32Array {
  const ofBatch = new Float32Array(size);
  ofBatch.set(examples.map((example) => values[example] ?? 0));
  return ofBatch;
}

interface TargetSource {
  readonly draw: (example: number, key: number) => BatchExample;
  readonly capacity: TargetCapacity;
}

function targetSource(inputs: SharedInputs, split: EncodedSplit, options: BatchOptions): TargetSource {
  switch (options.task) {
    case "masked-lm":
      return maskedTargets(inputs, split, options);
    case "causal-lm":
      return nextTokens(inputs, split);
    case "sequence-classification":
      return classTargets(inputs, split);
    case "token-classification":
      return wordTargets(inputs, split);
  }
}

function maskedTargets({ rowMap, data }: SharedInputs, split: EncodedSplit, masking: Masking): TargetSource {
  const { wordParts } = data;
  const mask = createMasker(masking, data.special, rowMap, wordParts);
  const probabilities = maskProbabilities(masking, data.special, rowMap);
  return {
    capacity: maskedCapacity(split, probabilities, rowMap.baseRows, wordParts && wordSpread(split, wordParts)),
    draw: (example, key) => {
      const { rows, tokenTypes } = textOf(split, example);
      const { inputRows, positions } = mask(rows, key);
      const targets = positions.map((position) => {
        const label = rows[position] ?? 0;
        return { position, label, introduced: label >= rowMap.baseRows };
      });
      return { inputRows, tokenTypes, targets };
    },
  };
}

/** Each position but a text's last is asked for the token after it. */
function nextTokens({ rowMap }: SharedInputs, split: EncodedSplit): TargetSource {
  return {
    capacity: (batch, length) => batch * (length - 1),
    draw: (example) => {
      const { rows, tokenTypes } = textOf(split, example);
      const targets = Array.from(rows.subarray(1), (label, position) => {
        return { position, label, introduced: label >= rowMap.baseRows };
      });
      return { inputRows: rows, tokenTypes, targets };
    },
  };
}

function classTargets({ rowMap }: SharedInputs, split: EncodedSplit): TargetSource {
  return {
    capacity: (batch) => batch,
    draw: (example) => {
      const { rows, tokenTypes } = textOf(split, example);
      const introduced = rows.some((row) => row >= rowMap.baseRows);
      // The first token, [CLS], is what the encoder's pooler reads.
      const target: Target = { position: 0, label: split.labels[example] ?? 0, introduced };
      return { inputRows: rows, tokenTypes, targets: [target] };
    },
  };
}

/** A word is asked for at its first sub-word; it counts as introduced where any of its sub-words is. */
function wordTargets({ rowMap }: SharedInputs, split: EncodedSplit): TargetSource {
  return {
    // Most tokens are asked for: fewer slots would save less than the compiled steps of more shapes cost.
    capacity: (batch, length) => batch * length,
    draw: (example) => {
      const { rows, tokenTypes } = textOf(split, example);
      const labels = split.labels.subarray(split.offsets[example], split.offsets[example + 1]);
      const targets: Target[] = [];
      rows.forEach((row, position) => {
        const label = labels[position] ?? -1;
        if (label >= 0) targets.push({ position, label, introduced: false });
        const word = targets.at(-1);
        if (word && row >= rowMap.baseRows) targets[targets.length - 1] = { ...word, introduced: true };
      });
      return { inputRows: rows, tokenTypes, targets };
    },
  };
}

function assemble(examples: readonly BatchExample[], bucket: Bucket, padRow: number): Batch {
  const { batch, length } = bucket;
  const inputRows = new Int32Array(batch * length).fill(padRow);
  const tokenTypes = new Int32Array(batch * length);
  const attentionMask = new Float32Array(batch * length);
  examples.forEach((example, index) => {
    inputRows.set(example.inputRows, index * length);
    tokenTypes.set(example.tokenTypes, index * length);
    attentionMask.fill(1, index * length, index * length + example.inputRows.length);
  });
  // An example that only fills the batch attends to its first token: a softmax over nothing would give NaN.
  for (let index = examples.length; index < batch; index++) attentionMask[index * length] = 1;
  return { bucket, inputRows, tokenTypes, attentionMask, ...targetSlots(examples, bucket) };
}

type TargetSlots = Omit<Batch, "bucket" | "inputRows" | "tokenTypes" | "attentionMask">;

function targetSlots(examples: readonly BatchExample[], { batch, length, targets: slots }: Bucket): TargetSlots {
  // An unused slot reads the first token of the example of its index, as a class target does, with weight 0.
  const targetPositions = Int32Array.from({ length: slots }, (_, slot) => (slot % batch) * length);
  const targetLabels = new Int32Array(slots);
  const targetWeights = new Float32Array(slots);
  const targetIntroduced = new Uint8Array(slots);
  let targetCount = 0;
  examples.forEach(({ targets }, index) => {
    for (const { position, label, introduced } of targets) {
      targetPositions[targetCount] = index * length + position;
      targetLabels[targetCount] = label;
      targetWeights[targetCount] = 1;
      targetIntroduced[targetCount] = Number(introduced);
      targetCount += 1;
    }
  });
  return { targetPositions, targetLabels, targetWeights, targetIntroduced, targetCount };
}

function textOf({ rows, tokenTypes, offsets }: EncodedSplit, example: number) {
  const [begin, end] = [offsets[example], offsets[example + 1]];
  return { rows: rows.subarray(begin, end), tokenTypes: tokenTypes.subarray(begin, end) };
}

function lengthOf({ offsets }: EncodedSplit, example: number): number {
  return (offsets[example + 1] ?? 0) - (offsets[example] ?? 0);
}

function exampleCount({ offsets }: EncodedSplit): number {
  return offsets.length - 1;
}

function allExamples(split: EncodedSplit): number[] {
  return Array.from({ length: exampleCount(split) }, (_, example) => example);
}

function chunks(items: readonly number[], size: number): number[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Remembers the result for the latest argument. */
function keepLast<T>(compute: (argument: number) => T): (argument: number) => T {
  let last: { readonly argument: number; readonly result: T } | undefined;
  return (argument) => {
    if (last?.argument !== argument) last = { argument, result: compute(argument) };
    return last.result;
  };
}
