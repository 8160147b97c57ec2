// An upper estimate of one worker's memory, from the model's shape and the largest batch, so that the number of workers
// fits the machine.
import { parameterValue } from "../../sweep/parameters.js";
import { type MemoryParameter, predictsTokens, type Settings } from "../../sweep/settings.js";
import type { ModelSizes } from "../models/model.js";

/** An allowance for Node, TensorFlow.js and ONNX Runtime themselves. */
const RUNTIME_BYTES = 200 * 2 ** 20;

export interface FootprintSizes {
  /** The model's parameters, introduced rows included. */
  readonly parameters: number;
  /** Rows of the row map. */
  readonly rows: number;
  /** Target slots a text, at most. */
  readonly targetsPerText: number;
}

/**
 * Bytes of one worker at its peak, on the safe side: an allowance for the runtime, and 4 bytes for each of
 * - 4 x parameters: weights, gradients and two moments, whichever the optimizer (the checkpoint itself is shared by all
 *   workers), and once more where gradients of several batches are added up;
 * - the activations that a training step keeps: B*L*(12*H + 3*I) + 3*heads*B*L^2 in each layer, two layers more for the
 *   gradients that are in flight, and for language models 3 values for each target and row; or those of an evaluation, which
 *   keeps two layers, where its larger batch needs more. Compiled steps of other shapes keep no activations.
 * Measured on a 12-layer ALBERT (H 256, batch 16 x 160, dropout on): 0.9 GB, estimated 1.4 GB; on BERTs of bench/NOTES.md's
 * medium and large sizes, classification: 0.73 and 2.57 GB, estimated 0.91 and 2.56 GB.
 */
export function estimateWorkerBytes(
  { task, trainer, fixed, greatest }: Settings,
  { hidden, intermediate, heads, layers }: ModelSizes,
  { parameters, rows, targetsPerText }: FootprintSizes,
): number {
  const most = (name: MemoryParameter) => greatest?.[name] ?? parameterValue(fixed, name);
  const batchSize = most("batch_size");
  const length = trainer.maxLength;
  const layer = length * (12 * hidden + 3 * intermediate) + 3 * heads * length ** 2;
  const logits = predictsTokens(task) ? 3 * targetsPerText * rows : 0;
  const training = batchSize * ((layers + 2) * layer + logits);
  const evaluation = trainer.evalBatchSize * (2 * layer + logits);
  const copies = most("gradient_accumulation_steps") > 1 ? 5 : 4;
  return RUNTIME_BYTES + 4 * Math.ceil(copies * parameters + Math.max(training, evaluation));
}
