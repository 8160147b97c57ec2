import { expect, test } from "vitest";
import { buildModel } from "../../../src/trainer/models/registry.js";
import { layOut, type Segment, sizeOf } from "../../../src/trainer/optim/layout.js";
import { goldenJson } from "../../golden-model.js";

const config = goldenJson("tiny-bert", "config");
const options = { task: "sequence-classification", rows: 64, classes: 3, has: () => true } as const;
const ROWS = { baseRows: 61, tokenGroups: [] };

function floats(segments: readonly Segment[], pick: (segment: Segment) => boolean): number {
  return segments.filter(pick).reduce((sum, { start, end }) => sum + end - start, 0);
}

test("groups cover every parameter exactly once, introduced rows right behind the base rows of their table", () => {
  const model = buildModel(config, options);
  const { slots, segments, size } = layOut(model, ROWS);
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
  const { slots, segments } = layOut(model, ROWS);
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

const GROUPED = {
  baseRows: 61,
  tokenGroups: [
    { name: "special", rows: 2 },
    { name: "digits", rows: 5 },
  ],
};

test("token groups lie between the base rows and the introduced ones, in the table and in the output's bias", () => {
  const { slots, segments, size } = layOut(buildModel(config, { ...options, task: "masked-lm" }), GROUPED);
  expect(segments.at(-1)?.end).toBe(size);
  for (const [name, width] of [["embeddings.word", 32] as const, ["decoder.bias", 1] as const]) {
    const { offset, length } = slots.find((slot) => slot.name === name)!;
    const within = segments.filter(({ start, end }) => start < offset + length && end > offset);
    expect(within.map(({ group }) => group)).toEqual(["base", "special", "digits", "introduced"]);
    expect(within.slice(1).map(({ start }) => (start - offset) / width)).toEqual([54, 56, 61]);
  }
});

test("layer-wise decay falls from the last layer to the embeddings and leaves all other groups alone", () => {
  const model = buildModel(config, options);
  const { slots, segments } = layOut(model, GROUPED, 0.5);
  const factorOf = (name: string) => {
    const { offset } = slots.find((slot) => slot.name === name)!;
    return segments.find(({ start, end }) => start <= offset && offset < end)!.lrFactor;
  };
  // Two layers: BEiT's decay^(L + 1 - id), ids 0 for the embeddings, 1 and 2 for the layers, 3 for what follows.
  expect(factorOf("embeddings.position")).toBe(0.125);
  expect(factorOf("embeddings.word")).toBe(0.125);
  expect(factorOf("embeddings.norm.bias")).toBe(0.125);
  expect(factorOf("layer.0.query.weight")).toBe(0.25);
  expect(factorOf("layer.1.output.norm.bias")).toBe(0.5);
  expect(factorOf("pooler.weight")).toBe(1);
  const others = segments.filter(({ group }) => group !== "base");
  expect(new Set(others.map(({ group }) => group))).toEqual(new Set(["head", "special", "digits", "introduced"]));
  expect(others.every(({ lrFactor }) => lrFactor === 1)).toBe(true);
});

test("layers that share weights are one layer", () => {
  const { layersAbove } = buildModel(goldenJson("tiny-albert-2-groups", "config"), { ...options, task: "masked-lm" });
  const names = ["embeddings.word", "projection.weight", "group.0.query.weight", "group.1.query.weight", "head.weight"];
  expect(names.map(layersAbove)).toEqual([3, 3, 2, 1, 0]);
});
