// RoBERTa (Liu et al., 2019) and XLM-R (Conneau et al., 2020), one layout under Hugging Face: BERT with positions that
// start after the padding's, and a classification head of its own.
import { bertEncoder } from "./bert.js";
import { BERT_DEFAULTS, countOf, encoderConfig, rateOf } from "./config.js";
import { encoderModel } from "./heads.js";
import type { Architecture } from "./model.js";
import { gelu, tanh } from "./ops.js";

export const roberta: Architecture = (json, options) => {
  const parsed = encoderConfig(json, BERT_DEFAULTS);
  // The first token's position is padding_idx + 1. (Hugging Face would give a padding token inside of a text none.)
  const positionOffset = countOf(json, "pad_token_id", 1, { least: 0 }) + 1;
  const config = { ...parsed, positionOffset, maxPositions: parsed.maxPositions - positionOffset };
  const headDropout = rateOf(json, "classifier_dropout", config.hiddenDropout);
  return encoderModel({
    type: "roberta",
    json,
    config,
    options,
    ...bertEncoder("roberta", config, options, config.hidden),
    classifier: {
      dense: "classifier.dense",
      output: "classifier.out_proj",
      activation: tanh,
      inputDropout: headDropout,
      dropout: headDropout,
    },
    tokenDropout: headDropout,
    maskedLm: { dense: "lm_head.dense", norm: "lm_head.layer_norm", bias: "lm_head.bias", activation: gelu },
  });
};
