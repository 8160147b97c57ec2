// Compiles the steps of a model: one training step or evaluation of one batch shape, recorded and handed to ONNX Runtime.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Bucket } from "../../data/batch.js";
import { type Dropout, type Model, WORD_TABLE } from "../../models/model.js";
import { crossEntropy, dropout, squaredError } from "../../models/ops.js";
import type { Layout } from "../../optim/layout.js";
import { ownsAll, sizeOf } from "../../optim/layout.js";
import { type KeepMask, keepMasks } from "../dropout.js";
import "./kernels.js";
import { encodeModel } from "./proto.js";
import { type RecordingScope, record } from "./recorder.js";

/** A place where dropout is applied. */
interface DropoutSite {
  readonly input: string;
  readonly shape: readonly number[];
  readonly rate: number;
}

export interface CompiledStep {
  readonly session: InferenceSession;
  /** The parameters whose gradients it makes. */
  readonly trained: readonly string[];
  /** Where a training step puts the gradient of the looked up words. [B, S, E]; [0] in evaluation. */
  readonly lookupGradient: Tensor;
  /** In the order of the forward pass; empty where dropout is off. */
  readonly dropoutSites: readonly (DropoutSite & { readonly mask: KeepMask })[];
}

/** A frozen step makes no gradients of parameters that are the base group's alone. */
export type StepKind = "evaluate" | `${"train" | "frozen"}${"" | "-dropout"}`;

/** Graph inputs and outputs by name; parameters are `p:name`, their gradients `g:name`, the looked up words' as well. */
export const parameterInput = (name: string): string => `p:${name}`;
export const gradientOutput = (name: string): string => `g:${name}`;
export const LOOKUP_GRADIENT = gradientOutput("lookup");

export interface StepSource {
  readonly model: Model;
  readonly layout: Layout;
  /** Threads inside one operator. */
  readonly threads: number;
}

/**
 * Records and compiles. Training: inputs are the parameters and the batch, outputs `loss` (sum over targets of weight
 * times cross-entropy, or squared error, times the input `scale`) and every gradient; that of the word table without its lookup, whose
 * gradient is an output of its own, a row a token. Evaluation: `losses` and, but for regression, `predictions`, [T] each.
 */
export async function compileStep(
  { model, layout, threads }: StepSource,
  bucket: Bucket,
  kind: StepKind,
): Promise<CompiledStep> {
  const sites: DropoutSite[] = [];
  const trained = kind === "evaluate" ? [] : trainedSlots(model, layout, kind.startsWith("frozen"));
  const graph = record((scope) => {
    const { inputRows, ...inputs } = batchInputs(scope, bucket);
    const losses = targetLosses(scope, bucket, model);
    const parameters = new Map(
      layout.slots.map(({ name, shape }) => [name, scope.input(parameterInput(name), shape, "float32")]),
    );
    const words = tf.gather(read(parameters, WORD_TABLE), inputRows); // (B, S, E)
    const logits = (drop: Dropout) => model.logits((name) => read(parameters, name), { ...inputs, words }, drop);
    if (kind === "evaluate")
      return evaluation(
        model,
        logits((x) => x),
        losses,
      );
    const drop: Dropout = kind.endsWith("-dropout") ? (x, rate) => dropAt(sites, scope, x, rate) : (x) => x;
    const loss = weighted(scope, bucket, () => losses(logits(drop)));
    return training(loss, words, new Map(trained.map((name) => [name, read(parameters, name)])));
  });
  const bytes = encodeModel(graph);
  dump(bytes, bucket, kind);
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    // An arena keeps the peak of every compiled step for good: 4.3 GB instead of 0.7 GB for a worker with five lengths
    // of a 12-layer model, and no faster. A memory pattern is one block a run, too large for malloc to keep: each run
    // would take its pages from the kernel anew, a fifth of the time of a small step.
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
  const width = layout.slots.find(({ name }) => name === WORD_TABLE)?.shape[1] as number;
  const shape = kind === "evaluate" ? [0] : [bucket.batch, bucket.length, width];
  const lookupGradient = new Tensor("float32", new Float32Array(sizeOf(shape)), shape);
  const masks = keepMasks(sites.map((site) => sizeOf(site.shape)));
  const dropoutSites = sites.map((site, index) => ({ ...site, mask: masks[index] as KeepMask }));
  return { session, trained, lookupGradient, dropoutSites };
}

function batchInputs({ input }: RecordingScope, { batch, length, targets }: Bucket) {
  return {
    inputRows: input("input_rows", [batch, length], "int32"),
    tokenTypes: input("token_types", [batch, length], "int32"),
    attentionMask: input("attention_mask", [batch, length], "float32"),
    targetPositions: input("target_positions", [targets], "int32"),
  };
}

type TargetLosses = (outputs: tf.Tensor) => tf.Tensor;

/** The loss of each target by the model's outputs there, [T]; what is asked for is one more input. */
function targetLosses({ input }: RecordingScope, { targets }: Bucket, { regression }: Model): TargetLosses {
  if (regression) {
    const values = input("target_values", [targets], "float32");
    return (outputs) => squaredError(outputs, values);
  }
  const labels = input("target_labels", [targets], "int32");
  return (logits) => crossEntropy(logits, labels);
}

/** The table has a gradient here where the output layer is tied to it. */
function trainedSlots({ tied }: Model, layout: Layout, frozen: boolean): readonly string[] {
  return layout.slots
    .filter((slot) => (tied || slot.name !== WORD_TABLE) && !(frozen && ownsAll(layout, "base", slot)))
    .map(({ name }) => name);
}

function read(parameters: ReadonlyMap<string, tf.Tensor>, name: string): tf.Tensor {
  const parameter = parameters.get(name);
  if (!parameter) throw new Error(`the model reads a parameter that it does not list: ${name}`);
  return parameter;
}

function evaluation({ regression }: Model, outputs: tf.Tensor, losses: TargetLosses): Record<string, tf.Tensor> {
  return { losses: losses(outputs), ...(!regression && { predictions: tf.argMax(outputs, 1) }) };
}

/** The loss of a batch from those of its targets. */
function weighted({ input }: RecordingScope, { targets }: Bucket, losses: () => tf.Tensor): () => tf.Scalar {
  const weights = input("target_weights", [targets], "float32");
  const scale = input("scale", [], "float32");
  return () => tf.mul(tf.sum(tf.mul(losses(), weights)), scale) as tf.Scalar;
}

/** Gradients are taken by the very tensors from which the loss is made. */
function training(
  loss: () => tf.Scalar,
  words: tf.Tensor,
  parameters: ReadonlyMap<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const { value, grads } = tf.valueAndGrads(loss)([words, ...parameters.values()]);
  const names = [LOOKUP_GRADIENT, ...[...parameters.keys()].map(gradientOutput)];
  return { loss: value, ...Object.fromEntries(names.map((name, index) => [name, grads[index] as tf.Tensor])) };
}

function dropAt(sites: DropoutSite[], scope: RecordingScope, x: tf.Tensor, rate: number): tf.Tensor {
  if (rate === 0) return x;
  const site = { input: `keep:${sites.length}`, shape: x.shape, rate };
  sites.push(site);
  return dropout(x, scope.input(site.input, x.shape, "bool", "uint8"), 1 / (1 - rate));
}

/** For looking at a step with ONNX tools. */
function dump(bytes: Uint8Array, { batch, length, targets }: Bucket, kind: StepKind): void {
  const folder = process.env.DUALRATE_DUMP_ONNX;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${kind}-${batch}x${length}-${targets}.onnx`), bytes);
}
