// The post-LN transformer encoder that BERT and its kin share, with the savings that change no result: the last layer
// runs on the rows that the loss reads.
import * as tf from "@tensorflow/tfjs";
import type { EncoderConfig } from "./config.js";
import { type Dropout, type Model, type ModelInputs, type ParameterSpec, type Weights, WORD_TABLE } from "./model.js";
import { layerNorm, linear, type WeightOrder } from "./ops.js";

/** Which of a layer's outputs are read. */
export type Readout =
  /** Every position. */
  | "all"
  /** Only the batch's targets, any number a sequence. */
  | "targets"
  /** Only the first position of each sequence, which the targets are: queries are made for it alone. */
  | "first";

/** Names of one layer's tensors in the checkpoint. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly intermediate: string;
  readonly output: string;
  readonly outputNorm: string;
}

export interface Sizes {
  readonly batch: number;
  readonly length: number;
}

export function weight(name: string, shape: readonly number[], tensor: string): ParameterSpec {
  const origin = { from: "checkpoint", tensor: `${tensor}.weight` } as const;
  return { name: `${name}.weight`, shape, decay: true, origin };
}

export function bias(name: string, size: number, tensor: string): ParameterSpec {
  const origin = { from: "checkpoint", tensor: `${tensor}.bias` } as const;
  return { name: `${name}.bias`, shape: [size], decay: false, origin };
}

/** Weight [O, I] and bias [O] of a linear layer. */
export function dense(name: string, outputs: number, inputs: number, tensor: string): ParameterSpec[] {
  return [weight(name, [outputs, inputs], tensor), bias(name, outputs, tensor)];
}

/**
 * A matrix of the checkpoint, kept the other way round: the gradient of a wide layer's weight is the faster product then
 * (a tenth at 384 x 1536), as the narrower of its factors is the one that is read by columns.
 */
export function transposed(spec: ParameterSpec): ParameterSpec {
  return {
    ...spec,
    shape: spec.shape.toReversed(),
    origin: { from: "checkpoint", tensor: spec.origin.tensor, transposed: true },
  };
}

export function norm(name: string, size: number, tensor: string): ParameterSpec[] {
  return [{ ...weight(name, [size], tensor), decay: false }, bias(name, size, tensor)];
}

/** The parameters of one layer, under `prefix`. */
export function layerParameters(
  prefix: string,
  names: LayerNames,
  { hidden: H, intermediate: I }: EncoderConfig,
): ParameterSpec[] {
  return [
    ...dense(`${prefix}.query`, H, H, names.query),
    ...dense(`${prefix}.key`, H, H, names.key),
    ...dense(`${prefix}.value`, H, H, names.value),
    ...dense(`${prefix}.attention`, H, H, names.attentionOutput),
    ...norm(`${prefix}.attention.norm`, H, names.attentionNorm),
    transposed(weight(`${prefix}.intermediate`, [I, H], names.intermediate)),
    bias(`${prefix}.intermediate`, I, names.intermediate),
    ...dense(`${prefix}.output`, H, I, names.output),
    ...norm(`${prefix}.output.norm`, H, names.outputNorm),
  ];
}

/**
 * `Model.layersAbove` of a model with these embeddings and layers, `layers` being the prefixes of their parameters' names from
 * the first to the last; every other parameter follows the last layer.
 */
export function layersAbove(parameters: readonly ParameterSpec[], layers: readonly string[]): Model["layersAbove"] {
  const distinct = [...new Set(layers)];
  const levels = parameters.map(({ name }) => {
    const layer = distinct.findIndex((prefix) => name.startsWith(`${prefix}.`));
    return [name, layer < 0 ? distinct.length + 1 : distinct.length - layer] as const;
  });
  const byName = new Map(levels);
  return (name) => byName.get(name) ?? 0;
}

/** -1e9 where there is padding, to be added to attention scores. [B, S] -> [B, 1, 1, S] */
export function attentionBias(mask: tf.Tensor): tf.Tensor {
  const [B, S] = mask.shape as [number, number];
  return tf.reshape(tf.mul(tf.sub(1, mask), -1e9), [B, 1, 1, S]);
}

/**
 * Word, position and (where the model has any) type embeddings, normalized, with dropout; the order of addition is Hugging
 * Face's. Padding, always on the right, gets the positions that follow, which nothing reads. -> [B * S, E]
 */
export function embed(w: Weights, inputs: ModelInputs, config: EncoderConfig, dropout: Dropout): tf.Tensor {
  const [B, S, E] = inputs.words.shape as [number, number, number];
  const { words, tokenTypes } = inputs;
  const typed = config.tokenTypes > 0 ? tf.add(words, tf.gather(w("embeddings.type"), tokenTypes)) : words; // (B, S, E)
  const positions = tf.slice(w("embeddings.position"), [config.positionOffset, 0], [S, E]); // (S, E)
  const sum = tf.reshape(tf.add(typed, positions), [B * S, E]);
  return dropout(normalize(w, "embeddings.norm", sum, config.epsilon), config.hiddenDropout);
}

