// The memory of an optimizer: weights, moments and gradients of all parameters as four flat buffers, side by side in one
// WebAssembly memory, over which a SIMD kernel runs without a copy. ONNX Runtime reads and writes it in place too.
import { kernelMemory, MOST_BYTES } from "../simd/kernels.js";
import { type OptimizerBuffers, type SquaredNorms, squaredNorm, type UpdateStep } from "./buffers.js";
import { update, updateInMemory } from "./optimizer.js";

export interface OptimizerMemory extends OptimizerBuffers {
  /** The squared L2 norm of a buffer in [start, end). */
  squaredNorm(buffer: "value" | "gradient", start: number, end: number): number;
  /** One update of the parameters in [start, end). */
  update(start: number, end: number, step: UpdateStep): SquaredNorms;
}

/** The kernel's results lie before the buffers. */
const HEADER = 64;

/**
 * Memory for `size` parameters, zeros. All optimizers have both moments: checkpoints keep one format. Beyond 4 GiB (268
 * million parameters) it is plain arrays and a plain loop.
 */
export function allocateOptimizerMemory(size: number): OptimizerMemory {
  const bytes = HEADER + 16 * size;
  return bytes <= MOST_BYTES ? simdMemory(size, bytes) : plainMemory(size);
}

function simdMemory(size: number, bytes: number): OptimizerMemory {
  const { kernels, buffer } = kernelMemory(bytes);
  const [value, m, v, gradient] = [0, 1, 2, 3].map((i) => HEADER + 4 * i * size) as [number, number, number, number];
  const pointers = { value, m, v, gradient };
  const view = (pointer: number) => new Float32Array(buffer, pointer, size);
  const norms = new Float64Array(buffer, 0, 3);
  return {
    value: view(value),
    m: view(m),
    v: view(v),
    gradient: view(gradient),
    squaredNorm: (name, start, end) => kernels.squaredNorm(pointers[name] + 4 * start, end - start),
    update: (start, end, step) => {
      const at = 4 * start;
      const part = { value: value + at, m: m + at, v: v + at, gradient: gradient + at };
      updateInMemory(kernels, part, end - start, step);
      return { update: norms[0] as number, weight: norms[1] as number, gradient: norms[2] as number };
    },
  };
}

function plainMemory(size: number): OptimizerMemory {
  const buffer = () => new Float32Array(size);
  const buffers = { value: buffer(), m: buffer(), v: buffer(), gradient: buffer() };
  return {
    ...buffers,
    squaredNorm: (name, start, end) => squaredNorm(buffers[name].subarray(start, end)),
    update: (start, end, step) => {
      const part = (array: Float32Array) => array.subarray(start, end);
      const { value, m, v, gradient } = buffers;
      return update({ value: part(value), m: part(m), v: part(v), gradient: part(gradient) }, step);
    },
  };
}
