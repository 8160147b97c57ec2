// Reads the numbers of a Hugging Face config.json that the models need, and refuses what they do not know.

import * as tf from "@tensorflow/tfjs";
import { DualrateError } from "../../errors.js";
import { gelu, geluTanh } from "./ops.js";

type Json = Readonly<Record<string, unknown>>;
export type Activation = (x: tf.Tensor) => tf.Tensor;

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu: (x) => tf.relu(x),
};

export interface EncoderConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly maxPositions: number;
  readonly tokenTypes: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly initializerRange: number;
}

/** The numbers that BERT and its kin share; `defaults` are the architecture's own, as Hugging Face has them. */
export function encoderConfig(config: Json, defaults: Json): EncoderConfig {
  const read = (key: string) => numberOf(config, key, defaults[key]);
  refuse(config, "position_embedding_type", "absolute");
  refuse(config, "is_decoder", false);
  refuse(config, "tie_word_embeddings", true);
  const parsed: EncoderConfig = {
    hidden: read("hidden_size"),
    layers: read("num_hidden_layers"),
    heads: read("num_attention_heads"),
    intermediate: read("intermediate_size"),
    maxPositions: read("max_position_embeddings"),
    tokenTypes: read("type_vocab_size"),
    epsilon: read("layer_norm_eps"),
    activation: activationOf(config.hidden_act ?? defaults.hidden_act),
    hiddenDropout: read("hidden_dropout_prob"),
    attentionDropout: read("attention_probs_dropout_prob"),
    initializerRange: read("initializer_range"),
  };
  if (parsed.hidden % parsed.heads !== 0) {
    throw modelError(`hidden_size ${parsed.hidden} is not a multiple of num_attention_heads ${parsed.heads}`);
  }
  return parsed;
}

/** A number of config.json, or the default where the key is absent or null. */
export function numberOf(config: Json, key: string, fallback: unknown): number {
  const value = config[key] ?? fallback;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw modelError(`"${key}" must be a number, found ${JSON.stringify(value)}`);
}

/** An error if the config asks for something other than the only value that is supported. */
export function refuse(config: Json, key: string, supported: unknown): void {
  const value = config[key];
  if (value === undefined || value === null || value === supported) return;
  throw modelError(`"${key}": ${JSON.stringify(value)} is not supported, only ${JSON.stringify(supported)}`);
}

function activationOf(name: unknown): Activation {
  const activation = typeof name === "string" ? ACTIVATIONS[name] : undefined;
  if (activation) return activation;
  throw modelError(`"hidden_act": ${JSON.stringify(name)} is not one of ${Object.keys(ACTIVATIONS).join(", ")}`);
}

function modelError(message: string): DualrateError {
  return new DualrateError("model", `config.json: ${message}`, {
    hint: "Use a model with the standard layout of its architecture.",
  });
}
