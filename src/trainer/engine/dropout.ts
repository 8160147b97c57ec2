// Dropout's random bits: a pure function of a key, so that a step can be repeated exactly.
import { mix32 } from "../../random.js";
import { type Kernels, kernelMemory } from "../simd/kernels.js";

/** One byte an entry: 1 where it is kept, 0 where it is dropped. */
export interface KeepMask {
  readonly keep: Uint8Array;
  /** Drops each entry with probability `rate` (to 1/65536), as the key says. */
  fill(key: number, rate: number): void;
}

/** The kernel writes whole vectors. */
const LANES = 16;

/** Masks of these lengths, side by side in one memory. */
export function keepMasks(lengths: readonly number[]): KeepMask[] {
  const room = (length: number) => Math.ceil(length / LANES) * LANES;
  const { kernels, buffer } = kernelMemory(lengths.reduce((sum, length) => sum + room(length), 0));
  let end = 0;
  return lengths.map((length) => {
    const start = end;
    end += room(length);
    return keepMask(kernels, new Uint8Array(buffer, start, length));
  });
}

function keepMask(kernels: Kernels, keep: Uint8Array): KeepMask {
  return {
    keep,
    // Each 32-bit hash of the counter gives two entries.
    fill: (key, rate) => kernels.keepMask(keep.byteOffset, keep.length, mix32(key), thresholdOf(rate)),
  };
}

/** Rates below 1 - 2^-17, as the settings are checked to be. */
function thresholdOf(rate: number): number {
  return Math.min(65_535, Math.round(rate * 65_536));
}
