import { expect, test } from "vitest";
import { buildModel } from "../../../src/trainer/models/registry.js";

const options = { task: "masked-lm", rows: 10, classes: 0, has: () => true } as const;

test.each([
  [{ model_type: "gpt2" }, /"gpt2", expected one of bert, albert/],
  [{}, /"model_type" is undefined/],
  [{ model_type: "__proto__" }, /expected one of/],
  [{ model_type: "bert", hidden_act: "swish" }, /"swish" is not one of gelu/],
  [{ model_type: "bert", position_embedding_type: "relative_key" }, /only "absolute"/],
  [{ model_type: "bert", hidden_size: "768" }, /"hidden_size" must be a number, found "768"/],
  [{ model_type: "bert", hidden_size: 100 }, /not a multiple of num_attention_heads/],
  [{ model_type: "bert", tie_word_embeddings: false }, /tie_word_embeddings/],
  [{ model_type: "albert", inner_group_num: 2 }, /inner_group_num/],
])("%j is refused with what is known", (config, message) => {
  expect(() => buildModel(config, options)).toThrow(message);
});

test("config.json's defaults are Hugging Face's", () => {
  expect(
    buildModel({ model_type: "bert" }, options).parameters.filter(({ name }) => name.startsWith("layer.")),
  ).toHaveLength(12 * 12);
});
