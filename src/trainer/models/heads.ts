// Puts an encoder together: embeddings, layers, and the head of the task.
import * as tf from "@tensorflow/tfjs";
import type { EncoderConfig } from "./config.js";
import {
  apply,
  attentionBias,
  dense,
  embed,
  type LayerContext,
  layer,
  norm,
  normalize,
  type Readout,
} from "./encoder.js";
import {
  type Dropout,
  type Model,
  type ModelInputs,
  type ModelOptions,
  type ParameterSpec,
  type Weights,
  WORD_TABLE,
} from "./model.js";
import { linear } from "./ops.js";

/** What an architecture of the BERT kind tells of itself. */
export interface EncoderParts {
  readonly type: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly config: EncoderConfig;
  readonly options: ModelOptions;
  /** Parameters of embeddings and layers. */
  readonly parameters: readonly ParameterSpec[];
  /** A linear layer from the embeddings' width to the hidden size. */
  readonly projection?: string;
  /** For each layer the prefix of its parameters; the same prefix twice shares weights. */
  readonly layers: readonly string[];
  readonly outputDropout: number;
  readonly embeddingWidth: number;
  /** The pooler's name in the checkpoint. */
  readonly pooler: string;
  readonly classifierDropout: number;
  /** Names of the masked-LM head in the checkpoint. */
  readonly head: { readonly dense: string; readonly norm: string; readonly bias: string };
}

export function encoderModel(parts: EncoderParts): Model {
  const { config, options } = parts;
  const classify = options.task === "sequence-classification";
  return {
    signature: JSON.stringify([parts.type, parts.json, options.task, options.rows, options.classes]),
    parameters: [...parts.parameters, ...(classify ? classifierParameters(parts) : maskedLmParameters(parts))],
    maxPositions: config.maxPositions,
    initializerRange: config.initializerRange,
    tied: !classify,
    hiddenStates: (w, inputs, dropout) => encode(parts, w, inputs, dropout, "all"),
    logits: (w, inputs, dropout) => {
      const hidden = encode(parts, w, inputs, dropout, classify ? "first" : "targets").at(-1) as tf.Tensor; // (T, H)
      return classify ? classLogits(parts, w, hidden, dropout) : wordLogits(parts, w, hidden);
    },
  };
}

/** The output of the embeddings and of each layer, the last one's as `readout` says. */
function encode(parts: EncoderParts, w: Weights, inputs: ModelInputs, dropout: Dropout, readout: Readout): tf.Tensor[] {
  const [batch, length] = inputs.words.shape as [number, number, number];
  const context: LayerContext = {
    w,
    config: parts.config,
    sizes: { batch, length },
    bias: attentionBias(inputs.attentionMask),
    targetPositions: inputs.targetPositions,
    dropout,
    outputDropout: parts.outputDropout,
  };
  const embedded = embed(w, inputs, parts.config, dropout); // (B * S, E)
  const states = [parts.projection === undefined ? embedded : apply(w, parts.projection, embedded)]; // (B * S, H)
  for (const [index, prefix] of parts.layers.entries()) {
    const last = index === parts.layers.length - 1;
    states.push(layer(prefix, states.at(-1) as tf.Tensor, last ? readout : "all", context));
  }
  return states;
}

/** A missing pooler is made new, as Hugging Face does, and then learns as part of the head. */
function classifierParameters({ config, options, pooler }: EncoderParts): ParameterSpec[] {
  const { hidden: H, initializerRange } = config;
  const fresh = (specs: ParameterSpec[], tensor: string): ParameterSpec[] =>
    specs.map((spec) => ({
      ...spec,
      origin: {
        from: "new",
        standardDeviation: spec.decay ? initializerRange : 0,
        tensor: `${tensor}.${spec.decay ? "weight" : "bias"}`,
      },
    }));
  const pooled = dense("pooler", H, H, pooler);
  return [
    ...(options.has(`${pooler}.weight`) ? pooled : fresh(pooled, pooler)),
    ...fresh(dense("classifier", options.classes, H), "classifier"),
  ];
}

function classLogits(parts: EncoderParts, w: Weights, hidden: tf.Tensor, dropout: Dropout): tf.Tensor {
  const pooled = tf.tanh(apply(w, "pooler", hidden)); // (B, H)
  return apply(w, "classifier", dropout(pooled, parts.classifierDropout)); // (B, classes)
}

function maskedLmParameters({ config, options, head, embeddingWidth: E }: EncoderParts): ParameterSpec[] {
  return [
    ...dense("head", E, config.hidden, head.dense),
    ...norm("head.norm", E, head.norm),
    { name: "decoder.bias", shape: [options.rows], decay: false, origin: { from: "rows", tensor: head.bias } },
  ];
}

/** The output layer is tied to the word embeddings: introduced rows get a gradient from every target's softmax. */
function wordLogits(parts: EncoderParts, w: Weights, hidden: tf.Tensor): tf.Tensor {
  const transformed = parts.config.activation(apply(w, "head", hidden)); // (T, E)
  const normal = normalize(w, "head.norm", transformed, parts.config.epsilon);
  return linear(normal, w(WORD_TABLE), w("decoder.bias")); // (T, rows)
}
