// ALBERT (Lan et al., 2019): factorized embeddings and layers that share their weights, as Hugging Face computes it.
import { countOf, encoderConfig, LAYERS, rateOf, refuse } from "./config.js";
import { dense, embeddingParameters, type LayerNames, layerParameters } from "./encoder.js";
import { encoderModel } from "./heads.js";
import type { Architecture } from "./model.js";
import { tanh } from "./ops.js";

const DEFAULTS = {
  embedding_size: 128,
  hidden_size: 4096,
  num_hidden_layers: 12,
  num_hidden_groups: 1,
  num_attention_heads: 64,
  intermediate_size: 16384,
  hidden_act: "gelu_new",
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  classifier_dropout_prob: 0.1,
};

function layerNames(group: number): LayerNames {
  const layer = `albert.encoder.albert_layer_groups.${group}.albert_layers.0`;
  return {
    query: `${layer}.attention.query`,
    key: `${layer}.attention.key`,
    value: `${layer}.attention.value`,
    attentionOutput: `${layer}.attention.dense`,
    attentionNorm: `${layer}.attention.LayerNorm`,
    intermediate: `${layer}.ffn`,
    output: `${layer}.ffn_output`,
    outputNorm: `${layer}.full_layer_layer_norm`,
  };
}

export const albert: Architecture = (json, options) => {
  refuse(json, "inner_group_num", 1);
  const config = encoderConfig(json, DEFAULTS);
  const width = countOf(json, "embedding_size", DEFAULTS.embedding_size);
  const headDropout = rateOf(json, "classifier_dropout_prob", DEFAULTS.classifier_dropout_prob);
  const groups = countOf(json, "num_hidden_groups", DEFAULTS.num_hidden_groups, LAYERS);
  // As Hugging Face assigns layers to groups: floor(index / (layers / groups)).
  const groupOf = (index: number) => Math.floor(index / (config.layers / groups));
  return encoderModel({
    type: "albert",
    json,
    config,
    options,
    parameters: [
      ...dense("projection", config.hidden, width, "albert.encoder.embedding_hidden_mapping_in"),
      ...Array.from({ length: groups }, (_, group) =>
        layerParameters(`group.${group}`, layerNames(group), config),
      ).flat(),
      ...embeddingParameters("albert.embeddings", options.rows, width, config),
    ],
    projection: "projection",
    layers: Array.from({ length: config.layers }, (_, index) => `group.${groupOf(index)}`),
    outputDropout: { attention: config.hiddenDropout, feedForward: 0 },
    embeddingWidth: width,
    classifier: {
      dense: "albert.pooler",
      output: "classifier",
      activation: tanh,
      inputDropout: 0,
      dropout: headDropout,
    },
    tokenDropout: headDropout,
    maskedLm: {
      dense: "predictions.dense",
      norm: "predictions.LayerNorm",
      bias: "predictions.bias",
      activation: config.activation,
    },
  });
};
