// One update by any of the optimizers: as a SIMD kernel over WebAssembly memory, or in plain JavaScript over any buffers.
import type { Kernels } from "../simd/kernels.js";
import { adam, adamw } from "./adam.js";
import type { OptimizerBuffers, SquaredNorms, UpdateStep } from "./buffers.js";
import { lion } from "./lion.js";
import { sgd } from "./sgd.js";

/**
 * Updates the buffers; returns the squared L2 norms of the change, of the new weights and of the gradient. Arithmetic is in double precision
 * and is rounded when stored. At lr 0 the moments still move, as in PyTorch.
 */
export function update(buffers: OptimizerBuffers, step: UpdateStep): SquaredNorms {
  const { optimizer } = step;
  switch (optimizer.name) {
    case "adamw":
      return adamw(buffers, step, optimizer);
    case "adam":
      return adam(buffers, step, optimizer);
    case "sgd":
      return sgd(buffers, step, optimizer);
    case "lion":
      return lion(buffers, step, optimizer);
  }
}

/** Where the buffers of a run of parameters begin in the kernels' memory, in bytes. */
export interface BufferPointers {
  readonly value: number;
  readonly m: number;
  readonly v: number;
  readonly gradient: number;
}

/** As `update`, of n parameters in single precision; the kernel writes the norms as three float64 at byte 0. */
export function updateInMemory(
  kernels: Kernels,
  { value, m, v, gradient }: BufferPointers,
  n: number,
  step: UpdateStep,
) {
  const { lr, weightDecay, optimizer, t, gradientScale } = step;
  if (optimizer.name === "sgd") {
    kernels.sgd(value, m, gradient, n, optimizer.momentum, weightDecay, lr, gradientScale, 0);
    return;
  }
  const { beta1, beta2 } = optimizer;
  const betas = [beta1, 1 - beta1, beta2, 1 - beta2];
  if (optimizer.name === "lion") {
    kernels.lion(value, m, gradient, n, ...betas, lr * weightDecay, lr, gradientScale, 0);
    return;
  }
  const decay = optimizer.name === "adamw" ? lr * weightDecay : weightDecay;
  const rates = [lr / (1 - beta1 ** t), 1 / Math.sqrt(1 - beta2 ** t), gradientScale];
  kernels[optimizer.name](value, m, v, gradient, n, ...betas, optimizer.epsilon, decay, ...rates, 0);
}
