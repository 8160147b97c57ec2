// Llama (Touvron et al., 2023), as Hugging Face's LlamaForCausalLM computes it: RMSNorm, rotary positions, SwiGLU, and
// heads of keys and values that serve several heads of queries.
import * as tf from "@tensorflow/tfjs";
import { checkMultiple, countOf, LAYERS, modelError, numberOf, rateOf, refuse } from "./config.js";
import { type DecoderConfig, decoderModel } from "./decoder.js";
import { transposed, weight } from "./encoder.js";
import type { Architecture, ParameterSpec, Weights } from "./model.js";
import { linear, rmsNorm, silu } from "./ops.js";

type Json = Readonly<Record<string, unknown>>;

function configOf(json: Json): DecoderConfig {
  refuse(json, "hidden_act", "silu");
  refuse(json, "attention_bias", false);
  refuse(json, "mlp_bias", false);
  const hidden = countOf(json, "hidden_size", 4096);
  const heads = countOf(json, "num_attention_heads", 32);
  const keyHeads = countOf(json, "num_key_value_heads", heads);
  const headSize = countOf(json, "head_dim", hidden / heads);
  checkMultiple(["hidden_size", hidden], ["num_attention_heads", heads]);
  checkMultiple(["num_attention_heads", heads], ["num_key_value_heads", keyHeads]);
  if (headSize % 2 !== 0)
    throw modelError(`the size of a head must be even, for its rotary positions; it is ${headSize}`);
  return {
    hidden,
    heads,
    keyHeads,
    headSize,
    layers: countOf(json, "num_hidden_layers", 32, LAYERS),
    intermediate: countOf(json, "intermediate_size", 11008),
    maxPositions: countOf(json, "max_position_embeddings", 2048),
    initializerRange: numberOf(json, "initializer_range", 0.02),
  };
}

/** transformers 5 has the rotary positions' settings in rope_parameters, 4 had rope_theta and, for other kinds, rope_scaling. */
function ropeTheta(json: Json): number {
  const rope: Json = Object.assign({}, json.rope_scaling, json.rope_parameters); // either may be absent, or null
  for (const key of ["rope_type", "type"]) refuse(rope, key, "default");
  return numberOf({ ...json, ...rope }, "rope_theta", 10_000);
}

function norm(name: string, size: number, tensor: string): ParameterSpec {
  return { ...weight(name, [size], tensor), decay: false };
}

function layerParameters(index: number, config: DecoderConfig): ParameterSpec[] {
  const { hidden: H, intermediate: I, heads, keyHeads, headSize } = config;
  const [prefix, tensor] = [`layer.${index}`, `model.layers.${index}`];
  return [
    norm(`${prefix}.attention.norm`, H, `${tensor}.input_layernorm`),
    weight(`${prefix}.query`, [heads * headSize, H], `${tensor}.self_attn.q_proj`),
    weight(`${prefix}.key`, [keyHeads * headSize, H], `${tensor}.self_attn.k_proj`),
    weight(`${prefix}.value`, [keyHeads * headSize, H], `${tensor}.self_attn.v_proj`),
    weight(`${prefix}.attention`, [H, heads * headSize], `${tensor}.self_attn.o_proj`),
    norm(`${prefix}.output.norm`, H, `${tensor}.post_attention_layernorm`),
    transposed(weight(`${prefix}.gate`, [I, H], `${tensor}.mlp.gate_proj`)),
    transposed(weight(`${prefix}.intermediate`, [I, H], `${tensor}.mlp.up_proj`)),
    weight(`${prefix}.output`, [H, I], `${tensor}.mlp.down_proj`),
  ];
}

export const llama: Architecture = (json, options) => {
  const config = configOf(json);
  const { hidden: H } = config;
  const epsilon = numberOf(json, "rms_norm_eps", 1e-6);
  const theta = ropeTheta(json);
  return decoderModel({
    type: "llama",
    json,
    config,
    options,
    parameters: [
      ...Array.from({ length: config.layers }, (_, index) => layerParameters(index, config)).flat(),
      norm("norm", H, "model.norm"),
    ],
    words: "model.embed_tokens.weight",
    ...(json.tie_word_embeddings !== true && { output: "lm_head.weight" }),
    embed: (_w, words) => tf.reshape(words, [-1, H]),
    norm: (w, name, x) => rmsNorm(x, w(`${name}.weight`), epsilon),
    project: (w, name, x) => linear(x, w(`${name}.weight`)),
    place: (length) => rotation(length, config.headSize / 2, theta),
    feedForward,
    attentionDropout: rateOf(json, "attention_dropout", 0),
    outputDropout: 0,
  });
};

/** SwiGLU (Shazeer, 2020). x [N, H] -> [N, H] */
function feedForward(w: Weights, layer: string, x: tf.Tensor): tf.Tensor {
  const wide = (part: string) => linear(x, w(`${layer}.${part}.weight`), undefined, "in-out"); // (N, I)
  return linear(tf.mul(silu(wide("gate")), wide("intermediate")), w(`${layer}.output.weight`));
}

/**
 * Rotary positions (Su et al., 2021): turns each pair (x_i, x_{i + half}) by the angle position * theta^(-i / half), `half`
 * being half of a head's size D. x (B, heads, S, D) -> the same
 */
function rotation(length: number, half: number, theta: number): (x: tf.Tensor) => tf.Tensor {
  const turns = angles(length, half, theta);
  const cos = tf.tensor2d(turns.map(Math.cos), [length, half]);
  const sin = tf.tensor2d(turns.map(Math.sin), [length, half]);
  return (x) => {
    const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
    return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
  };
}

/** In float32, as Hugging Face has them and pretrained models know them. [S * D/2] */
function angles(length: number, half: number, theta: number): Float32Array {
  const frequencies = Float32Array.from({ length: half }, (_, i) => theta ** (-i / half));
  return Float32Array.from(
    { length: length * half },
    (_, i) => Math.floor(i / half) * (frequencies[i % half] as number),
  );
}
