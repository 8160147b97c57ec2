// BERT (Devlin et al., 2018), as Hugging Face's BertForMaskedLM and BertForSequenceClassification compute it.
import { encoderConfig, numberOf } from "./config.js";
import { embeddingParameters, type LayerNames, layerParameters } from "./encoder.js";
import { encoderModel } from "./heads.js";
import type { Architecture } from "./model.js";

const DEFAULTS = {
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

function layerNames(index: number): LayerNames {
  const layer = `bert.encoder.layer.${index}`;
  return {
    query: `${layer}.attention.self.query`,
    key: `${layer}.attention.self.key`,
    value: `${layer}.attention.self.value`,
    attentionOutput: `${layer}.attention.output.dense`,
    attentionNorm: `${layer}.attention.output.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}

export const bert: Architecture = (json, options) => {
  const config = encoderConfig(json, DEFAULTS);
  const layers = Array.from({ length: config.layers }, (_, index) => `layer.${index}`);
  return encoderModel({
    type: "bert",
    json,
    config,
    options,
    parameters: [
      ...layers.flatMap((name, index) => layerParameters(name, layerNames(index), config)),
      ...embeddingParameters("bert.embeddings", options.rows, config.hidden, config),
    ],
    layers,
    outputDropout: config.hiddenDropout,
    embeddingWidth: config.hidden,
    pooler: "bert.pooler.dense",
    classifierDropout: numberOf(json, "classifier_dropout", config.hiddenDropout),
    head: {
      dense: "cls.predictions.transform.dense",
      norm: "cls.predictions.transform.LayerNorm",
      bias: "cls.predictions.bias",
    },
  });
};
