// What a model is to the rest of the trainer: a list of parameters and a pure function from batch to logits.
import type * as tf from "@tensorflow/tfjs";
import type { Task } from "../../sweep/settings.js";

/** Where a parameter's first values come from. */
export type Origin =
  /**
   * A tensor of the checkpoint by its Hugging Face name, or a part of one; a transposed one is a matrix that lies the other
   * way round there.
   */
  | { readonly from: "checkpoint"; readonly tensor: string; readonly transposed?: true; readonly columns?: Columns }
  /** A tensor of the checkpoint with an entry per vocabulary id, in the order of the row map; introduced rows follow. */
  | { readonly from: "rows"; readonly tensor: string }
  /** A new tensor: normal with this standard deviation, or zeros at 0. */
  | { readonly from: "new"; readonly standardDeviation: number; readonly tensor: string };

/** Of a tensor that has `of` along its last axis: as many as the parameter has, from `start`. */
export interface Columns {
  readonly start: number;
  readonly of: number;
}

export interface ParameterSpec {
  /** The name by which the forward function asks for it. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Weight decay applies: not for biases and norm weights (Hugging Face Trainer's rule). */
  readonly decay: boolean;
  readonly origin: Origin;
}

/** What a model is built for. */
export interface ModelOptions {
  readonly task: Task;
  /** Rows of the row map: base and introduced. */
  readonly rows: number;
  /** Classes of sequence or token classification; 1 in regression. */
  readonly classes: number;
  readonly regression?: boolean;
  /** Whether the checkpoint has a tensor of this name. */
  readonly has: (tensor: string) => boolean;
}

/**
 * The parameter that has a row for each of the row map. Its rows are looked up before the model runs, so that the gradient
 * of the lookup comes as a row a token, not as a table of zeros.
 */
export const WORD_TABLE = "embeddings.word";

/** A batch as tensors; B sequences of S tokens, T targets. */
export interface ModelInputs {
  readonly words: tf.Tensor; // (B, S, E), rows of the word table
  readonly tokenTypes: tf.Tensor; // (B, S) int32
  readonly attentionMask: tf.Tensor; // (B, S) float32
  readonly targetPositions: tf.Tensor; // (T) int32, flat over B * S: where the logits are read
}

/** Applies dropout of a rate to x, at the next site in the order of calls. The identity in evaluation. */
export type Dropout = (x: tf.Tensor, rate: number) => tf.Tensor;

export type Weights = (name: string) => tf.Tensor;

/** What a layer's activations are as large as. */
export interface ModelSizes {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly layers: number;
}

export interface Model {
  /** Changes whenever the computation does; compiled steps are cached under it. */
  readonly signature: string;
  readonly parameters: readonly ParameterSpec[];
  /** Tokens of the longest sequence. */
  readonly maxPositions: number;
  readonly sizes: ModelSizes;
  readonly initializerRange: number;
  /**
   * Layers from a parameter, by name, to the output, for layer-wise learning rates: 0 for what follows the last layer, 1 for
   * the last of L layers, L for the first, L + 1 for the embeddings. Layers that share weights are one.
   */
  readonly layersAbove: (parameter: string) => number;
  /** Whether `logits` reads the word table too: an output layer that is tied to it. */
  readonly tied: boolean;
  /** Whether its one logit is a number, whose loss is the squared error, not the score of a class. */
  readonly regression?: boolean;
  /**
   * After the embeddings and after each layer, at every position: what `logits` computes without its savings. A decoder's
   * last is after its final norm, as in Hugging Face. [B * S, H] each
   */
  readonly hiddenStates: (weights: Weights, inputs: ModelInputs, dropout: Dropout) => readonly tf.Tensor[];
  /** Logits of each target: over the classes, or over the rows of the row map. [T, classes or rows] */
  readonly logits: (weights: Weights, inputs: ModelInputs, dropout: Dropout) => tf.Tensor;
}

/** An architecture: one file with this, and one row in registry.ts. */
export type Architecture = (config: Readonly<Record<string, unknown>>, options: ModelOptions) => Model;
