import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readSweep } from "../../../src/sweep/sweep-file.js";
import { HELD_OUT, KNOWN_NOUNS, texts, vocabulary } from "../../../sweeps/demo/grammar.js";

const DEMO = fileURLToPath(new URL("../../../sweeps/demo/", import.meta.url));
const words = (sentences: readonly string[]) => new Set(sentences.flatMap((sentence) => sentence.split(" ")));

test("pretraining texts use the whole vocabulary and no held-out noun", () => {
  const seen = words(texts(KNOWN_NOUNS, 5000, 3));
  expect([...seen].sort()).toEqual(vocabulary());
  for (const { word } of HELD_OUT) expect(seen.has(word)).toBe(false);
});

test("the model's vocabulary is the language's, without the held-out nouns", () => {
  const { model } = JSON.parse(readFileSync(`${DEMO}model/tokenizer.json`, "utf8"));
  expect(Object.keys(model.vocab).slice(5)).toEqual(vocabulary());
});

test("the data files are what the generator makes", () => {
  const lines = (file: string) => readFileSync(`${DEMO}${file}`, "utf8").trimEnd().split("\n");
  const stored = [...lines("train.jsonl"), ...lines("valid.jsonl")].map((line) => JSON.parse(line).text);
  expect(stored).toEqual(texts(HELD_OUT, 1000, 1));
});

test("the sweep introduces exactly the held-out nouns, in 20 to 24 trials", () => {
  const { settings, space } = readSweep(`${DEMO}sweep.yaml`);
  expect([...settings.introduced.tokens].sort()).toEqual(HELD_OUT.map(({ word }) => word).sort());
  const sizes = space.map(({ distribution }) => (distribution.kind === "categorical" ? distribution.values.length : 1));
  expect(sizes.reduce((product, size) => product * size, 1)).toBe(24);
});
