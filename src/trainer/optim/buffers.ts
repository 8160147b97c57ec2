// What every optimizer takes and gives: flat buffers, the numbers of one step, and the norms of what it did.
import type { OptimizerConfig } from "../config.js";

/** Equally long views of one run of parameters; all but `gradient` are updated in place. */
export interface OptimizerBuffers {
  readonly value: Float32Array;
  /** First moment; SGD's momentum. */
  readonly m: Float32Array;
  /** Second moment; stays as it is under SGD and Lion. */
  readonly v: Float32Array;
  readonly gradient: Float32Array;
}

export interface UpdateStep {
  readonly lr: number;
  readonly weightDecay: number;
  readonly optimizer: OptimizerConfig;
  /** Optimizer steps including this one, from 1. */
  readonly t: number;
  /** Multiplies the gradient: clipping. */
  readonly gradientScale: number;
}

export interface SquaredNorms {
  readonly update: number;
  readonly weight: number;
  /** Of the gradient before it was scaled. */
  readonly gradient: number;
}

/** Sets each value to `next(old, index)`; returns the squared L2 norms of the change, of the new values and of the gradient. */
export function updateValues(
  { value, gradient }: Pick<OptimizerBuffers, "value" | "gradient">,
  next: (old: number, index: number) => number,
): SquaredNorms {
  let update = 0;
  let weight = 0;
  for (let i = 0; i < value.length; i++) {
    const old = value[i] as number;
    value[i] = next(old, i);
    const now = value[i] as number;
    update += (now - old) * (now - old);
    weight += now * now;
  }
  return { update, weight, gradient: squaredNorm(gradient) };
}

/** The sum of squares of a buffer, in double precision. */
export function squaredNorm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (values[i] as number);
  return sum;
}
