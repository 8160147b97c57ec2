// 16-bit floating-point numbers as float32.

/** Writes the float32 values whose bits `bitsOf` gives for each 16-bit value. */
export function widen(from: Uint16Array, to: Float32Array, bitsOf: (half: number) => number): void {
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
  for (let i = 0; i < from.length; i++) bits[i] = bitsOf(from[i] as number);
}

/** bfloat16 is the upper half of a float32. */
export function bfloat16Bits(half: number): number {
  return half << 16;
}

/** IEEE 754 half precision: 1 sign bit, 5 bits of exponent (bias 15), 10 of fraction. */
export function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 127 - 15) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half, fraction * 2^-24, is a normal float: shift its leading 1 out of the fraction.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
