// The onnx engine against PyTorch and Hugging Face transformers: loss, gradients, ten dual-rate steps.
// References were computed in float64 (test/golden/README.md); the engine computes in float32.
import { expect, test } from "vitest";
import type { AdamSettings } from "../../../src/trainer/config.js";
import type { StepRates } from "../../../src/trainer/engine/engine.js";
import { scheduleMultiplier } from "../../../src/trainer/optim/schedule.js";
import {
  batchOf,
  byHuggingFaceName,
  distance,
  GOLDEN_MODELS,
  goldenJson,
  goldenTensors,
  l2,
  prepare,
} from "../../golden-model.js";

const STILL: StepRates = {
  lr: { base: 0, head: 0, introduced: 0 },
  weightDecay: { base: 0, head: 0, introduced: 0 },
  maxGradNorm: 0,
  gradClipping: "global",
  optimizer: { name: "adamw", beta1: 0, beta2: 0.999, epsilon: 1e-8 },
  rowUpdates: "dense",
  baseFrozenSteps: 0,
  dropoutKey: null,
};

/** With beta1 = 0 the first moment after one step is the gradient itself. */
async function gradientsOf(
  folder: string,
  start: Parameters<typeof prepare>[1],
  batch: Parameters<typeof batchOf>[1],
  spare = 0,
) {
  const prepared = await prepare(folder, start);
  const { loss, gradNorm } = await prepared.engine.step([batchOf(start.task, batch, prepared.rowMap, spare)], STILL);
  const flat = new Float32Array(prepared.layout.size);
  const { tensors } = await prepared.engine.save();
  for (const { name, offset } of prepared.layout.slots) flat.set(tensors.get(name)?.m ?? [], offset);
  return { loss, gradNorm, gradients: byHuggingFaceName(prepared, flat) };
}

test.each(GOLDEN_MODELS)("%s %s: loss and every gradient are PyTorch's", async (folder, task) => {
  const golden = goldenJson(folder, `${task}-forward`);
  const expected = await goldenTensors(folder, `${task}-gradients`);
  const { loss, gradNorm, gradients } = await gradientsOf(folder, golden, golden.batch);
  expect(Math.abs(loss - golden.loss)).toBeLessThan(1e-5);
  expect(Math.abs(gradNorm / golden.gradient_global_l2 - 1)).toBeLessThan(1e-5);
  expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, gradient] of gradients) {
    const reference = expected.get(name)?.data ?? new Float32Array();
    // dual-rate-semantics: 1e-4 of the tensor's norm plus 1e-6 of the global norm.
    const tolerance = 1e-4 * l2(reference) + 1e-6 * golden.gradient_global_l2;
    expect(distance(gradient, reference), name).toBeLessThan(tolerance);
  }
});

test.each(GOLDEN_MODELS)("%s %s: losses and predictions of an evaluation are Hugging Face's", async (folder, task) => {
  const golden = goldenJson(folder, `${task}-forward`);
  const prepared = await prepare(folder, golden);
  const { losses, predictions } = await prepared.engine.evaluate(batchOf(task, golden.batch, prepared.rowMap));
  golden.targets.forEach(
    (target: { loss?: number; label: number; logits?: number[]; top5_ids?: number[] }, i: number) => {
      const best = target.top5_ids?.[0] ?? target.logits?.indexOf(Math.max(...target.logits));
      const loss =
        target.loss ?? Math.log(target.logits!.reduce((s, x) => s + Math.exp(x), 0)) - target.logits![target.label]!;
      expect(Math.abs((losses[i] as number) - loss)).toBeLessThan(2e-5);
      expect(predictions[i]).toBe(best);
    },
  );
});

