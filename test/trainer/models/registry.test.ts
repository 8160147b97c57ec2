import { expect, test } from "vitest";
import type { Task } from "../../../src/sweep/settings.js";
import { buildModel } from "../../../src/trainer/models/registry.js";

const options = { task: "masked-lm", rows: 10, classes: 0, has: () => true } as const;
const causal = { ...options, task: "causal-lm" } as const;

test.each([
  [{ model_type: "t5" }, /"t5", expected one of bert, albert, distilbert, roberta, xlm-roberta, electra, gpt2, llama$/],
  [{}, /"model_type" is undefined/],
  [{ model_type: "__proto__" }, /expected one of/],
  [{ model_type: "bert", hidden_act: "swish" }, /"swish" is not one of gelu/],
  [{ model_type: "bert", position_embedding_type: "relative_key" }, /only "absolute"/],
  [{ model_type: "bert", hidden_size: "768" }, /"hidden_size" must be a number, found "768"/],
  [{ model_type: "bert", num_hidden_layers: 1e9 }, /"num_hidden_layers" must be an integer from 1 to 1000, found/],
  [{ model_type: "bert", hidden_size: 0 }, /"hidden_size" must be an integer from 1 to 1048576, found 0/],
  [{ model_type: "bert", num_attention_heads: 2.5 }, /"num_attention_heads" must be an integer/],
  [{ model_type: "bert", hidden_dropout_prob: 1 }, /"hidden_dropout_prob" must be from 0 to below 1, found 1/],
  [{ model_type: "roberta", pad_token_id: -1 }, /"pad_token_id" must be an integer from 0/],
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

test.each([
  [{ model_type: "gpt2", scale_attn_weights: false }, /"scale_attn_weights": false is not supported, only true/],
  [{ model_type: "gpt2", scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx/],
  [{ model_type: "gpt2", reorder_and_upcast_attn: true }, /reorder_and_upcast_attn/],
  [{ model_type: "gpt2", add_cross_attention: true }, /add_cross_attention/],
  [{ model_type: "gpt2", tie_word_embeddings: false }, /tie_word_embeddings/],
  [{ model_type: "gpt2", n_head: 7 }, /n_embd 768 is not a multiple of n_head 7/],
  [{ model_type: "gpt2", activation_function: "swish" }, /"activation_function": "swish" is not one of gelu/],
  [{ model_type: "llama", hidden_act: "gelu" }, /"hidden_act": "gelu" is not supported, only "silu"/],
  [{ model_type: "llama", attention_bias: true }, /attention_bias/],
  [{ model_type: "llama", mlp_bias: true }, /mlp_bias/],
  [
    { model_type: "llama", num_key_value_heads: 5 },
    /num_attention_heads 32 is not a multiple of num_key_value_heads 5/,
  ],
  [{ model_type: "llama", head_dim: 7 }, /must be even.*it is 7/],
  [{ model_type: "llama", rope_scaling: { type: "linear", factor: 2 } }, /"type": "linear" is not supported/],
  [{ model_type: "llama", rope_scaling: { rope_type: "llama3" } }, /"rope_type": "llama3" is not supported/],
  [{ model_type: "llama", rope_parameters: { rope_type: "yarn" } }, /"rope_type": "yarn" is not supported/],
])("the decoder %j is refused with what is known", (config, message) => {
  expect(() => buildModel(config, causal)).toThrow(message);
});

test("a task that the architecture does not have is refused with those that it has", () => {
  const tasks = (config: Readonly<Record<string, unknown>>, task: Task) => () =>
    buildModel(config, { ...options, task });
  expect(tasks({ model_type: "bert" }, "causal-lm")).toThrow(
    /can do: masked-lm, sequence-classification, token-classification; got causal-lm/,
  );
  expect(tasks({ model_type: "gpt2" }, "masked-lm")).toThrow(/"gpt2" can do: causal-lm; got masked-lm/);
  expect(tasks({ model_type: "llama" }, "sequence-classification")).toThrow(/"llama" can do: causal-lm; got sequence/);
});

test("GPT-2's inner size is four times the hidden size where none is given", () => {
  const sizes = (config: object) => buildModel({ model_type: "gpt2", ...config }, causal).sizes.intermediate;
  expect(sizes({ n_inner: null })).toBe(4 * 768);
  expect(sizes({ n_inner: 100 })).toBe(100);
});

test("Llama's output layer is its own unless config.json ties it", () => {
  const model = (config: object) => buildModel({ model_type: "llama", ...config }, causal);
  expect(model({}).tied).toBe(false);
  expect(model({}).parameters.filter(({ origin }) => origin.from === "rows")).toHaveLength(2);
  expect(model({ tie_word_embeddings: true }).parameters.filter(({ origin }) => origin.from === "rows")).toHaveLength(
    1,
  );
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
