// Puts an encoder together: embeddings, layers, and the head of the task.
import type * as tf from "@tensorflow/tfjs";
import { DualrateError } from "../../errors.js";
import type { Activation, EncoderConfig } from "./config.js";
import {
  apply,
  attentionBias,
  dense,
  embed,
  type LayerContext,
  layer,
  layersAbove,
  norm,
  normalize,
  type OutputDropout,
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
  readonly outputDropout: OutputDropout;
  readonly embeddingWidth: number;
  readonly classifier: ClassifierHead;
  /** Rate of dropout before the output layer of token classification, which is all of its head. */
  readonly tokenDropout: number;
  readonly maskedLm: MaskedLmHead;
}

/** On the first position: dropout, a dense layer (BERT's pooler), an activation, dropout, the output layer. */
export interface ClassifierHead {
  /** Names in the checkpoint. */
  readonly dense: string;
  readonly output: string;
  readonly activation: Activation;
  /** Rates of dropout before the dense layer and before the output layer. */
  readonly inputDropout: number;
  readonly dropout: number;
}

/** On each target: a dense layer, an activation, a norm, and the output layer that is tied to the word table. */
export interface MaskedLmHead {
  /** Names in the checkpoint; `bias` is the output layer's. */
  readonly dense: string;
  readonly norm: string;
  readonly bias: string;
  readonly activation: Activation;
}

/** What the task adds to the encoder. */
interface Head {
  readonly parameters: readonly ParameterSpec[];
  readonly readout: Readout;
  readonly tied: boolean;
  /** From the rows that `readout` reads. [T, H] -> [T, classes or rows] */
  readonly logits: (w: Weights, hidden: tf.Tensor, dropout: Dropout) => tf.Tensor;
}

export function encoderModel(parts: EncoderParts): Model {
  const { config, options } = parts;
  const head = headOf(parts);
  return {
    signature: JSON.stringify([
      parts.type,
      parts.json,
      options.task,
      options.rows,
      options.classes,
      options.regression,
    ]),
    parameters: [...parts.parameters, ...head.parameters],
    maxPositions: config.maxPositions,
    sizes: config,
    initializerRange: config.initializerRange,
    layersAbove: layersAbove(parts.parameters, parts.layers),
    tied: head.tied,
    regression: options.regression === true,
    hiddenStates: (w, inputs, dropout) => encode(parts, w, inputs, dropout, "all"),
    logits: (w, inputs, dropout) => {
      const hidden = encode(parts, w, inputs, dropout, head.readout).at(-1) as tf.Tensor; // (T, H)
      return head.logits(w, hidden, dropout);
    },
  };
}

function headOf(parts: EncoderParts): Head {
  switch (parts.options.task) {
    case "masked-lm":
      return {
        parameters: maskedLmParameters(parts),
        readout: "targets",
        tied: true,
        logits: (w, hidden) => wordLogits(parts, w, hidden),
      };
    case "causal-lm":
      throw new DualrateError("internal", `a ${parts.type} does not predict next tokens`);
    case "sequence-classification":
      return {
        parameters: classifierParameters(parts),
        readout: "first",
        tied: false,
        logits: (w, hidden, dropout) => classLogits(parts, w, hidden, dropout),
      };
    case "token-classification":
      return {
        parameters: outputParameters(parts, "classifier"),
        readout: "targets",
        tied: false,
        logits: (w, hidden, dropout) => apply(w, "classifier", dropout(hidden, parts.tokenDropout)),
      };
  }
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

/** A missing dense layer is made new, as Hugging Face does, and then learns as part of the head. */
function classifierParameters(parts: EncoderParts): ParameterSpec[] {
  const { config, options, classifier } = parts;
  const pooler = dense("pooler", config.hidden, config.hidden, classifier.dense);
  return [
    ...(options.has(`${classifier.dense}.weight`) ? pooler : fresh(pooler, config)),
    ...outputParameters(parts, classifier.output),
  ];
}

/** The new layer from the hidden size to the classes. */
function outputParameters({ config, options }: EncoderParts, tensor: string): ParameterSpec[] {
  return fresh(dense("classifier", options.classes, config.hidden, tensor), config);
}

function fresh(specs: readonly ParameterSpec[], { initializerRange }: EncoderConfig): ParameterSpec[] {
  return specs.map((spec) => {
    const standardDeviation = spec.decay ? initializerRange : 0;
    return { ...spec, origin: { from: "new", standardDeviation, tensor: spec.origin.tensor } };
  });
}

function classLogits({ classifier }: EncoderParts, w: Weights, hidden: tf.Tensor, dropout: Dropout): tf.Tensor {
  const read = dropout(hidden, classifier.inputDropout); // (B, H)
  const pooled = classifier.activation(apply(w, "pooler", read)); // (B, H)
  return apply(w, "classifier", dropout(pooled, classifier.dropout)); // (B, classes)
}

function maskedLmParameters({ config, options, maskedLm, embeddingWidth: E }: EncoderParts): ParameterSpec[] {
  return [
    ...dense("head", E, config.hidden, maskedLm.dense),
    ...norm("head.norm", E, maskedLm.norm),
    { name: "decoder.bias", shape: [options.rows], decay: false, origin: { from: "rows", tensor: maskedLm.bias } },
  ];
}

/** The output layer is tied to the word embeddings: introduced rows get a gradient from every target's softmax. */
function wordLogits(parts: EncoderParts, w: Weights, hidden: tf.Tensor): tf.Tensor {
  const transformed = parts.maskedLm.activation(apply(w, "head", hidden)); // (T, E)
  const normal = normalize(w, "head.norm", transformed, parts.config.epsilon);
  return linear(normal, w(WORD_TABLE), w("decoder.bias")); // (T, rows)
}
