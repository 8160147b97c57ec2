// The engine on ONNX Runtime: compiled steps give loss and gradients, the optimizer updates flat buffers in place.
import { Tensor } from "onnxruntime-node";
import { deriveKey } from "../../../random.js";
import type { GroupName } from "../../config.js";
import type { Batch } from "../../data/batch.js";
import { type Model, WORD_TABLE } from "../../models/model.js";
import type { SquaredNorms, UpdateStep } from "../../optim/buffers.js";
import type { Layout, Segment, Slot } from "../../optim/layout.js";
import { lazyParts, type SegmentPart } from "../../optim/lazy.js";
import { allocateOptimizerMemory, type OptimizerMemory } from "../../optim/memory.js";
import type { Engine, EngineState, EvalResult, GroupNorms, StepRates, StepResult } from "../engine.js";
import type { Runtime } from "../runtime.js";
import { type CompiledStep, gradientOutput, LOOKUP_GRADIENT, parameterInput } from "./step.js";

export interface OnnxEngineOptions {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly layout: Layout;
  /** Writes the first values of all parameters, as laid out, into zeros. */
  readonly initialize: (values: Float32Array) => void;
}

type Feeds = Record<string, Tensor>;

/** Which step a batch takes. */
interface Variant {
  readonly frozen: boolean;
  readonly dropoutKey: number | null;
}

export class OnnxEngine implements Engine {
  readonly #options: OnnxEngineOptions;
  readonly #memory: OptimizerMemory;
  readonly #parameters: Feeds;
  /** By parameter. */
  readonly #gradients: Feeds;
  readonly #tableGradient: Float32Array;
  /** Rows of the table's gradient that are not zero, where the lookup alone makes it. */
  #usedRows: Int32Array | "any" = new Int32Array();
  readonly #loss = new Tensor("float32", new Float32Array(1), []);
  /** Gradients of the step's batches so far; allocated where a step has several. */
  #sum: Float32Array | undefined;
  #t = 0;

