// The pre-LN transformer decoder that GPT-2 and Llama share, for causal-lm: each position sees itself and those before it.
import * as tf from "@tensorflow/tfjs";
import { layersAbove } from "./encoder.js";
import {
  type Dropout,
  type Model,
  type ModelInputs,
  type ModelOptions,
  type ModelSizes,
  type ParameterSpec,
  type Weights,
  WORD_TABLE,
} from "./model.js";
import { linear } from "./ops.js";

export interface DecoderConfig extends ModelSizes {
  /** Heads of keys and values; each serves as many neighbouring heads of queries. */
  readonly keyHeads: number;
  readonly headSize: number;
  readonly maxPositions: number;
  readonly initializerRange: number;
}

/** What an architecture of this kind tells of itself. A layer's parameters are under the prefix `layer.INDEX`. */
export interface DecoderParts {
  readonly type: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly config: DecoderConfig;
  readonly options: ModelOptions;
  /** All but those with a row for each of the row map. */
  readonly parameters: readonly ParameterSpec[];
  /** The word table's name in the checkpoint, and that of an output layer which is not tied to it. */
  readonly words: string;
  readonly output?: string;
  /** What enters the first layer, of words (B, S, H). -> [B * S, H] */
  readonly embed: (w: Weights, words: tf.Tensor, dropout: Dropout) => tf.Tensor;
  /** Normalizes x by the parameters of this name. [N, H] -> [N, H] */
  readonly norm: (w: Weights, name: string, x: tf.Tensor) => tf.Tensor;
  /** A linear layer by the parameters of this name. */
  readonly project: (w: Weights, name: string, x: tf.Tensor) => tf.Tensor;
  /** For a length S, what gives queries and keys their positions. (B, heads, S, D) -> the same */
  readonly place: (length: number) => (heads: tf.Tensor) => tf.Tensor;
  /** The part of a layer after its attention, up to its last dropout. [N, H] -> [N, H] */
  readonly feedForward: (w: Weights, layer: string, x: tf.Tensor) => tf.Tensor;
  readonly attentionDropout: number;
  /** After the two output projections of a layer. */
  readonly outputDropout: number;
}

const FINAL_NORM = "norm";
/** The parameter of an output layer of its own. */
const OUTPUT = "output.word";

export function decoderModel(parts: DecoderParts): Model {
  const { config, options } = parts;
  const tied = parts.output === undefined;
  return {
    signature: JSON.stringify([parts.type, parts.json, options.task, options.rows]),
    parameters: [
      ...parts.parameters,
      rows(WORD_TABLE, parts.words, parts),
      ...(parts.output === undefined ? [] : [rows(OUTPUT, parts.output, parts)]),
    ],
    maxPositions: config.maxPositions,
    sizes: config,
    initializerRange: config.initializerRange,
    tied,
    layersAbove: levelsOf(parts),
    hiddenStates: (w, inputs, dropout) => {
      const states = decode(parts, w, inputs, dropout);
      return states.with(-1, parts.norm(w, FINAL_NORM, states.at(-1) as tf.Tensor));
    },
    logits: (w, inputs, dropout) => {
      const last = decode(parts, w, inputs, dropout).at(-1) as tf.Tensor;
      const read = parts.norm(w, FINAL_NORM, tf.gather(last, inputs.targetPositions)); // (T, H)
      return linear(read, w(tied ? WORD_TABLE : OUTPUT)); // (T, rows)
    },
  };
}

/** The final norm, and an output layer of its own, follow the last layer. */
function levelsOf(parts: DecoderParts): Model["layersAbove"] {
  const before = parts.parameters.filter(({ name }) => !name.startsWith(`${FINAL_NORM}.`));
  const layers = Array.from({ length: parts.config.layers }, (_, index) => `layer.${index}`);
  return layersAbove([rows(WORD_TABLE, parts.words, parts), ...before], layers);
}

function rows(name: string, tensor: string, { options, config }: DecoderParts): ParameterSpec {
  return { name, shape: [options.rows, config.hidden], decay: true, origin: { from: "rows", tensor } };
}

/** The output of the embeddings and of each layer, before the final norm. [B * S, H] each */
function decode(parts: DecoderParts, w: Weights, inputs: ModelInputs, dropout: Dropout): tf.Tensor[] {
  const [batch, length] = inputs.words.shape as [number, number, number];
  const place = parts.place(length);
  const context: LayerContext = { parts, w, dropout, batch, length, bias: causalBias(length), place };
  const states = [parts.embed(w, inputs.words, dropout)];
  for (let index = 0; index < parts.config.layers; index++) {
    states.push(layer(`layer.${index}`, states.at(-1) as tf.Tensor, context));
  }
  return states;
}

interface LayerContext {
  readonly parts: DecoderParts;
  readonly w: Weights;
  readonly dropout: Dropout;
  readonly batch: number;
  readonly length: number;
  readonly bias: tf.Tensor; // (S, S)
  readonly place: (heads: tf.Tensor) => tf.Tensor;
}

/**
 * -1e9 where a key comes after its query, to be added to attention scores. Padding needs none of its own: it is on the
 * right, where no token looks. -> [S, S]
 */
function causalBias(length: number): tf.Tensor {
  const positions = tf.tensor1d(Array.from({ length }, (_, position) => position)); // (S)
  const ahead = tf.sub(positions, tf.reshape(positions, [length, 1])); // (S, S)
  return tf.mul(tf.step(ahead), -1e9);
}

/** One layer. x [B * S, H] -> the same */
function layer(prefix: string, x: tf.Tensor, context: LayerContext): tf.Tensor {
  const { parts, w, dropout } = context;
  const mixed = attention(prefix, parts.norm(w, `${prefix}.attention.norm`, x), context); // (B * S, A * D)
  const attended = dropout(parts.project(w, `${prefix}.attention`, mixed), parts.outputDropout);
  const middle = tf.add(attended, x);
  const output = parts.feedForward(w, prefix, parts.norm(w, `${prefix}.output.norm`, middle));
  return tf.add(middle, dropout(output, parts.outputDropout));
}

/** Causal self-attention before its output projection. x [B * S, H] -> [B * S, A * D] */
function attention(prefix: string, x: tf.Tensor, context: LayerContext): tf.Tensor {
  const { parts, w, dropout, batch: B, length: S, bias, place } = context;
  const { heads: A, keyHeads: K, headSize: D } = parts.config;
  const split = (part: string, heads: number) =>
    tf.transpose(tf.reshape(parts.project(w, `${prefix}.${part}`, x), [B, S, heads, D]), [0, 2, 1, 3]);
  // The queries that share a head of keys lie below each other there.
  const shared = (t: tf.Tensor) => tf.reshape(t, [B, K, (A / K) * S, t.shape[3] as number]);
  const q = shared(tf.mul(place(split("query", A)), 1 / Math.sqrt(D))); // (B, K, A / K * S, D)
  const k = place(split("key", K)); // (B, K, S, D)
  const v = split("value", K); // (B, K, S, D)
  const scores = tf.reshape(tf.matMul(q, k, false, true), [B, A, S, S]);
  const weights = dropout(tf.softmax(tf.add(scores, bias)), parts.attentionDropout); // (B, A, S, S)
  const mixed = tf.reshape(tf.matMul(shared(weights), v), [B, A, S, D]);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B * S, A * D]);
}
