import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, file, folder, testMistakes } from "./fixture.js";

test.each(["model.safetensors.index.json", "pytorch_model.bin"])(
  "a model folder with %s in place of model.safetensors passes: the worker reads it, or says how to convert it",
  (weights) => {
    const model = `model-with-${weights}`;
    mkdirSync(join(folder, model));
    for (const name of ["config.json", "tokenizer.json", weights]) writeFileSync(join(folder, model, name), "{}");
    expect(() => parseSweep(edited({ "model: model": `model: ${model}` }), file)).not.toThrow();
  },
);

test("what is no folder but has a hub model's name is one; a folder of that name goes before it", () => {
  const hub = parseSweep(edited({ "model: model": "model: google-bert/bert-base-uncased@v1" }), file).settings;
  expect(hub).toMatchObject({ model: "", hub: { id: "google-bert/bert-base-uncased", revision: "v1" } });
  const local = parseSweep(edited({}), file).settings;
  expect(local.model).toBe(join(folder, "model"));
  expect(local).not.toHaveProperty("hub");
});

describe("a file on disk is named, with the line that asks for it:", () => {
  testMistakes([
    {
      what: "a missing model folder",
      text: edited({ "model: model": "model: ../google-bert/bert-base-uncased" }),
      line: 2,
      message: /^model must be an existing Hugging Face folder; there is none at .*bert-base-uncased$/,
      hint: /relative to the sweep file; a model of the hub is ORGANISATION\/NAME/,
    },
    {
      what: "a file as the model",
      text: edited({ "model: model": "model: train.jsonl" }),
      line: 2,
      message: /^model must be an existing Hugging Face folder/,
    },
    {
      what: "a model folder without its files",
      text: edited({ "model: model": "model: half-a-model" }),
      line: 2,
      message: /has no tokenizer.json, no model.safetensors$/,
    },
    {
      what: "a missing data file",
      text: edited({ "train: train.jsonl": "train: trian.jsonl" }),
      line: 5,
      message: /^data.train must be a file; there is nothing at .*trian.jsonl$/,
      hint: /relative to the sweep file/,
    },
    {
      what: "a folder as a data file",
      text: edited({ "train: train.jsonl": "train: model" }),
      line: 5,
      message: /model is not a file$/,
    },
    {
      what: "an empty data file",
      text: edited({ "validation: valid.jsonl": "validation: empty.jsonl" }),
      line: 6,
      message: /^data.validation must have at least one line; .*empty.jsonl is empty$/,
    },
  ]);
});
