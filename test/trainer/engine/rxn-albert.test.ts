// The engine on a real pretrained model, against values of Hugging Face transformers (float64; see the folder's README).
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { StepRates } from "../../../src/trainer/engine/engine.js";
import { batchOf, byHuggingFaceName, l2, prepare } from "../../golden-model.js";
import { needsShared, shared } from "../../shared.js";

const read = (file: string) => JSON.parse(readFileSync(`${shared}/golden/${file}.json`, "utf8"));
const start = { task: "masked-lm" } as const;
const STILL: StepRates = {
  lr: { base: 0, head: 0, introduced: 0 },
  weightDecay: { base: 0, head: 0, introduced: 0 },
  maxGradNorm: 0,
  gradClipping: "global",
  optimizer: { name: "adamw", beta1: 0, beta2: 0.999, epsilon: 1e-8 }, // the first moment is then the gradient
  rowUpdates: "dense",
  baseFrozenSteps: 0,
  dropoutKey: null,
};

test.skipIf(!shared)(needsShared("rxn-albert: the loss at every masked position is Hugging Face's"), async () => {
  const golden = read("rxn-albert-forward");
  const { engine, rowMap } = await prepare(`${shared}/models/rxn-albert`, start);
  for (const { input_ids, attention_mask, token_type_ids, labels, masked_positions } of golden.cases) {
    const one = {
      input_ids: [input_ids],
      attention_mask: [attention_mask],
      token_type_ids: [token_type_ids],
      labels: [labels],
    };
    const { losses, predictions } = await engine.evaluate(batchOf("masked-lm", one, rowMap));
    expect(losses.length).toBe(masked_positions.length);
    // Float32 through twelve layers: the reference's own float32 run is within 1e-5.
    masked_positions.forEach(({ loss, ...position }: { loss: number; top5?: { id: number }[] }, i: number) => {
      expect(Math.abs(losses[i]! - loss)).toBeLessThan(1e-4 * (1 + loss));
      if (position.top5) expect(predictions[i]).toBe(position.top5[0]!.id);
    });
  }
});

test.skipIf(!shared)(needsShared("rxn-albert: every gradient's norm and first values are PyTorch's"), async () => {
  const golden = read("rxn-albert-gradients");
  const { batch } = read("rxn-albert-forward");
  const prepared = await prepare(`${shared}/models/rxn-albert`, start);
  const { loss, gradNorm } = await prepared.engine.step([batchOf("masked-lm", batch, prepared.rowMap)], STILL);
  expect(Math.abs(loss - golden.loss)).toBeLessThan(1e-4);
  expect(Math.abs(gradNorm / golden.global_l2 - 1)).toBeLessThan(1e-4);
  const flat = new Float32Array(prepared.layout.size);
  const { tensors } = await prepared.engine.save();
  for (const { name, offset } of prepared.layout.slots) flat.set(tensors.get(name)!.m, offset);
  const gradients = byHuggingFaceName(prepared, flat);
  expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.parameters).sort());
  for (const [name, expected] of Object.entries<{ l2: number; first8: number[] }>(golden.parameters)) {
    const tolerance = 1e-4 * expected.l2 + 1e-6 * golden.global_l2;
    const gradient = gradients.get(name)!;
    expect(Math.abs(l2(gradient) - expected.l2), name).toBeLessThan(tolerance);
    expected.first8.forEach((value, i) => expect(Math.abs(gradient[i]! - value), name).toBeLessThan(tolerance));
  }
});
