// The first values of a model's parameters: from the checkpoint, for introduced rows by their rule, for a new head at random.
import { DualrateError } from "../errors.js";
import { deriveKey, Random } from "../random.js";
import type { NamedTensor } from "./data/inputs.js";
import type { RowMap } from "./data/row-map.js";
import type { Model, Origin, ParameterSpec } from "./models/model.js";
import { type Layout, sizeOf } from "./optim/layout.js";

/** A checkpoint's tensors by name, old spellings and a missing model prefix allowed. */
export interface Checkpoint {
  find(name: string): NamedTensor | undefined;
}

export function openCheckpoint(tensors: readonly NamedTensor[]): Checkpoint {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    find: (name) =>
      spellings(name)
        .map((spelling) => byName.get(spelling))
        .find((tensor) => tensor),
  };
}

/** "bert.x.LayerNorm.weight" is also looked for without "bert." (a saved base model) and as "gamma" (TensorFlow's name). */
function spellings(name: string): string[] {
  const old = name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma").replace(/LayerNorm\.bias$/, "LayerNorm.beta");
  return [name, old].flatMap((spelling) => [spelling, spelling.slice(spelling.indexOf(".") + 1)]);
}

export interface WeightSource {
  readonly checkpoint: Checkpoint;
  readonly rowMap: RowMap;
  /** What the introduced tokens' part of a tensor with an entry per vocabulary id starts as. [introduced * width] */
  readonly introducedPart: (tensor: NamedTensor) => Float32Array;
  /** Seeds a new head. */
  readonly seed: number;
}

/**
 * Writes all parameters' first values, as laid out, into `values`, which must be zeros. Throws a DualrateError of code
 * "model" for a missing or misshapen tensor.
 */
export function writeInitialValues(values: Float32Array, model: Model, layout: Layout, source: WeightSource): void {
  const specs = new Map(model.parameters.map((spec) => [spec.name, spec]));
  for (const { name, offset, length } of layout.slots) {
    fill(values.subarray(offset, offset + length), specs.get(name) as ParameterSpec, source);
  }
}

function fill(target: Float32Array, { origin, shape }: ParameterSpec, source: WeightSource): void {
  if (origin.from === "checkpoint") fillCopy(target, origin, shape, source.checkpoint);
  else if (origin.from === "rows") fillRows(target, origin.tensor, shape, source);
  else if (origin.standardDeviation > 0)
    fillNormal(target, origin.standardDeviation, deriveKey(source.seed, origin.tensor));
}

function fillNormal(target: Float32Array, standardDeviation: number, key: number): void {
  const random = new Random(key);
  for (let i = 0; i < target.length; i++) target[i] = standardDeviation * random.normal();
}

function fillCopy(
  target: Float32Array,
  { tensor: name, transposed }: CheckpointOrigin,
  shape: readonly number[],
  checkpoint: Checkpoint,
): void {
  const tensor = required(checkpoint, name);
  const expected = transposed ? shape.toReversed() : shape;
  if (tensor.shape.join() !== expected.join()) throw misshapen(tensor, expected.join(" x "));
  target.set(transposed ? transpose(tensor.data, tensor.shape) : tensor.data);
}

type CheckpointOrigin = Extract<Origin, { from: "checkpoint" }>;

/** Of a matrix. */
function transpose(data: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column] as number;
  }
  return result;
}

function fillRows(target: Float32Array, name: string, shape: readonly number[], source: WeightSource): void {
  const { checkpoint, rowMap, introducedPart } = source;
  const tensor = required(checkpoint, name);
  const width = sizeOf(shape.slice(1));
  const highest = rowMap.idOfRow.subarray(0, rowMap.baseRows).reduce((most, id) => Math.max(most, id), 0);
  if ((tensor.shape[0] ?? 0) <= highest || sizeOf(tensor.shape.slice(1)) !== width) {
    throw misshapen(tensor, [`at least ${highest + 1}`, ...shape.slice(1)].join(" x "));
  }
  for (let row = 0; row < rowMap.baseRows; row++) {
    const id = rowMap.idOfRow[row] as number;
    target.set(tensor.data.subarray(id * width, (id + 1) * width), row * width);
  }
  target.set(introducedPart(tensor), rowMap.baseRows * width);
}

/**
 * The way back: values as laid out, as tensors under their Hugging Face names; rows in vocabulary order, those that the
 * row map left out as zeros.
 */
export function toTensors(model: Model, layout: Layout, values: Float32Array, rowMap: RowMap): NamedTensor[] {
  const slots = new Map(layout.slots.map((slot) => [slot.name, slot]));
  return model.parameters.map(({ name, shape, origin }) => {
    const { offset, length } = slots.get(name) as Layout["slots"][number];
    const data = values.slice(offset, offset + length);
    if (origin.from === "rows") return inVocabularyOrder(origin.tensor, shape, data, rowMap);
    return origin.from === "checkpoint" && origin.transposed
      ? { name: origin.tensor, shape: shape.toReversed(), data: transpose(data, shape) }
      : { name: origin.tensor, shape, data };
  });
}

function inVocabularyOrder(
  name: string,
  shape: readonly number[],
  rows: Float32Array,
  { rowOfId }: RowMap,
): NamedTensor {
  const width = sizeOf(shape.slice(1));
  const data = new Float32Array(rowOfId.length * width);
  rowOfId.forEach((row, id) => {
    if (row >= 0) data.set(rows.subarray(row * width, (row + 1) * width), id * width);
  });
  return { name, shape: [rowOfId.length, ...shape.slice(1)], data };
}

function required(checkpoint: Checkpoint, name: string): NamedTensor {
  const tensor = checkpoint.find(name);
  if (tensor) return tensor;
  throw new DualrateError("model", `model.safetensors has no tensor "${name}", which this task needs`, {
    hint: "Use a checkpoint saved with the head of the task, e.g. from AutoModelForMaskedLM for masked-lm.",
  });
}

function misshapen({ name, shape }: NamedTensor, expected: string): DualrateError {
  return new DualrateError("model", `model.safetensors: "${name}" is ${shape.join(" x ")}, expected ${expected}`, {
    hint: "config.json and model.safetensors must come from the same model.",
  });
}
