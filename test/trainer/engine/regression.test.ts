// Regression against Hugging Face transformers (test/golden/make_regression.py, in float64; the engine computes in float32).
import { expect, test } from "vitest";
import type { Batch } from "../../../src/trainer/data/batch.js";
import type { StepRates } from "../../../src/trainer/engine/engine.js";
import { evaluate } from "../../../src/trainer/train.js";
import {
  batchOf,
  byHuggingFaceName,
  distance,
  goldenJson,
  goldenTensors,
  l2,
  type Prepared,
  prepare,
} from "../../golden-model.js";

const MODELS = ["tiny-bert", "tiny-albert", "tiny-distilbert", "tiny-roberta", "tiny-electra"];

/** With beta1 = 0 the first moment after one step is the gradient itself. */
const STILL: StepRates = {
  lr: { base: 0, head: 0, introduced: 0 },
  weightDecay: { base: 0, head: 0, introduced: 0 },
  maxGradNorm: 0,
  optimizer: { name: "adamw", beta1: 0, beta2: 0.999, epsilon: 1e-8 },
  gradClipping: "global",
  rowUpdates: "dense",
  baseFrozenSteps: 0,
  dropoutKey: null,
};

async function golden(folder: string) {
  const golden = goldenJson(folder, "regression-forward");
  const prepared = await prepare(folder, { ...golden, regression: true });
  return { golden, prepared, batch: batchWith(golden.batch, golden.batch.labels, prepared) };
}

/** Hugging Face's batch with these numbers for labels. */
function batchWith(batch: Parameters<typeof batchOf>[1], numbers: readonly number[], { rowMap }: Prepared): Batch {
  const labels = numbers.map(() => 0);
  return {
    ...batchOf("sequence-classification", { ...batch, labels }, rowMap),
    targetValues: Float32Array.from(numbers),
  };
}

test.each(MODELS)("%s: loss and every gradient are PyTorch's", async (folder) => {
  const { golden: reference, prepared, batch } = await golden(folder);
  const { loss, gradNorm } = await prepared.engine.step([batch], STILL);
  expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(1e-5);
  expect(Math.abs(gradNorm / reference.gradient_global_l2 - 1)).toBeLessThan(1e-5);
  const flat = new Float32Array(prepared.layout.size);
  const { tensors } = await prepared.engine.save();
  for (const { name, offset } of prepared.layout.slots) flat.set(tensors.get(name)?.m ?? [], offset);
  const gradients = byHuggingFaceName(prepared, flat);
  const expected = await goldenTensors(folder, "regression-gradients");
  expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, gradient] of gradients) {
    const values = expected.get(name)?.data ?? new Float32Array();
    // dual-rate-semantics: 1e-4 of the tensor's norm plus 1e-6 of the global norm.
    const tolerance = 1e-4 * l2(values) + 1e-6 * reference.gradient_global_l2;
    expect(distance(gradient, values), name).toBeLessThan(tolerance);
  }
});

test.each(MODELS)("%s: an evaluation gives each example's squared error, and no accuracy", async (folder) => {
  const { golden: reference, prepared, batch } = await golden(folder);
  const { losses, predictions } = await prepared.engine.evaluate(batch);
  expect(predictions).toHaveLength(0);
  reference.outputs.forEach((output: number, i: number) => {
    const error = (output - reference.batch.labels[i]) ** 2;
    expect(Math.abs((losses[i] as number) - error)).toBeLessThan(1e-5 * Math.max(1, error));
  });
  const metrics = await evaluate(prepared.engine, [batch]);
  expect(metrics.accuracy).toBeNull();
  expect(Math.abs((metrics.loss ?? 0) / reference.loss - 1)).toBeLessThan(1e-5);
});

test("examples that only fill a batch, of weight 0, change neither loss nor gradient", async () => {
  const { golden: reference, prepared } = await golden("tiny-bert");
  const labels = [...reference.batch.labels.slice(0, 3), 1e3];
  const filled = { ...batchWith(reference.batch, labels, prepared), targetWeights: Float32Array.of(1, 1, 1, 0) };
  const three = { ...filled, targetCount: 3 };
  const other = { ...three, targetValues: Float32Array.from([...reference.batch.labels.slice(0, 3), 0]) };
  const [first, second] = [await prepared.engine.step([three], STILL), await prepared.engine.step([other], STILL)];
  expect(first.loss).toBe(second.loss);
  expect(first.gradNorm).toBe(second.gradNorm);
  const errors = [0, 1, 2].map((i) => (reference.outputs[i] - reference.batch.labels[i]) ** 2);
  expect(first.loss).toBeCloseTo(errors.reduce((a, b) => a + b) / 3, 4);
});
