// The first values of a model's parameters: from the checkpoint, for introduced rows by their rule, for a new head at random.
import { DualrateError } from "../errors.js";
import { deriveKey, Random } from "../random.js";
import type { NamedTensor } from "./data/inputs.js";
import type { RowMap } from "./data/row-map.js";
import type { Columns, Model, Origin, ParameterSpec } from "./models/model.js";
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
  /** What the introduced tokens' part of a parameter with an entry per row starts as, from its tensor. [introduced * width] */
  readonly introducedPart: (tensor: NamedTensor, parameter: string) => Float32Array;
  /** Seeds a new head. */
  readonly seed: number;
}

/**
 * Throws a DualrateError of code "model" where the checkpoint lacks a tensor of the model or has it in another shape. Nothing
 * is allocated: config.json may ask for any size.
 */
export function checkTensors({ parameters }: Model, source: Pick<WeightSource, "checkpoint" | "rowMap">): void {
  for (const { origin, shape } of parameters) {
    if (origin.from === "checkpoint") copiedTensor(origin, shape, source.checkpoint);
    else if (origin.from === "rows") rowsTensor(origin.tensor, shape, source);
  }
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

/**
 * Writes all parameters' values from a trained model's tensors, which `toTensors` made, into `values`. Throws a DualrateError
 * of code "model" as writeInitialValues does.
 */
export function writeTrainedValues(
  values: Float32Array,
  model: Model,
  layout: Layout,
  source: Pick<WeightSource, "checkpoint" | "rowMap">,
): void {
  const specs = new Map(model.parameters.map((spec) => [spec.name, spec]));
  for (const { name, offset, length } of layout.slots) {
    const { origin, shape } = specs.get(name) as ParameterSpec;
    const target = values.subarray(offset, offset + length);
    if (origin.from === "rows") copyRows(target, rowsTensor(origin.tensor, shape, source), source.rowMap.idOfRow);
    else if (origin.from === "checkpoint") fillCopy(target, origin, shape, source.checkpoint);
    else target.set(required(source.checkpoint, origin.tensor).data);
  }
}

/** The rows of these ids, one after the other. */
function copyRows(target: Float32Array, { data, shape }: NamedTensor, ids: Int32Array): void {
  const width = sizeOf(shape.slice(1));
  ids.forEach((id, row) => {
    target.set(data.subarray(id * width, (id + 1) * width), row * width);
  });
}

function fill(target: Float32Array, { name, origin, shape }: ParameterSpec, source: WeightSource): void {
  if (origin.from === "checkpoint") fillCopy(target, origin, shape, source.checkpoint);
  else if (origin.from === "rows") fillRows(target, name, origin.tensor, shape, source);
  else if (origin.standardDeviation > 0)
    fillNormal(target, origin.standardDeviation, deriveKey(source.seed, origin.tensor));
}

function fillNormal(target: Float32Array, standardDeviation: number, key: number): void {
  const random = new Random(key);
  for (let i = 0; i < target.length; i++) target[i] = standardDeviation * random.normal();
}

function fillCopy(
  target: Float32Array,
  origin: CheckpointOrigin,
  shape: readonly number[],
  checkpoint: Checkpoint,
): void {
  const tensor = copiedTensor(origin, shape, checkpoint);
  if (origin.columns) eachRow(target, origin.columns, tensor.data, (part, stored) => part.set(stored));
  else target.set(origin.transposed ? transpose(tensor.data, tensor.shape) : tensor.data);
}

function copiedTensor(origin: CheckpointOrigin, shape: readonly number[], checkpoint: Checkpoint): NamedTensor {
  const tensor = required(checkpoint, origin.tensor);
  const expected = storedShape(origin, shape);
  if (tensor.shape.join() !== expected.join()) throw misshapen(tensor, expected.join(" x "));
  return tensor;
}

type CheckpointOrigin = Extract<Origin, { from: "checkpoint" }>;

/** The shape of the checkpoint's tensor for a parameter of this shape. */
function storedShape({ transposed, columns }: CheckpointOrigin, shape: readonly number[]): readonly number[] {
  if (columns) return shape.with(-1, columns.of);
  return transposed ? shape.toReversed() : shape;
}

/** Each row of a part of a tensor beside the same row's place in the tensor. */
function eachRow(
  part: Float32Array,
  { start, of }: Columns,
  tensor: Float32Array,
  use: (part: Float32Array, stored: Float32Array) => void,
): void {
  const rows = tensor.length / of;
  const width = part.length / rows;
  for (let row = 0; row < rows; row++) {
    const from = row * of + start;
    use(part.subarray(row * width, (row + 1) * width), tensor.subarray(from, from + width));
  }
}

/** Of a matrix. */
function transpose(data: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column] as number;
  }
  return result;
}

