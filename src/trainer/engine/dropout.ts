// Dropout's random bits: a pure function of a key, so that a step can be repeated exactly.
import { mix32 } from "../../random.js";

/**
 * Fills `keep` with 1 (kept) and 0 (dropped with probability `rate`, to 1/65536). Each 32-bit hash of the counter gives
 * two entries.
 */
export function fillKeepMask(keep: Uint8Array, key: number, rate: number): void {
  const threshold = Math.round(rate * 65536);
  const salt = mix32(key);
  for (let i = 0; i < keep.length; i += 2) {
    const bits = mix32((salt + i) | 0);
    keep[i] = (bits & 0xffff) >= threshold ? 1 : 0;
    keep[i + 1] = bits >>> 16 >= threshold ? 1 : 0; // past the end of an odd length: ignored
  }
}
