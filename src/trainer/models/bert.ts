// BERT (Devlin et al., 2018), as Hugging Face computes it for masked-lm and for classification.
import { BERT_DEFAULTS, type EncoderConfig, encoderConfig, rateOf } from "./config.js";
import { embeddingParameters, type LayerNames, layerParameters } from "./encoder.js";
import { type EncoderParts, encoderModel } from "./heads.js";
import type { Architecture, ModelOptions } from "./model.js";
import { tanh } from "./ops.js";

function layerNames(prefix: string, index: number): LayerNames {
  const layer = `${prefix}.encoder.layer.${index}`;
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

/** Embeddings of `width` and layers as BERT has them; `prefix` begins their names in the checkpoint, `names` are a layer's. */
export function bertEncoder(
  prefix: string,
  config: EncoderConfig,
  { rows }: ModelOptions,
  width: number,
  names = layerNames,
): Pick<EncoderParts, "parameters" | "layers" | "outputDropout" | "embeddingWidth"> {
  const layers = Array.from({ length: config.layers }, (_, index) => `layer.${index}`);
  return {
    parameters: [
      ...layers.flatMap((name, index) => layerParameters(name, names(prefix, index), config)),
      ...embeddingParameters(`${prefix}.embeddings`, rows, width, config),
    ],
    layers,
    outputDropout: { attention: config.hiddenDropout, feedForward: config.hiddenDropout },
    embeddingWidth: width,
  };
}

export const bert: Architecture = (json, options) => {
  const config = encoderConfig(json, BERT_DEFAULTS);
  const headDropout = rateOf(json, "classifier_dropout", config.hiddenDropout);
  return encoderModel({
    type: "bert",
    json,
    config,
    options,
    ...bertEncoder("bert", config, options, config.hidden),
    classifier: {
      dense: "bert.pooler.dense",
      output: "classifier",
      activation: tanh,
      inputDropout: 0,
      dropout: headDropout,
    },
    tokenDropout: headDropout,
    maskedLm: {
      dense: "cls.predictions.transform.dense",
      norm: "cls.predictions.transform.LayerNorm",
      bias: "cls.predictions.bias",
      activation: config.activation,
    },
  });
};
