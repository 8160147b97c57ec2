// Reads the numbers of a Hugging Face config.json that the models need, and refuses what they do not know.

import type * as tf from "@tensorflow/tfjs";
import { DualrateError } from "../../errors.js";
import { gelu, geluTanh, relu } from "./ops.js";

type Json = Readonly<Record<string, unknown>>;
export type Activation = (x: tf.Tensor) => tf.Tensor;

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
};

/** BERT's, which RoBERTa and ELECTRA took over but for what their files say. */
export const BERT_DEFAULTS = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
};

export interface EncoderConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly maxPositions: number;
  /** Rows of the position table before that of the first token. */
  readonly positionOffset: number;
  /** 0 where the model has no token types. */
  readonly tokenTypes: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly initializerRange: number;
}

/**
 * The numbers that BERT and its kin share; `defaults` are the architecture's own, as Hugging Face has them, and `keys` its
 * names for what BERT names otherwise.
 */
export function encoderConfig(
  config: Json,
  defaults: Json,
  keys: Readonly<Record<string, string>> = {},
): EncoderConfig {
  const named = (key: string) => keys[key] ?? key;
  const read = (key: string) => numberOf(config, named(key), defaults[key]);
  const count = (key: string, bounds?: Bounds) => countOf(config, named(key), defaults[key], bounds);
  const rate = (key: string) => rateOf(config, named(key), defaults[key]);
  refuse(config, "position_embedding_type", "absolute");
  refuse(config, "is_decoder", false);
  refuse(config, "tie_word_embeddings", true);
  const parsed: EncoderConfig = {
    hidden: count("hidden_size"),
    layers: count("num_hidden_layers", LAYERS),
    heads: count("num_attention_heads"),
    intermediate: count("intermediate_size"),
    maxPositions: count("max_position_embeddings"),
    positionOffset: 0,
    tokenTypes: count("type_vocab_size", { least: 0 }),
    epsilon: read("layer_norm_eps"),
    activation: activationOf(config, named("hidden_act"), defaults.hidden_act),
    hiddenDropout: rate("hidden_dropout_prob"),
    attentionDropout: rate("attention_probs_dropout_prob"),
    initializerRange: read("initializer_range"),
  };
  checkMultiple([named("hidden_size"), parsed.hidden], [named("num_attention_heads"), parsed.heads]);
  return parsed;
}

/** An error where the first number is not a multiple of the second; each is given with its name. */
export function checkMultiple(whole: readonly [string, number], part: readonly [string, number]): void {
  if (whole[1] % part[1] === 0) return;
  throw modelError(`${whole.join(" ")} is not a multiple of ${part.join(" ")}`);
}

/** A number of config.json, or the default where the key is absent or null. */
export function numberOf(config: Json, key: string, fallback: unknown): number {
  const value = config[key] ?? fallback;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw modelError(`"${key}" must be a number, found ${JSON.stringify(value)}`);
}

interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

/** Layers that are believed: each has parameters of its own, which are listed before they are looked for. */
export const LAYERS: Bounds = { most: 1000 };

/** As numberOf, an integer: of heads, of layers, of a size. */
export function countOf(
  config: Json,
  key: string,
  fallback: unknown,
  { least = 1, most = 2 ** 20 }: Bounds = {},
): number {
  const value = numberOf(config, key, fallback);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw modelError(`"${key}" must be an integer from ${least} to ${most}, found ${value}`);
}

/** As numberOf, a rate of dropout. */
export function rateOf(config: Json, key: string, fallback: unknown): number {
  const value = numberOf(config, key, fallback);
  if (value >= 0 && value < 1) return value;
  throw modelError(`"${key}" must be from 0 to below 1, found ${value}`);
}

/** An error if the config asks for something other than the only value that is supported. */
export function refuse(config: Json, key: string, supported: unknown): void {
  const value = config[key];
  if (value === undefined || value === null || value === supported) return;
  throw modelError(`"${key}": ${JSON.stringify(value)} is not supported, only ${JSON.stringify(supported)}`);
}

/** The activation that a key names; an error for one that is not known. */
export function activationOf(config: Json, key: string, fallback: unknown): Activation {
  const name = config[key] ?? fallback;
  const activation = typeof name === "string" ? ACTIVATIONS[name] : undefined;
  if (activation) return activation;
  throw modelError(`"${key}": ${JSON.stringify(name)} is not one of ${Object.keys(ACTIVATIONS).join(", ")}`);
}

/** What is wrong with a config.json. */
export function modelError(message: string): DualrateError {
  return new DualrateError("model", `config.json: ${message}`, {
    hint: "Use a model with the standard layout of its architecture.",
  });
}
