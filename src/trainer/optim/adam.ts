// AdamW (Loshchilov and Hutter, 2019) and Adam with L2 regularization (Kingma and Ba, 2015), as torch.optim computes them.
import type { AdamSettings } from "../config.js";
import { type OptimizerBuffers, type SquaredNorms, type UpdateStep, updateValues } from "./buffers.js";

/** torch.optim.AdamW: the decay acts on the weight, apart from the moments. */
export function adamw(buffers: OptimizerBuffers, step: UpdateStep, settings: AdamSettings): SquaredNorms {
  const { gradient } = buffers;
  const keep = 1 - step.lr * step.weightDecay;
  const change = changeBy(buffers, step, settings);
  return updateValues(buffers, (old, i) => old * keep - change((gradient[i] as number) * step.gradientScale, i));
}

/** torch.optim.Adam: the decay is a part of the gradient, after clipping. */
export function adam(buffers: OptimizerBuffers, step: UpdateStep, settings: AdamSettings): SquaredNorms {
  const { gradient } = buffers;
  const change = changeBy(buffers, step, settings);
  return updateValues(buffers, (old, i) => {
    return old - change((gradient[i] as number) * step.gradientScale + old * step.weightDecay, i);
  });
}

/** Moves the moments of parameter i by its gradient g; returns lr * m^ / (sqrt(v^) + epsilon). */
function changeBy({ m, v }: OptimizerBuffers, { lr, t }: UpdateStep, { beta1, beta2, epsilon }: AdamSettings) {
  const rate = lr / (1 - beta1 ** t);
  const correction = 1 / Math.sqrt(1 - beta2 ** t);
  return (g: number, i: number): number => {
    const mi = (m[i] as number) * beta1 + g * (1 - beta1);
    const vi = (v[i] as number) * beta2 + g * g * (1 - beta2);
    m[i] = mi;
    v[i] = vi;
    return (rate * mi) / (Math.sqrt(vi) * correction + epsilon);
  };
}
