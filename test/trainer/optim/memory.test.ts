// The SIMD kernels against the plain formulas, whose values are torch's (optimizer.test.ts).
import { expect, test } from "vitest";
import { Random } from "../../../src/random.js";
import type { OptimizerConfig } from "../../../src/trainer/config.js";
import { squaredNorm, type UpdateStep } from "../../../src/trainer/optim/buffers.js";
import { allocateOptimizerMemory } from "../../../src/trainer/optim/memory.js";
import { update } from "../../../src/trainer/optim/optimizer.js";

const SIZE = 9003; // two blocks of the kernel and an odd rest
const SEGMENTS = [
  [0, 5],
  [5, 8190],
  [8190, SIZE],
] as const;
const OPTIMIZERS: readonly OptimizerConfig[] = [
  { name: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { name: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { name: "sgd", momentum: 0.9 },
  { name: "lion", beta1: 0.9, beta2: 0.99 },
];
const random = (key: number, scale: number) => {
  const stream = new Random(key);
  return Float32Array.from({ length: SIZE }, () => scale * stream.normal());
};

test.each(OPTIMIZERS)(
  "$name: updates and norms of any segment are the plain formula's, to single precision",
  (optimizer) => {
    const memory = allocateOptimizerMemory(SIZE);
    memory.value.set(random(1, 1));
    const plain = { value: memory.value.slice(), m: new Float32Array(SIZE), v: new Float32Array(SIZE) };
    for (let t = 1; t <= 5; t++) {
      const gradient = random(10 + t, t === 3 ? 0 : 0.1);
      memory.gradient.set(gradient);
      for (const [index, [start, end]] of SEGMENTS.entries()) {
        const step: UpdateStep = { lr: 1e-2 * index, weightDecay: 0.1, optimizer, t, gradientScale: 0.5 };
        const part = (array: Float32Array) => array.subarray(start, end);
        const expected = update(
          { value: part(plain.value), m: part(plain.m), v: part(plain.v), gradient: part(gradient) },
          step,
        );
        expect(Math.abs(memory.squaredNorm("gradient", start, end) - squaredNorm(part(gradient)))).toBeLessThan(
          1e-5 * (1 + end - start),
        );
        const norms = memory.update(start, end, step);
        expect(Math.abs(norms.weight / expected.weight - 1)).toBeLessThan(1e-5);
        expect(Math.abs(norms.update - expected.update)).toBeLessThan(1e-4 * expected.update + 1e-12);
        expect(norms.gradient).toBe(memory.squaredNorm("gradient", start, end));
      }
      // What sums terms around 1, which may cancel, has their rounding.
      const rounded: readonly string[] = optimizer.name === "sgd" ? ["value", "m"] : ["value"];
      for (const buffer of ["value", "m", "v"] as const) {
        const rounding = rounded.includes(buffer) ? 3e-7 : 0;
        const asPartOfAllowed = plain[buffer].map((reference, i) => {
          return Math.abs(memory[buffer][i]! - reference) / (3e-6 * (1e-3 + Math.abs(reference)) + rounding);
        });
        expect(Math.max(...asPartOfAllowed), `${buffer} after step ${t}`).toBeLessThan(1);
      }
    }
  },
);

test.each(OPTIMIZERS)("$name: at rate 0 weights stay bit-identical, and the first moment moves", (optimizer) => {
  const memory = allocateOptimizerMemory(SIZE);
  memory.value.set(random(1, 1));
  memory.gradient.set(random(2, 1));
  const before = memory.value.slice();
  memory.update(0, SIZE, { lr: 0, weightDecay: 0.1, optimizer, t: 1, gradientScale: 1 });
  expect(memory.value).toEqual(before);
  expect(memory.m[0]).not.toBe(0);
});

test("SGD and Lion leave the second moment alone", () => {
  for (const optimizer of OPTIMIZERS.slice(2)) {
    const memory = allocateOptimizerMemory(SIZE);
    memory.gradient.set(random(2, 1));
    memory.update(0, SIZE, { lr: 1e-2, weightDecay: 0.1, optimizer, t: 1, gradientScale: 1 });
    expect(squaredNorm(memory.v)).toBe(0);
    expect(memory.squaredNorm("value", 0, SIZE)).toBeGreaterThan(0);
  }
});
