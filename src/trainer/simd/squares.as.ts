// Sums of squares as WebAssembly SIMD, in AssemblyScript: the norms of gradients, updates and weights.
import { blockEnd, lanes } from "./blocks.as";

/** The sum of squares of n floats. */
export function squaredNorm(x: usize, n: i32): f64 {
  let total: f64 = 0;
  let left = n;
  while (left >= 4) {
    const end = blockEnd(x, left);
    left -= <i32>((end - x) >> 2);
    let sum = f32x4.splat(0);
    for (; x < end; x += 16) {
      const v = v128.load(x);
      sum = f32x4.add(sum, f32x4.mul(v, v));
    }
    total += lanes(sum);
  }
  for (; left > 0; left--, x += 4) total += <f64>load<f32>(x) * <f64>load<f32>(x);
  return total;
}