  constructor(options: OnnxEngineOptions) {
    const { layout, initialize } = options;
    this.#options = options;
    this.#memory = allocateOptimizerMemory(layout.size);
    initialize(this.#memory.value);
    this.#parameters = views(layout, this.#memory.value, parameterInput);
    this.#gradients = views(layout, this.#memory.gradient, (name) => name);
    this.#tableGradient = this.#gradients[WORD_TABLE]?.data as Float32Array;
  }

  async step(batches: readonly Batch[], rates: StepRates): Promise<StepResult> {
    const targets = batches.reduce((sum, batch) => sum + batch.targetCount, 0);
    const scale = 1 / Math.max(1, targets);
    let loss = 0;
    for (const [index, batch] of batches.entries()) {
      const dropoutKey = rates.dropoutKey === null ? null : deriveKey(rates.dropoutKey, index);
      loss += await this.#backward(batch, scale, { frozen: this.#t < rates.baseFrozenSteps, dropoutKey });
      if (batches.length > 1) this.#accumulate(index);
    }
    return { loss, ...this.#update(rates) };
  }

  async evaluate(batch: Batch): Promise<EvalResult> {
    const { runtime, model, layout } = this.#options;
    const { session } = await runtime.step({ model, layout }, batch.bucket, "evaluate");
    const { losses, predictions } = await session.run({ ...this.#parameters, ...batchFeeds(batch) });
    return {
      losses: losses?.data as Float32Array,
      predictions: (predictions?.data as Int32Array | undefined) ?? new Int32Array(),
    };
  }

  async save(): Promise<EngineState> {
    return this.#state((buffer, { offset, length }) => buffer.slice(offset, offset + length));
  }

  async view(): Promise<EngineState> {
    return this.#state((buffer, { offset, length }) => buffer.subarray(offset, offset + length));
  }

  #state(part: (buffer: Float32Array, slot: Slot) => Float32Array): EngineState {
    const { value, m, v } = this.#memory;
    const tensors = this.#options.layout.slots.map(
      (slot) => [slot.name, { value: part(value, slot), m: part(m, slot), v: part(v, slot) }] as const,
    );
    return { step: this.#t, tensors: new Map(tensors) };
  }

  async load({ step, tensors }: EngineState): Promise<void> {
    for (const { name, offset } of this.#options.layout.slots) {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`the saved state has no tensor ${name}`);
      for (const part of ["value", "m", "v"] as const) this.#memory[part].set(tensor[part], offset);
    }
    this.#t = step;
  }

  dispose(): void {
    // Compiled steps belong to the runtime; the buffers go with this object.
  }

  /** Gradients of one batch, into the gradient buffer; returns the batch's part of the loss. */
  async #backward(batch: Batch, scale: number, { frozen, dropoutKey }: Variant): Promise<number> {
    const { runtime, model, layout } = this.#options;
    const kind = `${frozen ? "frozen" : "train"}${dropoutKey === null ? "" : "-dropout"}` as const;
    const step = await runtime.step({ model, layout }, batch.bucket, kind);
    const feeds = {
      ...this.#parameters,
      ...batchFeeds(batch),
      ...dropoutFeeds(step, dropoutKey ?? 0),
      target_weights: new Tensor("float32", batch.targetWeights, [batch.bucket.targets]),
      scale: new Tensor("float32", Float32Array.of(scale), []),
    };
    const gradients = step.trained.map((name) => [gradientOutput(name), this.#gradients[name] as Tensor] as const);
    const outputs = { ...Object.fromEntries(gradients), [LOOKUP_GRADIENT]: step.lookupGradient, loss: this.#loss };
    await step.session.run(feeds, outputs);
    if (!model.tied) this.#clearTable(batch.inputRows);
    addRows(this.#tableGradient, step.lookupGradient.data as Float32Array, batch.inputRows);
    return this.#loss.data[0] as number;
  }

  /** A batch has few of a table's rows. */
  #clearTable(rowsToCome: Int32Array): void {
    const width = this.#gradients[WORD_TABLE]?.dims[1] as number;
    if (this.#usedRows === "any") this.#tableGradient.fill(0);
    else for (const row of this.#usedRows) this.#tableGradient.fill(0, row * width, (row + 1) * width);
    this.#usedRows = rowsToCome;
  }

  /** Adds the earlier batches' gradients to those of the batch at `index`, and keeps their sum. */
  #accumulate(index: number): void {
    const { gradient } = this.#memory;
    this.#sum ??= new Float32Array(gradient.length);
    if (index > 0) {
      addTo(gradient, this.#sum);
      this.#usedRows = "any";
    }
    this.#sum.set(gradient);
  }

  /** Clips, updates every segment, and gathers the groups' norms. */
  #update(rates: StepRates): Omit<StepResult, "loss"> {
    const { lr, weightDecay, optimizer, rowUpdates, baseFrozenSteps } = rates;
    this.#t++;
    const updatesOf = (group: GroupName) => (group === "base" ? this.#t - baseFrozenSteps : this.#t);
    const scaleOf = this.#clipping(rates, (group) => updatesOf(group) > 0);
    const norms = new Map<GroupName, SquaredNorms>();
    for (const segment of this.#options.layout.segments) {
      const { group, decay, lrFactor } = segment;
      const updated = updatesOf(group) > 0;
      const parts = updated && rowUpdates === "lazy" ? this.#lazyParts(segment) : [{ ...segment, updated }];
      const squares = this.#updateParts(parts, {
        lr: (lr[group] as number) * lrFactor,
        weightDecay: decay ? (weightDecay[group] as number) : 0,
        optimizer,
        t: updatesOf(group),
        gradientScale: scaleOf(group),
      });
      norms.set(group, added(norms.get(group), squares));
    }
    const square = [...norms.values()].reduce((sum, { gradient }) => sum + gradient, 0);
    return {
      gradNorm: Math.sqrt(square),
      groups: Object.fromEntries([...norms].map(([group, squares]) => [group, rooted(squares)])),
    };
  }

  /**
   * What a group's gradient is multiplied by; as torch.nn.utils.clip_grad_norm_ over all parameters, or over each group's. Without
   * clipping the gradient is read once, by the update.
   */
  #clipping({ maxGradNorm, gradClipping }: StepRates, isUpdated: (group: GroupName) => boolean) {
    if (maxGradNorm === 0) return () => 1;
    const squares = new Map<GroupName, number>();
    for (const { group, start, end } of this.#options.layout.segments) {
      if (!isUpdated(group)) continue;
      squares.set(group, (squares.get(group) ?? 0) + this.#memory.squaredNorm("gradient", start, end));
    }
    const all = [...squares.values()].reduce((sum, square) => sum + square, 0);
    return (group: GroupName) => {
      const square = gradClipping === "global" ? all : (squares.get(group) ?? 0);
      return Math.min(1, maxGradNorm / (Math.sqrt(square) + 1e-6));
    };
  }

  #lazyParts(segment: Segment): readonly SegmentPart[] {
    const table = this.#options.layout.slots.find(({ name }) => name === WORD_TABLE) as Slot;
    return lazyParts(segment, table, (start, end) => this.#memory.squaredNorm("gradient", start, end) > 0);
  }

  #updateParts(parts: readonly SegmentPart[], step: UpdateStep): SquaredNorms {
    let squares: SquaredNorms | undefined;
    for (const { start, end, updated } of parts) {
      const part = updated
        ? this.#memory.update(start, end, step)
        : { update: 0, weight: this.#memory.squaredNorm("value", start, end), gradient: 0 };
      squares = added(squares, part);
    }
    return added(squares, { update: 0, weight: 0, gradient: 0 });
  }
}

function added(a: SquaredNorms | undefined, b: SquaredNorms): SquaredNorms {
  if (a === undefined) return b;
  return { update: a.update + b.update, weight: a.weight + b.weight, gradient: a.gradient + b.gradient };
}

function rooted({ update, weight, gradient }: SquaredNorms): GroupNorms {
  return { gradNorm: Math.sqrt(gradient), updateNorm: Math.sqrt(update), weightNorm: Math.sqrt(weight) };
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (values[i] as number);
}

/** The gradient of a lookup: values [n, E] are added to the rows [n] of a table. */
function addRows(table: Float32Array, values: Float32Array, rows: Int32Array): void {
  const width = values.length / rows.length;
  let at = 0;
  for (const row of rows) {
    for (let to = row * width; to < (row + 1) * width; to++)
      table[to] = (table[to] as number) + (values[at++] as number);
  }
}

/** Tensors over parts of one flat buffer: ONNX Runtime reads and writes in place. */
function views(layout: Layout, buffer: Float32Array, nameOf: (name: string) => string): Feeds {
  return Object.fromEntries(
    layout.slots.map(({ name, shape, offset, length }) => [
      nameOf(name),
      new Tensor("float32", buffer.subarray(offset, offset + length), shape),
    ]),
  );
}

function batchFeeds({ bucket: { batch, length, targets }, ...data }: Batch): Feeds {
  return {
    input_rows: new Tensor("int32", data.inputRows, [batch, length]),
    token_types: new Tensor("int32", data.tokenTypes, [batch, length]),
    attention_mask: new Tensor("float32", data.attentionMask, [batch, length]),
    target_positions: new Tensor("int32", data.targetPositions, [targets]),
    ...(data.targetValues
      ? { target_values: new Tensor("float32", data.targetValues, [targets]) }
      : { target_labels: new Tensor("int32", data.targetLabels, [targets]) }),
  };
}

function dropoutFeeds({ dropoutSites }: CompiledStep, key: number): Feeds {
  return Object.fromEntries(
    dropoutSites.map(({ input, shape, rate, mask }, site) => {
      mask.fill(deriveKey(key, site), rate);
      return [input, new Tensor("uint8", mask.keep, shape)];
    }),
  );
}
