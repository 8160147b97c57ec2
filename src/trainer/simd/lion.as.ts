// Lion as WebAssembly SIMD, in AssemblyScript; conventions as in adam.as.ts, formula as in ../optim/lion.ts.
import { blockEnd, lanes } from "./blocks.as";

/** `rate` with the sign of x, and 0 where x is 0. */
// @ts-ignore: decorator
@inline
function signed(rate: v128, x: v128): v128 {
  const signs = v128.and(x, i32x4.splat(0x80000000));
  return v128.and(v128.xor(signs, rate), f32x4.ne(x, f32x4.splat(0)));
}

/** One update of n parameters; decay = rate * weight decay, `norms` as in adam.as.ts. */
export function lion(
  value: usize, m: usize, gradient: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  decay: f32, rate: f32, gradientScale: f32, norms: usize,
): void {
  const b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2);
  const d = f32x4.splat(decay), lr = f32x4.splat(rate), scale = f32x4.splat(gradientScale);
  let update: f64 = 0;
  let weight: f64 = 0;
  let slope: f64 = 0;
  let left = n;
  while (left >= 4) {
    const end = blockEnd(value, left);
    left -= <i32>((end - value) >> 2);
    let changes = f32x4.splat(0), weights = f32x4.splat(0), slopes = f32x4.splat(0);
    for (; value < end; value += 16, m += 16, gradient += 16) {
      const old = v128.load(value);
      const raw = v128.load(gradient);
      const before = v128.load(m);
      const g = f32x4.mul(raw, scale);
      const direction = f32x4.add(f32x4.mul(before, b1), f32x4.mul(g, r1));
      v128.store(m, f32x4.add(f32x4.mul(before, b2), f32x4.mul(g, r2)));
      const now = f32x4.sub(old, f32x4.add(f32x4.mul(old, d), signed(lr, direction)));
      v128.store(value, now);
      const change = f32x4.sub(now, old);
      changes = f32x4.add(changes, f32x4.mul(change, change));
      weights = f32x4.add(weights, f32x4.mul(now, now));
      slopes = f32x4.add(slopes, f32x4.mul(raw, raw));
    }
    update += lanes(changes);
    weight += lanes(weights);
    slope += lanes(slopes);
  }
  for (; left > 0; left--, value += 4, m += 4, gradient += 4) {
    const old = load<f32>(value);
    const raw = load<f32>(gradient);
    const before = load<f32>(m);
    const g = raw * gradientScale;
    const direction = before * beta1 + g * rest1;
    store<f32>(m, before * beta2 + g * rest2);
    const now = old - (old * decay + (direction == 0 ? 0 : copysign(rate, direction)));
    store<f32>(value, now);
    update += <f64>(now - old) * <f64>(now - old);
    weight += <f64>now * <f64>now;
    slope += <f64>raw * <f64>raw;
  }
  store<f64>(norms, update);
  store<f64>(norms, weight, 8);
  store<f64>(norms, slope, 16);
}
