// ELECTRA (Clark et al., 2020): BERT with factorized embeddings. For masked-lm it is the generator, whose head the
// discriminator's checkpoint does not have; for classification either, as Hugging Face computes it.
import { bertEncoder } from "./bert.js";
import { BERT_DEFAULTS, countOf, encoderConfig, rateOf } from "./config.js";
import { dense } from "./encoder.js";
import { encoderModel } from "./heads.js";
import type { Architecture } from "./model.js";
import { gelu } from "./ops.js";

const DEFAULTS = {
  ...BERT_DEFAULTS,
  embedding_size: 128,
  hidden_size: 256,
  num_attention_heads: 4,
  intermediate_size: 1024,
};

export const electra: Architecture = (json, options) => {
  const config = encoderConfig(json, DEFAULTS);
  const width = countOf(json, "embedding_size", DEFAULTS.embedding_size);
  const headDropout = rateOf(json, "classifier_dropout", config.hiddenDropout);
  const encoder = bertEncoder("electra", config, options, width);
  const projection = dense("projection", config.hidden, width, "electra.embeddings_project");
  return encoderModel({
    type: "electra",
    json,
    config,
    options,
    ...encoder,
    // Equal widths have no projection.
    ...(width !== config.hidden && {
      projection: "projection",
      parameters: [...projection, ...encoder.parameters],
    }),
    classifier: {
      dense: "classifier.dense",
      output: "classifier.out_proj",
      activation: gelu,
      inputDropout: headDropout,
      dropout: headDropout,
    },
    tokenDropout: headDropout,
    maskedLm: {
      dense: "generator_predictions.dense",
      norm: "generator_predictions.LayerNorm",
      bias: "generator_lm_head.bias",
      activation: gelu,
    },
  });
};
