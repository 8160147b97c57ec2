// The post-LN transformer encoder that BERT and ALBERT share, with the savings that change no result: the last layer
// runs on the rows that the loss reads.
import * as tf from "@tensorflow/tfjs";
import type { EncoderConfig } from "./config.js";
import type { Dropout, ModelInputs, ParameterSpec, Weights } from "./model.js";
import { layerNorm, linear } from "./ops.js";

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

export function weight(name: string, shape: readonly number[], ...tensors: string[]): ParameterSpec {
  return {
    name: `${name}.weight`,
    shape,
    decay: true,
    origin: { from: "checkpoint", tensors: suffixed(tensors, "weight") },
  };
}

export function bias(name: string, size: number, ...tensors: string[]): ParameterSpec {
  return {
    name: `${name}.bias`,
    shape: [size],
    decay: false,
    origin: { from: "checkpoint", tensors: suffixed(tensors, "bias") },
  };
}

/** Weight [O, I] and bias [O] of a linear layer; several tensors are stacked along O. */
export function dense(name: string, outputs: number, inputs: number, ...tensors: string[]): ParameterSpec[] {
  return [weight(name, [outputs, inputs], ...tensors), bias(name, outputs, ...tensors)];
}

export function norm(name: string, size: number, tensor: string): ParameterSpec[] {
  return [{ ...weight(name, [size], tensor), decay: false }, bias(name, size, tensor)];
}

const suffixed = (tensors: readonly string[], suffix: string) => tensors.map((tensor) => `${tensor}.${suffix}`);

/** The parameters of one layer, under `prefix`. Queries, keys and values are one matrix [3H, H]: one product for all. */
export function layerParameters(
  prefix: string,
  names: LayerNames,
  { hidden: H, intermediate: I }: EncoderConfig,
): ParameterSpec[] {
  return [
    ...dense(`${prefix}.qkv`, 3 * H, H, names.query, names.key, names.value),
    ...dense(`${prefix}.attention`, H, H, names.attentionOutput),
    ...norm(`${prefix}.attention.norm`, H, names.attentionNorm),
    ...dense(`${prefix}.intermediate`, I, H, names.intermediate),
    ...dense(`${prefix}.output`, H, I, names.output),
    ...norm(`${prefix}.output.norm`, H, names.outputNorm),
  ];
}

/** -1e9 where there is padding, to be added to attention scores. [B, S] -> [B, 1, 1, S] */
export function attentionBias(mask: tf.Tensor): tf.Tensor {
  const [B, S] = mask.shape as [number, number];
  return tf.reshape(tf.mul(tf.sub(1, mask), -1e9), [B, 1, 1, S]);
}

/**
 * Word, position and type embeddings, normalized, with dropout (the order of addition is Hugging Face's).
 * -> [B * S, E]
 */
export function embed(w: Weights, inputs: ModelInputs, config: EncoderConfig, dropout: Dropout): tf.Tensor {
  const [B, S] = inputs.inputRows.shape as [number, number];
  const lookUp = (table: string, rows: tf.Tensor) => tf.gather(w(table), tf.reshape(rows, [B * S])); // (B * S, E)
  const words = tf.add(lookUp("embeddings.word", inputs.inputRows), lookUp("embeddings.type", inputs.tokenTypes));
  const E = words.shape[1] as number;
  const positions = tf.slice(w("embeddings.position"), [0, 0], [S, E]); // (S, E)
  const sum = tf.reshape(tf.add(tf.reshape(words, [B, S, E]), positions), [B * S, E]);
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
    table("embeddings.position", config.maxPositions, "position_embeddings"),
    table("embeddings.type", config.tokenTypes, "token_type_embeddings"),
    ...norm("embeddings.norm", width, `${prefix}.LayerNorm`),
    { name: "embeddings.word", shape: [rows, width], decay: true, origin: { from: "rows", tensor: words } },
  ];
}

export function apply(w: Weights, name: string, x: tf.Tensor): tf.Tensor {
  return linear(x, w(`${name}.weight`), w(`${name}.bias`));
}

