import { expect, test } from "vitest";
import { buildModel } from "../../../src/trainer/models/registry.js";

const options = { task: "masked-lm", rows: 10, classes: 0, has: () => true } as const;

test.each([
  [{ model_type: "gpt2" }, /"gpt2", expected one of bert, albert, distilbert, roberta, xlm-roberta, electra/],
  [{}, /"model_type" is undefined/],
  [{ model_type: "__proto__" }, /expected one of/],
  [{ model_type: "bert", hidden_act: "swish" }, /"swish" is not one of gelu/],
  [{ model_type: "bert", position_embedding_type: "relative_key" }, /only "absolute"/],
  [{ model_type: "bert", hidden_size: "768" }, /"hidden_size" must be a number, found "768"/],
  [{ model_type: "bert", hidden_size: 100 }, /not a multiple of num_attention_heads/],
  [{ model_type: "bert", tie_word_embeddings: false }, /tie_word_embeddings/],
  [{ model_type: "albert", inner_group_num: 2 }, /inner_group_num/],
  [{ model_type: "distilbert", dim: "768" }, /"dim" must be a number, found "768"/],
  [{ model_type: "distilbert", n_heads: 7 }, /dim 768 is not a multiple of n_heads 7/],
  [{ model_type: "distilbert", activation: "swish" }, /"activation": "swish" is not one of gelu/],
  [{ model_type: "distilbert", tie_word_embeddings: false }, /tie_word_embeddings/],
  [{ model_type: "roberta", is_decoder: true }, /is_decoder/],
  [{ model_type: "xlm-roberta", position_embedding_type: "relative_key" }, /only "absolute"/],
  [{ model_type: "electra", embedding_size: null, hidden_act: "silu" }, /"silu" is not one of gelu/],
])("%j is refused with what is known", (config, message) => {
  expect(() => buildModel(config, options)).toThrow(message);
});

test("RoBERTa's positions before the first token's are none that a text could use", () => {
  const model = buildModel({ model_type: "roberta", max_position_embeddings: 514, pad_token_id: 1 }, options);
  expect(model.maxPositions).toBe(512);
  expect(model.parameters.find(({ name }) => name === "embeddings.position")?.shape).toEqual([514, 768]);
});

test("ELECTRA has a projection only between unlike widths", () => {
  const projected = (config: object) =>
    buildModel({ model_type: "electra", ...config }, options).parameters.some(({ name }) => /^projection/.test(name));
  expect(projected({})).toBe(true);
  expect(projected({ embedding_size: 256 })).toBe(false);
});

test("config.json's defaults are Hugging Face's", () => {
  expect(
    buildModel({ model_type: "bert" }, options).parameters.filter(({ name }) => name.startsWith("layer.")),
  ).toHaveLength(12 * 16);
});
