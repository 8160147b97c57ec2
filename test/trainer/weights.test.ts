// The way of parameters to Hugging Face's tensors and back.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Random } from "../../src/random.js";
import { buildRowMap } from "../../src/trainer/data/row-map.js";
import { buildModel } from "../../src/trainer/models/registry.js";
import { layOut } from "../../src/trainer/optim/layout.js";
import { openCheckpoint, toTensors, writeTrainedValues } from "../../src/trainer/weights.js";

const GOLDEN = new URL("../golden/", import.meta.url);

test.each([
  ["tiny-bert", "masked-lm"],
  ["tiny-bert", "sequence-classification"],
  ["tiny-albert", "token-classification"],
  ["tiny-distilbert", "sequence-classification"],
  ["tiny-electra", "masked-lm"],
  ["tiny-roberta", "token-classification"],
  ["tiny-gpt2", "causal-lm"],
  ["tiny-llama", "causal-lm"],
  ["tiny-llama-untied", "causal-lm"],
] as const)("%s for %s: what is written as tensors reads back as the same values", (name, task) => {
  const config = JSON.parse(readFileSync(new URL(`${name}/config.json`, GOLDEN), "utf8"));
  const kept = task.endsWith("classification") ? new Set([0, 2, 3, 9, 30, 31]) : "all";
  const groups = [{ name: "special", ids: [2, 3] }];
  const rowMap = buildRowMap(config.vocab_size, [config.vocab_size, config.vocab_size + 1], kept, groups);
  const rows = rowMap.baseRows + rowMap.introducedRows;
  const model = buildModel(config, { task, rows, classes: 3, has: () => false });
  const layout = layOut(model, rowMap);
  const random = new Random(1);
  const values = Float32Array.from({ length: layout.size }, () => random.normal());
  const tensors = toTensors(model, layout, values, rowMap);
  const back = new Float32Array(layout.size);
  writeTrainedValues(back, model, layout, { checkpoint: openCheckpoint(tensors), rowMap });
  expect(back).toEqual(values);
});
