// The trainer's own kernels: a WebAssembly module over a memory of the caller's.
import { readFileSync } from "node:fs";

/** The exports of the .as.ts files that the build names; pointers are bytes, lengths are elements. */
export interface Kernels {
  squaredNorm(x: number, n: number): number;
  adamw(...args: readonly number[]): void;
  adam(...args: readonly number[]): void;
  sgd(...args: readonly number[]): void;
  lion(...args: readonly number[]): void;
  keepMask(keep: number, n: number, salt: number, threshold: number): void;
}

export interface KernelMemory {
  readonly kernels: Kernels;
  readonly buffer: ArrayBuffer;
}

const PAGE = 65_536;
/** 4 GiB: 32-bit addresses. */
export const MOST_BYTES = 65_536 * PAGE;

/** A memory of at least so many bytes, zeros, with the kernels that work on it. */
export function kernelMemory(bytes: number): KernelMemory {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  const instance = new WebAssembly.Instance(kernelModule(), { env: { memory } });
  return { kernels: instance.exports as Kernels, buffer: memory.buffer };
}

let compiled: WebAssembly.Module | undefined;

/** The module is compiled by the build; from the TypeScript sources (tests) it lies in dist/. */
function kernelModule(): WebAssembly.Module {
  const path = import.meta.url.endsWith(".ts") ? "../../../dist/trainer/simd/kernels.wasm" : "./kernels.wasm";
  compiled ??= new WebAssembly.Module(readFileSync(new URL(path, import.meta.url)));
  return compiled;
}
