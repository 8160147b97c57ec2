// Stochastic gradient descent with momentum, as torch.optim.SGD computes it (dampening 0, no Nesterov).
import type { SgdSettings } from "../config.js";
import { type OptimizerBuffers, type SquaredNorms, type UpdateStep, updateValues } from "./buffers.js";

/**
 * buf = momentum * buf + g + weightDecay * theta; theta -= lr * buf. From a buffer of zeros the first step's buffer is the
 * gradient, as in torch.
 */
export function sgd(buffers: OptimizerBuffers, step: UpdateStep, { momentum }: SgdSettings): SquaredNorms {
  const { m, gradient } = buffers;
  return updateValues(buffers, (old, i) => {
    const g = (gradient[i] as number) * step.gradientScale + old * step.weightDecay;
    const mi = (m[i] as number) * momentum + g;
    m[i] = mi;
    return old - step.lr * mi;
  });
}
