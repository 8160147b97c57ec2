// Lion (Chen et al., 2023, "Symbolic Discovery of Optimization Algorithms", Algorithm 2).
import type { LionSettings } from "../config.js";
import { type OptimizerBuffers, type SquaredNorms, type UpdateStep, updateValues } from "./buffers.js";

/** theta -= lr * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * theta); then m = beta2 * m + (1 - beta2) * g. */
export function lion(buffers: OptimizerBuffers, step: UpdateStep, { beta1, beta2 }: LionSettings): SquaredNorms {
  const { m, gradient } = buffers;
  const keep = 1 - step.lr * step.weightDecay;
  return updateValues(buffers, (old, i) => {
    const g = (gradient[i] as number) * step.gradientScale;
    const mi = m[i] as number;
    m[i] = mi * beta2 + g * (1 - beta2);
    return old * keep - step.lr * Math.sign(mi * beta1 + g * (1 - beta1));
  });
}
