// Dropout's keep masks as WebAssembly SIMD, in AssemblyScript: eight hashes, sixteen entries at a time. Each 32-bit hash
// of the counter (mix32 in ../../random.ts) gives two entries.

// @ts-ignore: decorator
@inline
function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 17)), i32x4.splat(0xed5ad4bb));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 11)), i32x4.splat(0xac4c1b51));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x31848bab));
  return v128.xor(x, i32x4.shr_u(x, 14));
}

/** 1 in each 16-bit lane whose value is at least the threshold. */
// @ts-ignore: decorator
@inline
function kept(bits: v128, threshold: v128): v128 {
  return v128.and(i16x8.ge_u(bits, threshold), i16x8.splat(1));
}

/** Writes n bytes, 0 or 1; room for the next multiple of 16 must be there. threshold: 0 to 65535. */
export function keepMask(keep: usize, n: i32, salt: i32, threshold: i32): void {
  const least = i16x8.splat(<i16>threshold);
  const step = i32x4.splat(8);
  let counter = i32x4.add(i32x4.splat(salt), i32x4(0, 2, 4, 6));
  for (let i = 0; i < n; i += 16, keep += 16) {
    const low = kept(mix(counter), least);
    counter = i32x4.add(counter, step);
    const high = kept(mix(counter), least);
    counter = i32x4.add(counter, step);
    v128.store(keep, i8x16.narrow_i16x8_u(low, high));
  }
}
