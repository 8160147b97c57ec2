// The memory of an optimizer: weights, moments and gradients of all parameters as four flat buffers, side by side in one
// WebAssembly memory, over which AdamW runs as a SIMD kernel without a copy. ONNX Runtime reads and writes it in place too.
import { kernelMemory, MOST_BYTES } from "../simd/kernels.js";
import { type AdamBuffers, type AdamStep, adamw, type SquaredNorms, squaredNorm } from "./adamw.js";

export interface OptimizerMemory extends AdamBuffers {
  /** The squared L2 norm of the gradient in [start, end). */
  gradientNorm(start: number, end: number): number;
  /** One AdamW update of the parameters in [start, end). */
  update(start: number, end: number, step: AdamStep): SquaredNorms;
}

/** The kernel's results lie before the buffers. */
const HEADER = 64;

/** Memory for `size` parameters, zeros. Beyond 4 GiB (268 million parameters) it is plain arrays and a plain loop. */
export function allocateOptimizerMemory(size: number): OptimizerMemory {
  const bytes = HEADER + 16 * size;
  return bytes <= MOST_BYTES ? simdMemory(size, bytes) : plainMemory(size);
}

function simdMemory(size: number, bytes: number): OptimizerMemory {
  const { kernels, buffer } = kernelMemory(bytes);
  const [value, m, v, gradient] = [0, 1, 2, 3].map((i) => HEADER + 4 * i * size) as [number, number, number, number];
  const view = (pointer: number) => new Float32Array(buffer, pointer, size);
  const norms = new Float64Array(buffer, 0, 2);
  return {
    value: view(value),
    m: view(m),
    v: view(v),
    gradient: view(gradient),
    gradientNorm: (start, end) => kernels.squaredNorm(gradient + 4 * start, end - start),
    update: (start, end, { lr, weightDecay, adam: { beta1, beta2, epsilon }, t, gradientScale }) => {
      const pointers = [value, m, v, gradient].map((pointer) => pointer + 4 * start);
      const betas = [beta1, 1 - beta1, beta2, 1 - beta2, epsilon];
      const rates = [lr * weightDecay, lr / (1 - beta1 ** t), 1 / Math.sqrt(1 - beta2 ** t), gradientScale];
      kernels.adamw(...pointers, end - start, ...betas, ...rates, 0);
      return { update: norms[0] as number, weight: norms[1] as number };
    },
  };
}

function plainMemory(size: number): OptimizerMemory {
  const buffer = () => new Float32Array(size);
  const buffers = { value: buffer(), m: buffer(), v: buffer(), gradient: buffer() };
  return {
    ...buffers,
    gradientNorm: (start, end) => squaredNorm(buffers.gradient.subarray(start, end)),
    update: (start, end, step) => {
      const part = (array: Float32Array) => array.subarray(start, end);
      const { value, m, v, gradient } = buffers;
      return adamw({ value: part(value), m: part(m), v: part(v), gradient: part(gradient) }, step);
    },
  };
}
