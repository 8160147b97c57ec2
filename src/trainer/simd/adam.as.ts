// AdamW and Adam as WebAssembly SIMD, in AssemblyScript: four parameters at a time, in place, over the engine's own memory.
// Pointers are bytes, n counts float32 values. Same formulas as ../optim/adam.ts, in single precision.
import { blockEnd, lanes } from "./blocks.as";

/** AdamW: decay = lr * weight decay, taken from the weight. See `update` for the rest. */
export function adamw(
  value: usize, m: usize, v: usize, gradient: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
  decay: f32, rate: f32, correction: f32, gradientScale: f32, norms: usize,
): void {
  update(false, value, m, v, gradient, n, beta1, rest1, beta2, rest2, epsilon, decay, rate, correction, gradientScale, norms);
}

/** Adam: decay = weight decay, added to the gradient. See `update` for the rest. */
export function adam(
  value: usize, m: usize, v: usize, gradient: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
  decay: f32, rate: f32, correction: f32, gradientScale: f32, norms: usize,
): void {
  update(true, value, m, v, gradient, n, beta1, rest1, beta2, rest2, epsilon, decay, rate, correction, gradientScale, norms);
}

/**
 * One update of n parameters; writes the squared norms of the change, of the new weights and of the gradient before its scale as three
 * float64 to `norms`.
 * rate = lr / (1 - beta1^t), correction = 1 / sqrt(1 - beta2^t). AdamW's decay is taken from the weight as a difference:
 * 1 - decay would lose most of a small decay to rounding. Inlined twice, since one loop for both was a seventh slower.
 */
// @ts-ignore: decorator
@inline
function update(
  l2: bool,
  value: usize, m: usize, v: usize, gradient: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
  decay: f32, rate: f32, correction: f32, gradientScale: f32, norms: usize,
): void {
  const b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2);
  const eps = f32x4.splat(epsilon), d = f32x4.splat(decay), lr = f32x4.splat(rate);
  const c = f32x4.splat(correction), scale = f32x4.splat(gradientScale);
  let changed: f64 = 0;
  let weight: f64 = 0;
  let slope: f64 = 0;
  let left = n;
  while (left >= 4) {
    const end = blockEnd(value, left);
    left -= <i32>((end - value) >> 2);
    let changes = f32x4.splat(0), weights = f32x4.splat(0), slopes = f32x4.splat(0);
    for (; value < end; value += 16, m += 16, v += 16, gradient += 16) {
      const old = v128.load(value);
      const raw = v128.load(gradient);
      const scaled = f32x4.mul(raw, scale);
      const g = l2 ? f32x4.add(scaled, f32x4.mul(old, d)) : scaled;
      const mi = f32x4.add(f32x4.mul(v128.load(m), b1), f32x4.mul(g, r1));
      const vi = f32x4.add(f32x4.mul(v128.load(v), b2), f32x4.mul(f32x4.mul(g, g), r2));
      v128.store(m, mi);
      v128.store(v, vi);
      const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(vi), c), eps);
      const quotient = f32x4.div(f32x4.mul(mi, lr), denominator);
      const step = l2 ? quotient : f32x4.add(f32x4.mul(old, d), quotient);
      const now = f32x4.sub(old, step);
      v128.store(value, now);
      const change = f32x4.sub(now, old);
      changes = f32x4.add(changes, f32x4.mul(change, change));
      weights = f32x4.add(weights, f32x4.mul(now, now));
      slopes = f32x4.add(slopes, f32x4.mul(raw, raw));
    }
    changed += lanes(changes);
    weight += lanes(weights);
    slope += lanes(slopes);
  }
  for (; left > 0; left--, value += 4, m += 4, v += 4, gradient += 4) {
    const old = load<f32>(value);
    const raw = load<f32>(gradient);
    const scaled = raw * gradientScale;
    const g = l2 ? scaled + old * decay : scaled;
    const mi = load<f32>(m) * beta1 + g * rest1;
    const vi = load<f32>(v) * beta2 + g * g * rest2;
    store<f32>(m, mi);
    store<f32>(v, vi);
    const quotient = (mi * rate) / (sqrt(vi) * correction + epsilon);
    const now = old - (l2 ? quotient : old * decay + quotient);
    store<f32>(value, now);
    changed += <f64>(now - old) * <f64>(now - old);
    weight += <f64>now * <f64>now;
    slope += <f64>raw * <f64>raw;
  }
  store<f64>(norms, changed);
  store<f64>(norms, weight, 8);
  store<f64>(norms, slope, 16);
}
