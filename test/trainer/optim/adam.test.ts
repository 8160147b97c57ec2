import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { adam, adamw } from "../../../src/trainer/optim/adam.js";
import type { UpdateStep } from "../../../src/trainer/optim/buffers.js";
import { needsShared, shared } from "../../shared.js";

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const step = (changes: Partial<UpdateStep>): UpdateStep => ({
  lr: 1e-2,
  weightDecay: 0,
  optimizer: { name: "adamw", ...settings },
  t: 1,
  gradientScale: 1,
  ...changes,
});

function buffers(value: ArrayLike<number>) {
  const zeros = () => new Float32Array(value.length);
  return { value: Float32Array.from(value), m: zeros(), v: zeros(), gradient: zeros() };
}

interface GoldenRun {
  readonly name: string;
  readonly options: { readonly betas: [number, number]; readonly eps: number };
  readonly groups: readonly { readonly params: string[]; readonly lr: number; readonly weight_decay: number }[];
  readonly lr_multiplier_per_step?: readonly number[];
  readonly after_step: readonly Record<string, number[]>[];
}

/** Values from torch.optim.AdamW in float64; ours are stored in float32, hence the tolerance. */
test.skipIf(!shared).each(["adamw", "adamw_betas_eps", "adamw_linear_schedule"].map(needsShared))(
  "%s: twenty steps are torch's",
  (title) => {
    const file = JSON.parse(readFileSync(`${shared}/golden/optimizers.json`, "utf8"));
    const run: GoldenRun = file.runs.find(({ name }: GoldenRun) => name === title.split(" ")[0]);
    for (const group of run.groups) for (const tensor of group.params) follow(file, run, group, tensor);
  },
);

function follow(
  file: { initial: Record<string, number[]>; gradients: Record<string, number[]>[] },
  { options, lr_multiplier_per_step: multipliers, after_step }: GoldenRun,
  group: GoldenRun["groups"][number],
  tensor: string,
): void {
  const state = buffers(file.initial[tensor]!);
  const settings = { beta1: options.betas[0], beta2: options.betas[1], epsilon: options.eps };
  for (let t = 1; t <= 20; t++) {
    state.gradient.set(file.gradients[t - 1]![tensor]!);
    const lr = group.lr * (multipliers?.[t - 1] ?? 1);
    adamw(state, step({ lr, weightDecay: group.weight_decay, t }), settings);
    for (const [i, expected] of after_step[t - 1]![tensor]!.entries()) {
      expect(Math.abs(state.value[i]! - expected), `${tensor} step ${t}`).toBeLessThan(2e-6 * (1 + Math.abs(expected)));
    }
  }
}

test("scaling a gradient is no second learning rate: AdamW is scale-invariant", () => {
  const start = [0.5, -0.25, 1];
  const [plain, scaled, faster] = [buffers(start), buffers(start), buffers(start)];
  for (let t = 1; t <= 5; t++) {
    for (const state of [plain, scaled, faster]) state.gradient.set([0.1 * t, -0.2, 0.05 / t]);
    adamw(plain, step({ t }), settings);
    adamw(scaled, step({ t, gradientScale: 10 }), settings);
    adamw(faster, step({ t, lr: 1e-1 }), settings);
  }
  const moved = (state: { value: Float32Array }) => start.map((x, i) => state.value[i]! - x);
  moved(scaled).forEach((x, i) => expect(Math.abs(x / moved(plain)[i]! - 1)).toBeLessThan(1e-4));
  moved(faster).forEach((x, i) => expect(Math.abs(x / moved(plain)[i]! - 10)).toBeLessThan(1e-3));
});

test("at rate 0 the moments move and the weights do not", () => {
  const state = buffers([1, 2]);
  state.gradient.set([0.5, -0.5]);
  const norms = adamw(state, step({ lr: 0, weightDecay: 0.1 }), settings);
  expect([...state.value]).toEqual([1, 2]);
  expect(norms.update).toBe(0);
  expect(norms.weight).toBe(5);
  expect(state.m[0]).toBeCloseTo(0.05, 7);
});

test("clipping scales the gradient and not Adam's weight decay", () => {
  const [clipped, smaller] = [buffers([2]), buffers([2])];
  clipped.gradient.set([4]);
  smaller.gradient.set([1]);
  adam(clipped, step({ weightDecay: 0.5, gradientScale: 0.25 }), settings);
  adam(smaller, step({ weightDecay: 0.5 }), settings);
  expect(clipped).toMatchObject({ value: smaller.value, m: smaller.m, v: smaller.v });
  expect(clipped.m[0]).toBeCloseTo(0.1 * (1 + 0.5 * 2), 7);
});
