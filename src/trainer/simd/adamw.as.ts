// AdamW as WebAssembly SIMD, in AssemblyScript: four parameters at a time, in place, over the engine's own memory.
// Pointers are bytes, n counts float32 values. Same formula as ../optim/adamw.ts, in single precision.

/** Squares are added up in single precision for so many floats at a time, and then in double. */
const BLOCK: i32 = 4096;

// @ts-ignore: decorator
@inline
function lanes(v: v128): f64 {
  const low = f64x2.promote_low_f32x4(v);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

/** The sum of squares of n floats. */
export function squaredNorm(x: usize, n: i32): f64 {
  let total: f64 = 0;
  let left = n;
  while (left >= 4) {
    const end = x + ((<usize>min(left, BLOCK) & ~3) << 2);
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

/**
 * One update of n parameters; writes the squared norms of the change and of the new weights as two float64 to `norms`.
 * decay = lr * weight decay, rate = lr / (1 - beta1^t), correction = 1 / sqrt(1 - beta2^t). The decay is taken from the
 * weight as a difference: 1 - decay would lose most of a small decay to rounding.
 */
export function adamw(
  value: usize, m: usize, v: usize, gradient: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32,
  decay: f32, rate: f32, correction: f32, gradientScale: f32, norms: usize,
): void {
  const b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2);
  const eps = f32x4.splat(epsilon), d = f32x4.splat(decay), lr = f32x4.splat(rate);
  const c = f32x4.splat(correction), scale = f32x4.splat(gradientScale);
  let update: f64 = 0;
  let weight: f64 = 0;
  let left = n;
  while (left >= 4) {
    const end = value + ((<usize>min(left, BLOCK) & ~3) << 2);
    left -= <i32>((end - value) >> 2);
    let changes = f32x4.splat(0), weights = f32x4.splat(0);
    for (; value < end; value += 16, m += 16, v += 16, gradient += 16) {
      const g = f32x4.mul(v128.load(gradient), scale);
      const mi = f32x4.add(f32x4.mul(v128.load(m), b1), f32x4.mul(g, r1));
      const vi = f32x4.add(f32x4.mul(v128.load(v), b2), f32x4.mul(f32x4.mul(g, g), r2));
      v128.store(m, mi);
      v128.store(v, vi);
      const old = v128.load(value);
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
    const g = load<f32>(gradient) * gradientScale;
    const mi = load<f32>(m) * beta1 + g * rest1;
    const vi = load<f32>(v) * beta2 + g * g * rest2;
    store<f32>(m, mi);
    store<f32>(v, vi);
    const old = load<f32>(value);
    const now = old - (old * decay + (mi * rate) / (sqrt(vi) * correction + epsilon));
    store<f32>(value, now);
    update += <f64>(now - old) * <f64>(now - old);
    weight += <f64>now * <f64>now;
  }
  store<f64>(norms, update);
  store<f64>(norms, weight, 8);
}
