// Every layer's output against Hugging Face's, on the plain TensorFlow.js forms: the model itself, without the engine.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { WORD_TABLE } from "../../../src/trainer/models/model.js";
import { distance, goldenJson, goldenTensors, l2, prepare } from "../../golden-model.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

test.each([
  ["tiny-bert", "masked-lm"],
  ["tiny-bert", "sequence-classification"],
  ["tiny-albert", "masked-lm"],
  ["tiny-albert", "sequence-classification"],
  ["tiny-albert-2-groups", "masked-lm"],
])("%s %s: hidden states are Hugging Face's", async (folder, task) => {
  const golden = goldenJson(folder, `${task}-forward`);
  const expected = await goldenTensors(folder, `${task}-hidden-states`);
  const { model, layout, engine } = await prepare(folder, golden);
  const { tensors } = await engine.save();
  const weights = new Map(
    layout.slots.map(({ name, shape }) => [name, tf.tensor(tensors.get(name)!.value, [...shape])]),
  );
  const { input_ids, token_type_ids, attention_mask } = golden.batch;
  const inputs = {
    words: tf.gather(weights.get(WORD_TABLE)!, tf.tensor2d(input_ids, undefined, "int32")),
    tokenTypes: tf.tensor2d(token_type_ids, undefined, "int32"),
    attentionMask: tf.tensor2d(attention_mask),
    targetPositions: tf.tensor1d([0], "int32"),
  };
  const states = model.hiddenStates(
    (name) => weights.get(name)!,
    inputs,
    (x) => x,
  );
  expect(states.length).toBe(expected.size);
  states.forEach((state, i) => {
    const reference = expected.get(`hidden_states.${i}`)!.data;
    // Float32 through a few layers; measured at most 2e-6 of the norm.
    expect(distance(state.dataSync(), reference), `layer ${i}`).toBeLessThan(1e-5 * l2(reference));
  });
});
