// AdamW (Loshchilov and Hutter, 2019) over flat buffers, as torch.optim.AdamW computes it: the formula in plain
// JavaScript, which memory.ts runs where its SIMD form cannot.
import type { AdamSettings } from "../config.js";

/** Equally long views of one run of parameters; all but `gradient` are updated in place. */
export interface AdamBuffers {
  readonly value: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly gradient: Float32Array;
}

export interface AdamStep {
  readonly lr: number;
  readonly weightDecay: number;
  readonly adam: AdamSettings;
  /** Optimizer steps including this one, from 1. */
  readonly t: number;
  /** Multiplies the gradient: clipping. */
  readonly gradientScale: number;
}

export interface SquaredNorms {
  readonly update: number;
  readonly weight: number;
}

/**
 * One update; returns the squared L2 norms of the change and of the new weights. Arithmetic is in double precision and
 * is rounded when stored. At lr 0 the moments still move, as in PyTorch.
 */
export function adamw({ value, m, v, gradient }: AdamBuffers, step: AdamStep): SquaredNorms {
  const { beta1, beta2, epsilon } = step.adam;
  const keep = 1 - step.lr * step.weightDecay;
  const rate = step.lr / (1 - beta1 ** step.t);
  const correction = 1 / Math.sqrt(1 - beta2 ** step.t);
  const { gradientScale } = step;
  let update = 0;
  let weight = 0;
  for (let i = 0; i < value.length; i++) {
    const g = (gradient[i] as number) * gradientScale;
    const mi = (m[i] as number) * beta1 + g * (1 - beta1);
    const vi = (v[i] as number) * beta2 + g * g * (1 - beta2);
    m[i] = mi;
    v[i] = vi;
    const old = value[i] as number;
    value[i] = old * keep - (rate * mi) / (Math.sqrt(vi) * correction + epsilon);
    const now = value[i] as number;
    update += (now - old) * (now - old);
    weight += now * now;
  }
  return { update, weight };
}

/** The sum of squares of a buffer, in double precision. */
export function squaredNorm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (values[i] as number);
  return sum;
}