export function normalize(w: Weights, name: string, x: tf.Tensor, epsilon: number): tf.Tensor {
  return layerNorm(x, w(`${name}.weight`), w(`${name}.bias`), epsilon);
}

export interface LayerContext {
  readonly w: Weights;
  readonly config: EncoderConfig;
  readonly sizes: Sizes;
  readonly bias: tf.Tensor; // (B, 1, 1, S)
  readonly targetPositions: tf.Tensor; // (T)
  readonly dropout: Dropout;
  /** Dropout after the feed-forward part, which ALBERT does not have. */
  readonly outputDropout: number;
}

/** One layer. x [B * S, H] -> [rows read, H] */
export function layer(prefix: string, x: tf.Tensor, readout: Readout, context: LayerContext): tf.Tensor {
  const { w, config, dropout } = context;
  const pick = (rows: tf.Tensor) => (readout === "all" ? rows : tf.gather(rows, context.targetPositions));
  const attended = attention(prefix, x, readout === "first", context); // (B * S, H), or (B, H) for first
  const read = readout === "first" ? attended : pick(attended);
  const projected = dropout(apply(w, `${prefix}.attention`, read), config.hiddenDropout);
  const middle = normalize(w, `${prefix}.attention.norm`, tf.add(projected, pick(x)), config.epsilon);
  const inner = config.activation(apply(w, `${prefix}.intermediate`, middle)); // (rows, I)
  const output = dropout(apply(w, `${prefix}.output`, inner), context.outputDropout);
  return normalize(w, `${prefix}.output.norm`, tf.add(output, middle), config.epsilon);
}

/** Multi-head self-attention before its output projection. x [B * S, H] -> [B * S, H], or [B, H] for `firstOnly`. */
function attention(prefix: string, x: tf.Tensor, firstOnly: boolean, context: LayerContext): tf.Tensor {
  const { config, sizes, dropout } = context;
  const { heads: A, hidden: H } = config;
  const [q, k, v] = firstOnly ? firstQueries(prefix, x, context) : allQueries(prefix, x, context);
  const queries = firstOnly ? 1 : sizes.length;
  const scores = tf.matMul(tf.mul(q, 1 / Math.sqrt(H / A)), k, false, true); // (B, A, queries, S)
  const weights = dropout(tf.softmax(tf.add(scores, context.bias)), config.attentionDropout);
  const mixed = tf.matMul(weights, v); // (B, A, queries, D)
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [sizes.batch * queries, H]);
}

type Projections = [q: tf.Tensor, k: tf.Tensor, v: tf.Tensor];

function allQueries(prefix: string, x: tf.Tensor, context: LayerContext): Projections {
  return split(apply(context.w, `${prefix}.qkv`, x), 3, context.sizes.length, context) as Projections;
}

function firstQueries(prefix: string, x: tf.Tensor, context: LayerContext): Projections {
  const { w, config, sizes, targetPositions } = context;
  const H = config.hidden;
  const weight = w(`${prefix}.qkv.weight`); // (3H, H)
  const bias = w(`${prefix}.qkv.bias`); // (3H)
  const part = (from: number, size: number) =>
    [tf.slice(weight, [from, 0], [size, H]), tf.slice(bias, [from], [size])] as const;
  const first = tf.gather(x, targetPositions); // (B, H)
  const [q] = split(linear(first, ...part(0, H)), 1, 1, context) as [tf.Tensor];
  const [k, v] = split(linear(x, ...part(H, 2 * H)), 2, sizes.length, context) as [tf.Tensor, tf.Tensor];
  return [q, k, v];
}

/** [B * queries, n * H] -> n times [B, A, queries, D] */
function split(x: tf.Tensor, n: number, queries: number, { config, sizes }: LayerContext): tf.Tensor[] {
  const { heads: A, hidden: H } = config;
  const shape = [sizes.batch, queries, n, A, H / A];
  const parts = tf.transpose(tf.reshape(x, shape), [2, 0, 3, 1, 4]); // (n, B, A, queries, D)
  return n === 1 ? [tf.squeeze(parts, [0])] : tf.unstack(parts);
}
