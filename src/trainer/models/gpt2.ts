// GPT-2 (Radford et al., 2019), as Hugging Face's GPT2LMHeadModel computes it.
import * as tf from "@tensorflow/tfjs";
import { activationOf, checkMultiple, countOf, LAYERS, numberOf, rateOf, refuse } from "./config.js";
import { type DecoderConfig, decoderModel } from "./decoder.js";
import { apply, bias, norm, normalize, weight } from "./encoder.js";
import type { Architecture, ParameterSpec } from "./model.js";

type Json = Readonly<Record<string, unknown>>;

function configOf(json: Json): DecoderConfig {
  refuse(json, "scale_attn_weights", true);
  refuse(json, "scale_attn_by_inverse_layer_idx", false);
  refuse(json, "reorder_and_upcast_attn", false);
  refuse(json, "add_cross_attention", false);
  refuse(json, "tie_word_embeddings", true);
  const hidden = countOf(json, "n_embd", 768);
  const heads = countOf(json, "n_head", 12);
  checkMultiple(["n_embd", hidden], ["n_head", heads]);
  return {
    hidden,
    heads,
    keyHeads: heads,
    headSize: hidden / heads,
    layers: countOf(json, "n_layer", 12, LAYERS),
    intermediate: countOf(json, "n_inner", 4 * hidden),
    maxPositions: countOf(json, "n_positions", 1024),
    initializerRange: numberOf(json, "initializer_range", 0.02),
  };
}

/** Its linear layers lie [inputs, outputs] in the checkpoint, where the others' lie [outputs, inputs]. */
function conv1d(name: string, inputs: number, outputs: number, tensor: string): ParameterSpec[] {
  return [weight(name, [inputs, outputs], tensor), bias(name, outputs, tensor)];
}

/** The three of them are one layer in the checkpoint, side by side. */
function queryKeyValue(prefix: string, H: number, tensor: string): ParameterSpec[] {
  return ["query", "key", "value"].flatMap((part, index) =>
    conv1d(`${prefix}.${part}`, H, H, tensor).map((spec) => ({
      ...spec,
      origin: { from: "checkpoint", tensor: spec.origin.tensor, columns: { start: index * H, of: 3 * H } } as const,
    })),
  );
}

function layerParameters(index: number, { hidden: H, intermediate: I }: DecoderConfig): ParameterSpec[] {
  const [prefix, tensor] = [`layer.${index}`, `transformer.h.${index}`];
  return [
    ...norm(`${prefix}.attention.norm`, H, `${tensor}.ln_1`),
    ...queryKeyValue(prefix, H, `${tensor}.attn.c_attn`),
    ...conv1d(`${prefix}.attention`, H, H, `${tensor}.attn.c_proj`),
    ...norm(`${prefix}.output.norm`, H, `${tensor}.ln_2`),
    ...conv1d(`${prefix}.intermediate`, H, I, `${tensor}.mlp.c_fc`),
    ...conv1d(`${prefix}.output`, I, H, `${tensor}.mlp.c_proj`),
  ];
}

export const gpt2: Architecture = (json, options) => {
  const config = configOf(json);
  const { hidden: H } = config;
  const activation = activationOf(json, "activation_function", "gelu_new");
  const epsilon = numberOf(json, "layer_norm_epsilon", 1e-5);
  const embeddingDropout = rateOf(json, "embd_pdrop", 0.1);
  return decoderModel({
    type: "gpt2",
    json,
    config,
    options,
    parameters: [
      { ...weight("embeddings.position", [config.maxPositions, H], "transformer.wpe"), name: "embeddings.position" },
      ...Array.from({ length: config.layers }, (_, index) => layerParameters(index, config)).flat(),
      ...norm("norm", H, "transformer.ln_f"),
    ],
    words: "transformer.wte.weight",
    embed: (w, words, dropout) => {
      const [B, S] = words.shape as [number, number, number];
      const positions = tf.slice(w("embeddings.position"), [0, 0], [S, H]); // (S, H)
      return dropout(tf.reshape(tf.add(words, positions), [B * S, H]), embeddingDropout);
    },
    norm: (w, name, x) => normalize(w, name, x, epsilon),
    project: (w, name, x) => apply(w, name, x, "in-out"),
    place: () => (heads) => heads,
    feedForward: (w, layer, x) =>
      apply(w, `${layer}.output`, activation(apply(w, `${layer}.intermediate`, x, "in-out")), "in-out"),
    attentionDropout: rateOf(json, "attn_pdrop", 0.1),
    outputDropout: rateOf(json, "resid_pdrop", 0.1),
  });
};
