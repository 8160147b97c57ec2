// Compiles the steps of a model: one training step or evaluation of one batch shape, recorded and handed to ONNX Runtime.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InferenceSession } from "onnxruntime-node";
import type { Bucket } from "../../data/batch.js";
import type { Dropout, Model, Weights } from "../../models/model.js";
import { crossEntropy, dropout } from "../../models/ops.js";
import type { Layout } from "../../optim/layout.js";
import { sizeOf } from "../../optim/layout.js";
import "./kernels.js";
import { encodeModel } from "./proto.js";
import { type RecordingScope, record } from "./recorder.js";

/** A place where dropout is applied, fed with one byte an entry. */
export interface DropoutSite {
  readonly input: string;
  readonly shape: readonly number[];
  readonly rate: number;
  readonly keep: Uint8Array;
}

export interface CompiledStep {
  readonly session: InferenceSession;
  /** In the order of the forward pass; empty where dropout is off. */
  readonly dropoutSites: readonly DropoutSite[];
}

export type StepKind = "train" | "train-dropout" | "evaluate";

/** Graph inputs and outputs by name; parameters are `p:name`, their gradients `g:name`. */
export const parameterInput = (name: string): string => `p:${name}`;
export const gradientOutput = (name: string): string => `g:${name}`;

export interface StepSource {
  readonly model: Model;
  readonly layout: Layout;
  /** Threads inside one operator. */
  readonly threads: number;
}

/**
 * Records and compiles. Training: inputs are the parameters and the batch, outputs `loss` (sum over targets of weight
 * times cross-entropy, times the input `scale`) and every gradient. Evaluation: `losses` and `predictions`, [T] each.
 */
export async function compileStep(
  { model, layout, threads }: StepSource,
  bucket: Bucket,
  kind: StepKind,
): Promise<CompiledStep> {
  const sites: DropoutSite[] = [];
  const graph = record((scope) => {
    const batch = batchInputs(scope, bucket);
    const parameters = layout.slots.map(({ name, shape }) => scope.input(parameterInput(name), shape, "float32"));
    const logits = (values: readonly tf.Tensor[], drop: Dropout) => model.logits(byName(layout, values), batch, drop);
    if (kind === "evaluate")
      return evaluation(
        logits(parameters, (x) => x),
        batch.targetLabels,
      );
    const drop: Dropout = kind === "train" ? (x) => x : (x, rate) => dropAt(sites, scope, x, rate);
    return training(scope, bucket, layout, parameters, (...values) =>
      crossEntropy(logits(values, drop), batch.targetLabels),
    );
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
  return { session, dropoutSites: sites };
}

function batchInputs({ input }: RecordingScope, { batch, length, targets }: Bucket) {
  return {
    inputRows: input("input_rows", [batch, length], "int32"),
    tokenTypes: input("token_types", [batch, length], "int32"),
    attentionMask: input("attention_mask", [batch, length], "float32"),
    targetPositions: input("target_positions", [targets], "int32"),
    targetLabels: input("target_labels", [targets], "int32"),
  };
}

function byName(layout: Layout, values: readonly tf.Tensor[]): Weights {
  const weights = new Map(layout.slots.map(({ name }, index) => [name, values[index] as tf.Tensor]));
  return (name) => {
    const weight = weights.get(name);
    if (!weight) throw new Error(`the model reads a parameter that it does not list: ${name}`);
    return weight;
  };
}

function evaluation(logits: tf.Tensor, labels: tf.Tensor): Record<string, tf.Tensor> {
  return { losses: crossEntropy(logits, labels), predictions: tf.argMax(logits, 1) };
}

function training(
  { input }: RecordingScope,
  { targets }: Bucket,
  layout: Layout,
  parameters: tf.Tensor[],
  losses: (...values: tf.Tensor[]) => tf.Tensor,
): Record<string, tf.Tensor> {
  const weights = input("target_weights", [targets], "float32");
  const scale = input("scale", [], "float32");
  const total = (...values: tf.Tensor[]) => tf.mul(tf.sum(tf.mul(losses(...values), weights)), scale) as tf.Scalar;
  const { value, grads } = tf.valueAndGrads(total)(parameters);
  const gradients = layout.slots.map(({ name }, index) => [gradientOutput(name), grads[index] as tf.Tensor] as const);
  return { loss: value, ...Object.fromEntries(gradients) };
}

function dropAt(sites: DropoutSite[], scope: RecordingScope, x: tf.Tensor, rate: number): tf.Tensor {
  if (rate === 0) return x;
  const site = { input: `keep:${sites.length}`, shape: x.shape, rate, keep: new Uint8Array(sizeOf(x.shape)) };
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
