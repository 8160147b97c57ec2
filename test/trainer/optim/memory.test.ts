// The SIMD kernel against the plain formula, whose values are torch's (adamw.test.ts).
import { expect, test } from "vitest";
import { Random } from "../../../src/random.js";
import { type AdamStep, adamw, squaredNorm } from "../../../src/trainer/optim/adamw.js";
import { allocateOptimizerMemory } from "../../../src/trainer/optim/memory.js";

const SIZE = 9003; // two blocks of the kernel and an odd rest
const SEGMENTS = [
  [0, 5],
  [5, 8190],
  [8190, SIZE],
] as const;
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const random = (key: number, scale: number) => {
  const stream = new Random(key);
  return Float32Array.from({ length: SIZE }, () => scale * stream.normal());
};

test("updates and norms of any segment are the plain formula's, to single precision", () => {
  const memory = allocateOptimizerMemory(SIZE);
  memory.value.set(random(1, 1));
  const plain = { value: memory.value.slice(), m: new Float32Array(SIZE), v: new Float32Array(SIZE) };
  for (let t = 1; t <= 5; t++) {
    const gradient = random(10 + t, t === 3 ? 0 : 0.1);
    memory.gradient.set(gradient);
    for (const [index, [start, end]] of SEGMENTS.entries()) {
      const step: AdamStep = { lr: 1e-2 * index, weightDecay: 0.1, adam, t, gradientScale: 0.5 };
      const part = (array: Float32Array) => array.subarray(start, end);
      const expected = adamw(
        { value: part(plain.value), m: part(plain.m), v: part(plain.v), gradient: part(gradient) },
        step,
      );
      expect(Math.abs(memory.gradientNorm(start, end) - squaredNorm(part(gradient)))).toBeLessThan(
        1e-5 * (1 + end - start),
      );
      const norms = memory.update(start, end, step);
      expect(Math.abs(norms.weight / expected.weight - 1)).toBeLessThan(1e-5);
      expect(Math.abs(norms.update - expected.update)).toBeLessThan(1e-4 * expected.update + 1e-12);
    }
    for (const buffer of ["value", "m", "v"] as const) {
      for (let i = 0; i < SIZE; i++) {
        const [ours, reference] = [memory[buffer][i]!, plain[buffer][i]!];
        expect(Math.abs(ours - reference)).toBeLessThan(
          3e-6 * (1e-3 + Math.abs(reference)) + (buffer === "value" ? 3e-7 : 0),
        );
      }
    }
  }
});

test("at rate 0 weights stay bit-identical", () => {
  const memory = allocateOptimizerMemory(SIZE);
  memory.value.set(random(1, 1));
  memory.gradient.set(random(2, 1));
  const before = memory.value.slice();
  memory.update(0, SIZE, { lr: 0, weightDecay: 0.1, adam, t: 1, gradientScale: 1 });
  expect(memory.value).toEqual(before);
  expect(memory.m[0]).not.toBe(0);
});
