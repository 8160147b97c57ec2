import { expect, test } from "vitest";
import type { SharedInputs } from "../../src/trainer/data/inputs.js";
import { buildRowMap } from "../../src/trainer/data/row-map.js";
import { exportedConfig } from "../../src/trainer/model-folder.js";
import { tinySettings } from "./data/tiny-model.js";

const empty = {
  rows: new Int32Array(),
  tokenTypes: new Uint8Array(),
  offsets: new Int32Array(1),
  labels: new Int32Array(),
};

function inputs(classes: readonly string[]): SharedInputs {
  return {
    modelConfig: { model_type: "bert", vocab_size: 20, num_labels: 7, torch_dtype: "float16" },
    tensors: [],
    rowMap: buildRowMap(20, [20, 21], "all"),
    data: {
      train: empty,
      validation: empty,
      test: undefined,
      classes,
      special: { pad: 0, cls: 1, sep: 2, mask: 3, neverMasked: new Int32Array() },
      introduced: [],
    },
  };
}

const settingsOf = (trainer = {}) =>
  tinySettings("model", { train: "a", validation: "b" }, { task: "sequence-classification", ...trainer });

test("a classifier's config names its classes", () => {
  expect(exportedConfig(settingsOf(), inputs(["no", "yes"]))).toMatchObject({
    architectures: ["BertForSequenceClassification"],
    vocab_size: 22,
    problem_type: "single_label_classification",
    id2label: { 0: "no", 1: "yes" },
    label2id: { no: 0, yes: 1 },
  });
});

test("what the old head and the old weights were goes out of the config", () => {
  const config = exportedConfig(settingsOf(), inputs(["no", "yes"]));
  expect(config).toMatchObject({ dtype: "float32" });
  for (const key of ["num_labels", "torch_dtype"]) expect(config).not.toHaveProperty(key);
});

test("regression's config has one output, under the name that Hugging Face gives it", () => {
  expect(exportedConfig(settingsOf({ problemType: "regression" }), inputs([]))).toMatchObject({
    architectures: ["BertForSequenceClassification"],
    problem_type: "regression",
    id2label: { 0: "LABEL_0" },
    label2id: { LABEL_0: 0 },
  });
});
