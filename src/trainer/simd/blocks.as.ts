// How the kernels walk over floats, in AssemblyScript: in blocks, whose sums of squares keep their digits.

/** Squares are added up in single precision for so many floats at a time, and then in double. */
const BLOCK: i32 = 4096;

/** Where the next block ends, of n >= 4 floats from `x` on: after a multiple of four. */
// @ts-ignore: decorator
@inline
export function blockEnd(x: usize, n: i32): usize {
  return x + ((<usize>min(n, BLOCK) & ~3) << 2);
}

/** The sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function lanes(v: v128): f64 {
  const low = f64x2.promote_low_f32x4(v);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}
