// DistilBERT (Sanh et al., 2019): BERT without token types, pooler, and dropout after the attention's projection, as
// Hugging Face computes it.
import { encoderConfig, numberOf } from "./config.js";
import { embeddingParameters, type LayerNames, layerParameters } from "./encoder.js";
import { encoderModel } from "./heads.js";
import type { Architecture } from "./model.js";
import { relu } from "./ops.js";

/** Its names in config.json for BERT's. */
const KEYS = {
  hidden_size: "dim",
  num_hidden_layers: "n_layers",
  num_attention_heads: "n_heads",
  intermediate_size: "hidden_dim",
  hidden_act: "activation",
  hidden_dropout_prob: "dropout",
  attention_probs_dropout_prob: "attention_dropout",
};

const DEFAULTS = {
  hidden_size: 768,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  initializer_range: 0.02,
};

/** What config.json does not say of a DistilBERT. */
const GIVEN = { type_vocab_size: 0, layer_norm_eps: 1e-12 };

function layerNames(index: number): LayerNames {
  const layer = `distilbert.transformer.layer.${index}`;
  return {
    query: `${layer}.attention.q_lin`,
    key: `${layer}.attention.k_lin`,
    value: `${layer}.attention.v_lin`,
    attentionOutput: `${layer}.attention.out_lin`,
    attentionNorm: `${layer}.sa_layer_norm`,
    intermediate: `${layer}.ffn.lin1`,
    output: `${layer}.ffn.lin2`,
    outputNorm: `${layer}.output_layer_norm`,
  };
}

export const distilbert: Architecture = (json, options) => {
  const config = encoderConfig({ ...json, ...GIVEN }, DEFAULTS, KEYS);
  const layers = Array.from({ length: config.layers }, (_, index) => `layer.${index}`);
  return encoderModel({
    type: "distilbert",
    json,
    config,
    options,
    parameters: [
      ...layers.flatMap((name, index) => layerParameters(name, layerNames(index), config)),
      ...embeddingParameters("distilbert.embeddings", options.rows, config.hidden, config),
    ],
    layers,
    outputDropout: { attention: 0, feedForward: config.hiddenDropout },
    embeddingWidth: config.hidden,
    classifier: {
      dense: "pre_classifier",
      output: "classifier",
      activation: relu,
      inputDropout: 0,
      dropout: numberOf(json, "seq_classif_dropout", 0.2),
    },
    maskedLm: {
      dense: "vocab_transform",
      norm: "vocab_layer_norm",
      bias: "vocab_projector.bias",
      activation: config.activation,
    },
  });
};
