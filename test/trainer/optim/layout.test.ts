import { expect, test } from "vitest";
import { buildModel } from "../../../src/trainer/models/registry.js";
import { layOut, type Segment, sizeOf } from "../../../src/trainer/optim/layout.js";
import { goldenJson } from "../../golden-model.js";

const config = goldenJson("tiny-bert", "config");
const options = { task: "sequence-classification", rows: 64, classes: 3, has: () => true } as const;

function floats(segments: readonly Segment[], pick: (segment: Segment) => boolean): number {
  return segments.filter(pick).reduce((sum, { start, end }) => sum + end - start, 0);
}

test("groups cover every parameter exactly once, introduced rows right behind the base rows of their table", () => {
  const model = buildModel(config, options);
  const { slots, segments, size } = layOut(model, 61);
  expect(size).toBe(model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  expect(segments.map(({ start }) => start)).toEqual([0, ...segments.slice(0, -1).map(({ end }) => end)]);
  expect(segments.at(-1)?.end).toBe(size);
  expect(floats(segments, ({ group }) => group === "introduced")).toBe(3 * 32);
  expect(floats(segments, ({ group }) => group === "head")).toBe(3 * 32 + 3);
  const words = slots.find(({ name }) => name === "embeddings.word")!;
  const introduced = segments.find(({ group }) => group === "introduced")!;
  expect([introduced.start, introduced.end]).toEqual([words.offset + 61 * 32, words.offset + 64 * 32]);
});

test("biases and norm weights do not decay, embeddings do", () => {
  const model = buildModel(config, { ...options, task: "masked-lm" });
  const { slots, segments } = layOut(model, 61);
  const decays = (name: string) => {
    const { offset } = slots.find((slot) => slot.name === name)!;
    return segments.find(({ start, end }) => start <= offset && offset < end)!.decay;
  };
  expect(["embeddings.word", "embeddings.position", "layer.0.query.weight"].map(decays)).toEqual([true, true, true]);
  expect(
    ["layer.0.query.bias", "layer.1.output.norm.weight", "embeddings.norm.bias", "decoder.bias"].map(decays),
  ).toEqual([false, false, false, false]);
  // The tied head's bias has introduced entries too.
  expect(floats(segments, ({ group, decay }) => group === "introduced" && !decay)).toBe(3);
});

test("a checkpoint without a pooler gets a new one, which learns as part of the head", () => {
  const model = buildModel(config, { ...options, has: () => false });
  const head = model.parameters.filter(({ origin }) => origin.from === "new").map(({ name }) => name);
  expect(head).toEqual(["pooler.weight", "pooler.bias", "classifier.weight", "classifier.bias"]);
});
