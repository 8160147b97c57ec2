// AdamW and Adam as WebAssembly SIMD, in AssemblyScript: four parameters at a time, in place, over the engine's own memory.
// Pointers are bytes, n counts float32 values. Same formulas as ../optim/adam.ts, in single precision.
import { blockEnd, lanes } from "./blocks.as";

/**
 * One update of n parameters; writes the squared norms of the change and of the new weights as two float64 to `norms`.
 * l2 = Adam's weight decay (0 for AdamW), decay = lr * AdamW's weight decay (0 for Adam), rate = lr / (1 - beta1^t),
 * correction = 1 / sqrt(1 - beta2^t). The decay is taken from the weight as a difference: 1 - decay would lose most of a
 * small decay to rounding. One kernel for both: next to the root and the division an addition is free.
 */
export function adam(
  value: usize, m: usize, v: usize, gradient: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
  l2: f32, decay: f32, rate: f32, correction: f32, gradientScale: f32, norms: usize,
): void {
  const b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2);
  const eps = f32x4.splat(epsilon), l = f32x4.splat(l2), d = f32x4.splat(decay), lr = f32x4.splat(rate);
  const c = f32x4.splat(correction), scale = f32x4.splat(gradientScale);
  let update: f64 = 0;
  let weight: f64 = 0;
  let left = n;
  while (left >= 4) {
    const end = blockEnd(value, left);
    left -= <i32>((end - value) >> 2);
    let changes = f32x4.splat(0), weights = f32x4.splat(0);
    for (; value < end; value += 16, m += 16, v += 16, gradient += 16) {
      const old = v128.load(value);
      const g = f32x4.add(f32x4.mul(v128.load(gradient), scale), f32x4.mul(old, l));
      const mi = f32x4.add(f32x4.mul(v128.load(m), b1), f32x4.mul(g, r1));
      const vi = f32x4.add(f32x4.mul(v128.load(v), b2), f32x4.mul(f32x4.mul(g, g), r2));
      v128.store(m, mi);
      v128.store(v, vi);
      const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(vi), c), eps);
      const step = f32x4.add(f32x4.mul(old, d), f32x4.div(f32x4.mul(mi, lr), denominator));
      const now = f32x4.sub(old, step);
      v128.store(value, now);
      const change = f32x4.sub(now, old);
      changes = f32x4.add(changes, f32x4.mul(change, change));
      weights = f32x4.add(weights, f32x4.mul(now, now));
    }
    update += lanes(changes);
    weight += lanes(weights);
  }
  for (; left > 0; left--, value += 4, m += 4, v += 4, gradient += 4) {
    const old = load<f32>(value);
    const g = load<f32>(gradient) * gradientScale + old * l2;
    const mi = load<f32>(m) * beta1 + g * rest1;
    const vi = load<f32>(v) * beta2 + g * g * rest2;
    store<f32>(m, mi);
    store<f32>(v, vi);
    const now = old - (old * decay + (mi * rate) / (sqrt(vi) * correction + epsilon));
    store<f32>(value, now);
    update += <f64>(now - old) * <f64>(now - old);
    weight += <f64>now * <f64>now;
  }
  store<f64>(norms, update);
  store<f64>(norms, weight, 8);
}