function fillRows(
  target: Float32Array,
  parameter: string,
  name: string,
  shape: readonly number[],
  source: WeightSource,
): void {
  const { rowMap, introducedPart } = source;
  const tensor = rowsTensor(name, shape, source);
  const width = sizeOf(shape.slice(1));
  copyRows(target, tensor, rowMap.idOfRow.subarray(0, rowMap.baseRows));
  target.set(introducedPart(tensor, parameter), rowMap.baseRows * width);
}

function rowsTensor(
  name: string,
  shape: readonly number[],
  { checkpoint, rowMap }: Pick<WeightSource, "checkpoint" | "rowMap">,
): NamedTensor {
  const tensor = required(checkpoint, name);
  const highest = rowMap.idOfRow.subarray(0, rowMap.baseRows).reduce((most, id) => Math.max(most, id), 0);
  if ((tensor.shape[0] ?? 0) > highest && tensor.shape.slice(1).join() === shape.slice(1).join()) return tensor;
  throw misshapen(tensor, [`at least ${highest + 1}`, ...shape.slice(1)].join(" x "));
}

/**
 * The way back: values as laid out, as tensors under their Hugging Face names; rows in vocabulary order, those that the
 * row map left out as zeros.
 */
export function toTensors(model: Model, layout: Layout, values: Float32Array, rowMap: RowMap): NamedTensor[] {
  const slots = new Map(layout.slots.map((slot) => [slot.name, slot]));
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, origin } of model.parameters) {
    const { offset, length } = slots.get(name) as Layout["slots"][number];
    const tensor = toTensor(origin, shape, values.slice(offset, offset + length), rowMap, tensors.get(origin.tensor));
    tensors.set(tensor.name, tensor);
  }
  return [...tensors.values()];
}

/** `before`: the tensor as the parameters before this one have left it, where this one is a part of it. */
function toTensor(
  origin: Origin,
  shape: readonly number[],
  data: Float32Array,
  rowMap: RowMap,
  before: NamedTensor | undefined,
): NamedTensor {
  const { tensor: name } = origin;
  if (origin.from === "rows") return inVocabularyOrder(name, shape, data, rowMap);
  if (origin.from === "new") return { name, shape, data };
  const stored = storedShape(origin, shape);
  if (!origin.columns) return { name, shape: stored, data: origin.transposed ? transpose(data, shape) : data };
  const whole = before ?? { name, shape: stored, data: new Float32Array(sizeOf(stored)) };
  eachRow(data, origin.columns, whole.data, (part, place) => place.set(part));
  return whole;
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
    hint: "Use a checkpoint saved with the head of the task, e.g. from AutoModelForMaskedLM for masked-lm, AutoModelForCausalLM for causal-lm.",
  });
}

function misshapen({ name, shape }: NamedTensor, expected: string): DualrateError {
  return new DualrateError("model", `model.safetensors: "${name}" is ${shape.join(" x ")}, expected ${expected}`, {
    hint: "config.json and model.safetensors must come from the same model.",
  });
}
