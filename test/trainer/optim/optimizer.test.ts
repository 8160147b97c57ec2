// Both forms of every optimizer against torch.optim in float64; test/golden/make_optimizers.py made the values.
import { expect, test } from "vitest";
import type { OptimizerConfig } from "../../../src/trainer/config.js";
import type { OptimizerBuffers, UpdateStep } from "../../../src/trainer/optim/buffers.js";
import { allocateOptimizerMemory } from "../../../src/trainer/optim/memory.js";
import { update } from "../../../src/trainer/optim/optimizer.js";
import { goldenJson } from "../../golden-model.js";

interface GoldenRun {
  readonly name: OptimizerConfig["name"];
  readonly options: {
    readonly lr: number;
    readonly weight_decay: number;
    readonly betas?: readonly [number, number];
    readonly eps?: number;
    readonly momentum?: number;
  };
  readonly after_step: readonly (readonly number[])[];
}

const golden = goldenJson(".", "optimizers");
const size: number = golden.initial.length;

function configOf({ name, options: { betas = [Number.NaN, Number.NaN], eps, momentum } }: GoldenRun): OptimizerConfig {
  const [beta1, beta2] = betas;
  if (name === "sgd") return { name, momentum: momentum! };
  return name === "lion" ? { name, beta1, beta2 } : { name, beta1, beta2, epsilon: eps! };
}

function plainBuffers(): OptimizerBuffers {
  const zeros = () => new Float32Array(size);
  return { value: zeros(), m: zeros(), v: zeros(), gradient: zeros() };
}

/** Takes the run's steps with gradients twice as large and scaled back, as clipping does. */
function follow(run: GoldenRun, buffers: OptimizerBuffers, advance: (step: UpdateStep) => void, tolerance: number) {
  const { lr, weight_decay: weightDecay } = run.options;
  buffers.value.set(golden.initial);
  for (const [s, multiplier] of golden.multipliers.entries()) {
    buffers.gradient.set(golden.gradients[s].map((g: number) => 2 * g));
    advance({ lr: lr * multiplier, weightDecay, optimizer: configOf(run), t: s + 1, gradientScale: 0.5 });
    for (const [i, expected] of run.after_step[s]!.entries()) {
      const difference = Math.abs(buffers.value[i]! - expected);
      expect(difference, `parameter ${i} after step ${s + 1}`).toBeLessThan(tolerance * (1 + Math.abs(expected)));
    }
  }
}

const RUNS: readonly GoldenRun[] = golden.runs;

test("the values cover every optimizer, for ten steps and more", () => {
  expect(new Set(RUNS.map(({ name }) => name))).toEqual(new Set(["adamw", "adam", "sgd", "lion"]));
  for (const { after_step } of RUNS) expect(after_step.length).toBeGreaterThanOrEqual(10);
});

// Weights are rounded to float32 at each of twelve steps: half of 1.2e-7 each.
test.each(RUNS)("$name $options in plain JavaScript makes the reference's steps", (run) => {
  const buffers = plainBuffers();
  follow(run, buffers, (step) => update(buffers, step), 7e-7);
});

// The update itself is computed in float32 too, a few roundings of a term that is smaller than the weight.
test.each(RUNS)("$name $options as a SIMD kernel makes the reference's steps", (run) => {
  const memory = allocateOptimizerMemory(size);
  follow(run, memory, (step) => memory.update(0, size, step), 2e-6);
});
