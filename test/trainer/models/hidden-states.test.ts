// Every layer's output and every place of dropout against Hugging Face's, on the plain TensorFlow.js forms: the model
// itself, without the engine.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { WORD_TABLE } from "../../../src/trainer/models/model.js";
import {
  distance,
  GOLDEN_MODELS,
  type GoldenStart,
  goldenJson,
  goldenTensors,
  type HuggingFaceBatch,
  l2,
  prepare,
} from "../../golden-model.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

test.each(GOLDEN_MODELS)("%s %s: hidden states are Hugging Face's", async (folder, task) => {
  const golden = goldenJson(folder, `${task}-forward`);
  const expected = await goldenTensors(folder, `${task}-hidden-states`);
  const { model, weights, inputs } = await onTensors(folder, golden);
  const states = model.hiddenStates(weights, inputs, (x) => x);
  expect(states.length).toBe(expected.size);
  // What padding holds is read by nothing, and RoBERTa's has other positions in Hugging Face.
  const mask: number[] = golden.batch.attention_mask.flat();
  states.forEach((state, i) => {
    const width = state.shape[1] as number;
    const tokens = (values: ArrayLike<number>) =>
      Float32Array.from(values, (value, at) => value * (mask[Math.floor(at / width)] as number));
    const reference = tokens(expected.get(`hidden_states.${i}`)!.data);
    // Float32 through a few layers; measured at most 2e-6 of the norm.
    expect(distance(tokens(state.dataSync()), reference), `layer ${i}`).toBeLessThan(1e-5 * l2(reference));
  });
});

const RATES = goldenJson(".", "dropout-rates");

test.each(GOLDEN_MODELS)("%s %s: dropout is where Hugging Face's is, at its rates", async (folder, task) => {
  const { model, weights, inputs } = await onTensors(folder, goldenJson(folder, `${task}-forward`));
  const rates: number[] = [];
  model.logits(weights, inputs, (x, rate) => {
    rates.push(rate);
    return x;
  });
  expect(rates.filter((rate) => rate > 0)).toEqual(RATES[folder][task]);
});

/** The golden model with its weights and its batch as tensors; the target is the first position. */
async function onTensors(folder: string, golden: GoldenStart & { readonly batch: HuggingFaceBatch }) {
  const { model, layout, engine } = await prepare(folder, golden);
  const { tensors } = await engine.save();
  const weights = new Map(
    layout.slots.map(({ name, shape }) => [name, tf.tensor(tensors.get(name)!.value, [...shape])]),
  );
  const int32 = (rows: readonly (readonly number[])[]) =>
    tf.tensor2d(
      rows.map((row) => [...row]),
      undefined,
      "int32",
    );
  const { input_ids, token_type_ids, attention_mask } = golden.batch;
  const inputs = {
    words: tf.gather(weights.get(WORD_TABLE)!, int32(input_ids)),
    tokenTypes: int32(token_type_ids ?? input_ids.map((row) => row.map(() => 0))),
    attentionMask: tf.cast(int32(attention_mask), "float32"),
    targetPositions: tf.tensor1d(
      Array.from(input_ids, (_, i) => i * (input_ids[0]?.length ?? 0)),
      "int32",
    ),
  };
  return { model, weights: (name: string) => weights.get(name)!, inputs };
}
