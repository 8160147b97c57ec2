// DistilBERT (Sanh et al., 2019): BERT without token types, pooler, and dropout after the attention's projection, as
// Hugging Face computes it.
import { bertEncoder } from "./bert.js";
import { BERT_DEFAULTS, encoderConfig, rateOf } from "./config.js";
import type { LayerNames } from "./encoder.js";
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

const DEFAULTS = { ...BERT_DEFAULTS, num_hidden_layers: 6 };

/** What config.json does not say of a DistilBERT. */
const GIVEN = { type_vocab_size: 0, layer_norm_eps: 1e-12 };

function layerNames(prefix: string, index: number): LayerNames {
  const layer = `${prefix}.transformer.layer.${index}`;
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
  return encoderModel({
    type: "distilbert",
    json,
    config,
    options,
    ...bertEncoder("distilbert", config, options, config.hidden, layerNames),
    outputDropout: { attention: 0, feedForward: config.hiddenDropout },
    classifier: {
      dense: "pre_classifier",
      output: "classifier",
      activation: relu,
      inputDropout: 0,
      dropout: rateOf(json, "seq_classif_dropout", 0.2),
    },
    tokenDropout: config.hiddenDropout,
    maskedLm: {
      dense: "vocab_transform",
      norm: "vocab_layer_norm",
      bias: "vocab_projector.bias",
      activation: config.activation,
    },
  });
};
