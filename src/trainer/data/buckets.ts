// Static shapes: which length and how many target slots a batch gets. Every shape costs one compiled step, so there are
// few of them; padding never enters a mean and no target is dropped, so the choice changes speed and memory alone.
import type { EncodedSplit } from "./inputs.js";

const LENGTHS = [8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 384, 512] as const;
const LENGTH_STEP_BEYOND = 256;
const SLOT_STEP = 8;
/** Standard deviations above the mean that a batch's first capacity covers: one batch in 30,000 needs more. */
const MARGIN = 4;
/** Growth of the capacity for the batches that need more. */
const GROWTH = 1.25;

/** The length that a batch is padded to; at most `maxLength`, which no text exceeds. */
export function paddedLength(longest: number, maxLength: number): number {
  const rung = LENGTHS.find((length) => length >= longest) ?? roundUp(longest, LENGTH_STEP_BEYOND);
  return Math.min(rung, maxLength);
}

/** Target slots for a batch of this shape that has `count` targets; never less than `count`. */
export type TargetCapacity = (batch: number, length: number, count: number) => number;

/**
 * Target slots for masked LM: what nearly every batch of a shape needs, so that a shape has one capacity, and the next
 * capacity for a batch that needs more. `probabilities` are those of being asked for, by row; `spread` is how much more base
 * targets vary than if each token were drawn by itself (word-parts.ts).
 */
export function maskedCapacity(
  split: EncodedSplit,
  probabilities: Float64Array,
  baseRows: number,
  spread = 1,
): TargetCapacity {
  const baseProbability = probabilities.subarray(0, baseRows).reduce((a, b) => Math.max(a, b), 0);
  const introduced = introducedTargets(split, probabilities, baseRows);
  return (batch, length, count) => {
    const mean = batch * (baseProbability * length + introduced.mean);
    const variance = batch * (spread * baseProbability * (1 - baseProbability) * length + introduced.variance);
    let capacity = roundUp(Math.max(1, mean + MARGIN * Math.sqrt(variance)), SLOT_STEP);
    while (capacity < Math.min(count, batch * length)) capacity = roundUp(capacity * GROWTH, SLOT_STEP);
    return Math.min(capacity, batch * length);
  };
}

/** Mean and variance over texts and draws of the introduced tokens of a text that are asked for. */
function introducedTargets(
  split: EncodedSplit,
  probabilities: Float64Array,
  baseRows: number,
): { readonly mean: number; readonly variance: number } {
  const texts = split.offsets.length - 1;
  let sum = 0;
  let squares = 0;
  let drawVariance = 0;
  for (let text = 0; text < texts; text++) {
    let expected = 0;
    for (const row of split.rows.subarray(split.offsets[text], split.offsets[text + 1])) {
      const p = row < baseRows ? 0 : (probabilities[row] ?? 0);
      expected += p;
      drawVariance += p * (1 - p);
    }
    sum += expected;
    squares += expected * expected;
  }
  const mean = sum / texts;
  return { mean, variance: Math.max(0, squares / texts - mean * mean) + drawVariance / texts };
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