export function embeddingParameters(
  prefix: string,
  rows: number,
  width: number,
  config: EncoderConfig,
): ParameterSpec[] {
  const table = (name: string, size: number, tensor: string): ParameterSpec => ({
    ...weight(name, [size, width], `${prefix}.${tensor}`),
    name,
  });
  const words = `${prefix}.word_embeddings.weight`;
  return [
    table("embeddings.position", config.positionOffset + config.maxPositions, "position_embeddings"),
    ...(config.tokenTypes > 0 ? [table("embeddings.type", config.tokenTypes, "token_type_embeddings")] : []),
    ...norm("embeddings.norm", width, `${prefix}.LayerNorm`),
    { name: WORD_TABLE, shape: [rows, width], decay: true, origin: { from: "rows", tensor: words } },
  ];
}

export function apply(w: Weights, name: string, x: tf.Tensor, order?: WeightOrder): tf.Tensor {
  return linear(x, w(`${name}.weight`), w(`${name}.bias`), order);
}

export function normalize(w: Weights, name: string, x: tf.Tensor, epsilon: number): tf.Tensor {
  return layerNorm(x, w(`${name}.weight`), w(`${name}.bias`), epsilon);
}

/** Rates of dropout after a layer's two output projections: ALBERT has none after the second, DistilBERT after the first. */
export interface OutputDropout {
  readonly attention: number;
  readonly feedForward: number;
}

export interface LayerContext {
  readonly w: Weights;
  readonly config: EncoderConfig;
  readonly sizes: Sizes;
  readonly bias: tf.Tensor; // (B, 1, 1, S)
  readonly targetPositions: tf.Tensor; // (T)
  readonly dropout: Dropout;
  readonly outputDropout: OutputDropout;
}

/** One layer. x [B * S, H] -> [rows read, H] */
export function layer(prefix: string, x: tf.Tensor, readout: Readout, context: LayerContext): tf.Tensor {
  const { w, config, dropout, outputDropout } = context;
  const pick = (rows: tf.Tensor) => (readout === "all" ? rows : tf.gather(rows, context.targetPositions));
  const read = readout === "first" ? firstAttention(prefix, x, context) : pick(attention(prefix, x, context));
  const projected = dropout(apply(w, `${prefix}.attention`, read), outputDropout.attention);
  const middle = normalize(w, `${prefix}.attention.norm`, tf.add(projected, pick(x)), config.epsilon);
  const inner = config.activation(apply(w, `${prefix}.intermediate`, middle, "in-out")); // (rows, I)
  const output = dropout(apply(w, `${prefix}.output`, inner), outputDropout.feedForward);
  return normalize(w, `${prefix}.output.norm`, tf.add(output, middle), config.epsilon);
}

/** Multi-head self-attention before its output projection. x [B * S, H] -> [B * S, H] */
function attention(prefix: string, x: tf.Tensor, context: LayerContext): tf.Tensor {
  const { w, config, sizes, bias, dropout } = context;
  const { heads: A, hidden: H } = config;
  const heads = (part: string) =>
    tf.transpose(tf.reshape(apply(w, `${prefix}.${part}`, x), [sizes.batch, sizes.length, A, H / A]), [0, 2, 1, 3]);
  const [q, k, v] = [heads("query"), heads("key"), heads("value")]; // (B, A, S, D) each
  const scores = tf.matMul(tf.mul(q, 1 / Math.sqrt(H / A)), k, false, true); // (B, A, S, S)
  const weights = dropout(tf.softmax(tf.add(scores, bias)), config.attentionDropout);
  const mixed = tf.matMul(weights, v); // (B, A, S, D)
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [sizes.batch * sizes.length, H]);
}

/**
 * The same for one query a sequence, without its keys and values: a score q (Wk x + bk) is (q Wk) x + q bk; a mix sum p (Wv x + bv) is Wv (sum p x) + bv (sum p). x [B * S, H] -> [B, H]
 */
function firstAttention(prefix: string, x: tf.Tensor, context: LayerContext): tf.Tensor {
  const { w, config, sizes, bias, dropout, targetPositions } = context;
  const { heads: A, hidden: H } = config;
  const { batch: B, length: S } = sizes;
  const D = H / A;
  const swapped = (t: tf.Tensor) => tf.transpose(t, [1, 0, 2]);
  const perHead = (weight: tf.Tensor) => tf.reshape(weight, [A, D, H]);
  const states = tf.reshape(x, [B, S, H]);
  const asking = tf.mul(apply(w, `${prefix}.query`, tf.gather(x, targetPositions)), 1 / Math.sqrt(D)); // (B, H)
  const q = tf.reshape(asking, [B, A, D]);
  const asked = swapped(tf.matMul(swapped(q), perHead(w(`${prefix}.key.weight`)))); // (B, A, H)
  const offsets = tf.sum(tf.mul(q, tf.reshape(w(`${prefix}.key.bias`), [1, A, D])), -1, true); // (B, A, 1)
  const scores = tf.add(tf.add(tf.matMul(asked, states, false, true), offsets), tf.reshape(bias, [B, 1, S])); // (B, A, S)
  const weights = dropout(tf.softmax(scores), config.attentionDropout);
  const mixed = swapped(tf.matMul(weights, states)); // (A, B, H)
  const values = swapped(tf.matMul(mixed, perHead(w(`${prefix}.value.weight`)), false, true)); // (B, A, D)
  const shifts = tf.mul(tf.sum(weights, -1, true), tf.reshape(w(`${prefix}.value.bias`), [1, A, D])); // (B, A, D)
  return tf.reshape(tf.add(values, shifts), [B, H]);
}