test.each(GOLDEN_MODELS)("%s %s: spare target slots change no loss and no gradient", async (folder, task) => {
  if (task === "sequence-classification") return; // its targets are the sequences
  const golden = goldenJson(folder, `${task}-forward`);
  const plain = await gradientsOf(folder, golden, golden.batch);
  const padded = await gradientsOf(folder, golden, golden.batch, 5);
  expect(Math.abs(plain.loss - padded.loss)).toBeLessThan(1e-6);
  for (const [name, gradient] of plain.gradients) {
    expect(distance(gradient, padded.gradients.get(name) ?? []), name).toBeLessThan(1e-6 * plain.gradNorm);
  }
});

/** Variants of an architecture have forward and gradients alone. */
const NO_RUNS = ["tiny-albert-2-groups", "tiny-xlm-roberta", "tiny-electra-equal-widths"];
const RUNS = GOLDEN_MODELS.filter(([folder]) => !NO_RUNS.includes(folder)).flatMap(([folder, task]) => [
  [folder, task, "dual"] as const,
  [folder, task, "single"] as const,
]);

test.each(RUNS)("%s %s: ten %s-rate steps follow PyTorch's", async (folder, task, run) => {
  const golden = goldenJson(folder, `${task}-steps`);
  const prepared = await prepare(folder, golden);
  const { groups, steps } = golden[run];
  for (const [index, expected] of steps.entries()) {
    const batch = batchOf(task, golden.batches[index], prepared.rowMap);
    const result = await prepared.engine.step([batch], ratesAt(golden, groups, index));
    expect(Math.abs(result.loss - expected.loss), `loss at step ${index + 1}`).toBeLessThan(1e-5);
    expect(Math.abs(result.gradNorm / expected.grad_norm - 1), `norm at step ${index + 1}`).toBeLessThan(1e-4);
  }
  const final = await goldenTensors(folder, `${task}-${run}-final`);
  const { tensors } = await prepared.engine.save();
  const flat = new Float32Array(prepared.layout.size);
  for (const { name, offset } of prepared.layout.slots) flat.set(tensors.get(name)?.value ?? [], offset);
  for (const [name, values] of byHuggingFaceName(prepared, flat)) {
    // The key bias has a zero gradient in exact arithmetic: Adam turns its float noise into full steps.
    if (/(key|k_lin)\.bias$/.test(name)) continue;
    const reference = withoutKeys(name, final.get(name)?.data ?? new Float32Array());
    expect(distance(withoutKeys(name, values), reference), name).toBeLessThan(1e-4 * l2(reference));
  }
});

/** GPT-2's biases of queries, keys and values are one tensor. */
function withoutKeys(name: string, values: Float32Array): Float32Array {
  const third = values.length / 3;
  return name.endsWith("c_attn.bias") ? values.filter((_, i) => i < third || i >= 2 * third) : values;
}

type GoldenGroups = Record<
  string,
  { lr: number; weight_decay: number; warmup_steps: number; delay_steps: number; start_factor: number }
>;

function ratesAt(
  golden: { total_steps: number; adam: AdamSettings; max_grad_norm: number },
  groups: GoldenGroups,
  step: number,
): StepRates {
  const rate = (name: "base" | "head" | "introduced") => {
    const group = groups[name];
    if (!group) return 0;
    const { warmup_steps: warmupSteps, delay_steps: delaySteps, start_factor: startFactor } = group;
    const schedule = { type: "linear", totalSteps: golden.total_steps, warmupSteps, delaySteps, startFactor } as const;
    return group.lr * scheduleMultiplier(schedule, step);
  };
  const decay = (name: string) => groups[name]?.weight_decay ?? 0;
  return {
    lr: { base: rate("base"), head: rate("head"), introduced: rate("introduced") },
    weightDecay: { base: decay("base"), head: decay("head"), introduced: decay("introduced") },
    maxGradNorm: golden.max_grad_norm,
    gradClipping: "global",
    optimizer: { name: "adamw", ...golden.adam },
    rowUpdates: "dense",
    baseFrozenSteps: 0,
    dropoutKey: null,
  };
}
