// SGD with momentum as WebAssembly SIMD, in AssemblyScript; conventions as in adam.as.ts, formula as in ../optim/sgd.ts.
import { blockEnd, lanes } from "./blocks.as";

/** One update of n parameters; m is the momentum buffer, l2 the weight decay, `norms` as in adam.as.ts. */
export function sgd(
  value: usize, m: usize, gradient: usize, n: i32,
  momentum: f32, l2: f32, rate: f32, gradientScale: f32, norms: usize,
): void {
  const mu = f32x4.splat(momentum), l = f32x4.splat(l2), lr = f32x4.splat(rate), scale = f32x4.splat(gradientScale);
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
      const g = f32x4.add(f32x4.mul(raw, scale), f32x4.mul(old, l));
      const mi = f32x4.add(f32x4.mul(v128.load(m), mu), g);
      v128.store(m, mi);
      const now = f32x4.sub(old, f32x4.mul(mi, lr));
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
    const mi = load<f32>(m) * momentum + (raw * gradientScale + old * l2);
    store<f32>(m, mi);
    const now = old - mi * rate;
    store<f32>(value, now);
    update += <f64>(now - old) * <f64>(now - old);
    weight += <f64>now * <f64>now;
    slope += <f64>raw * <f64>raw;
  }
  store<f64>(norms, update);
  store<f64>(norms, weight, 8);
  store<f64>(norms, slope, 16);
}
