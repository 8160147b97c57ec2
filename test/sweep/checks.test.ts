import { describe } from "vitest";
import { bigGrid, CLASSIFICATION, edited, TAGGING, testMistakes, VALID } from "./fixture.js";

describe("rules between keys are named, with their line, for", () => {
  testMistakes([
    {
      what: "both value and values",
      text: edited({ "{value: 1e-4}": "{value: 1e-4, values: [1]}" }),
      line: 14,
      message: /must have one of value, values, min with max, or a distribution; it has value and values/,
    },
    {
      what: "neither value nor values",
      text: edited({ "{value: 1e-4}": "{}" }),
      line: 14,
      message: /must have one of value, values, min with max, or a distribution; it has none of them/,
    },
    {
      what: "a distribution that contradicts its values",
      text: edited({ "{value: 1e-4}": "{values: [1e-4], distribution: constant, value: 1e-4}" }),
      line: 14,
      message: /^parameters.base_lr.values would have no effect: constant takes value$/,
    },
    {
      what: "a value twice",
      text: edited({ "[1, 10, 100]": "[1, 10,\n   1.0]" }),
      line: 16,
      message: /parameters.lr_ratio.values has 1 twice/,
    },
    {
      what: "only one of the three rates",
      text: edited({ "  base_lr: {value: 1e-4}\n": "" }),
      line: 14,
      message: /^exactly two of base_lr, lr_ratio, intro_lr must be given, fixed or searched; got lr_ratio$/,
    },
    {
      what: "all three rates",
      text: edited({ "max_steps: 200": "max_steps: 200\n  intro_lr: 1e-3" }),
      line: 11,
      message: /^exactly two of .*; got base_lr, lr_ratio, intro_lr$/,
      hint: /Remove one/,
    },
    {
      what: "no rate and no parameters",
      text: VALID.slice(0, VALID.indexOf("parameters:")),
      line: 1,
      message: /^exactly two of .*; got none of them$/,
    },
    {
      what: "a key both fixed and searched",
      text: edited({ "max_steps: 200": "max_steps: 200\n  lr_ratio: 3" }),
      line: 16,
      message: /^parameters.lr_ratio is searched, and trainer.lr_ratio fixes it too/,
    },
    {
      what: "both max_steps and num_train_epochs",
      text: edited({ "max_steps: 200": "max_steps: 200\n  num_train_epochs: 3" }),
      line: 11,
      message: /either max_steps or num_train_epochs; it has both/,
    },
    {
      what: "neither max_steps nor num_train_epochs",
      text: edited({ "  max_steps: 200\n": "" }),
      line: 9,
      message: /either max_steps or num_train_epochs; it has neither/,
    },
    {
      what: "an evaluation that never happens",
      text: edited({ "eval_steps: 20": "eval_steps: 201" }),
      line: 11,
      message: /^trainer.eval_steps must be at most max_steps \(200\), or no evaluation happens; got 201$/,
    },
    {
      what: "a token twice",
      text: edited({ '"<RX_2>"': '\n    "<RX_1>"' }),
      line: 9,
      message: /^introduced_tokens.tokens has "<RX_1>" twice/,
    },
    {
      what: "a blank token",
      text: edited({ '"<RX_2>"': '" "' }),
      line: 8,
      message: /^introduced_tokens.tokens\[1\] must be a token that is not blank; got " "$/,
    },
    {
      what: "mask shares that do not sum to 1",
      text: edited({ "max_steps: 200": "max_steps: 200\n  mask_replacement: [0.8, 0.1, 0.2]" }),
      line: 11,
      message: /must sum to 1; got \[0.8,0.1,0.2\], which sums to 1.1$/,
    },
    {
      what: "masking that never asks",
      text: edited({ "max_steps: 200": "max_steps: 200\n  mask_probability: 0" }),
      line: 11,
      message: /^no token is ever masked/,
    },
    {
      what: "a metric that masking never measures",
      text: edited(
        { "max_steps: 200": "max_steps: 200\n  introduced_mask_probability: 0" },
        "metric: {name: loss_introduced}\n",
      ),
      line: 17,
      message: /^metric loss_introduced would never have a value/,
    },
    {
      what: "special tokens that are to be masked",
      text: edited({
        "tokens: [": "special: true\n  tokens: [",
        "max_steps: 200": "introduced_mask_probability: 1\n  max_steps: 200",
      }),
      line: 11,
      message: /^trainer.introduced_mask_probability would have no effect/,
    },
    {
      what: "masking under sequence-classification",
      text: edited({ ...CLASSIFICATION, "max_steps: 200": "max_steps: 200\n  mask_probability: 0.2" }),
      line: 11,
      message: /^trainer.mask_probability would have no effect: sequence-classification masks nothing$/,
    },
    {
      what: "an output bias under sequence-classification",
      text: edited(CLASSIFICATION, "  bias_init: {value: zero}\n"),
      line: 16,
      message: /^parameters.bias_init would have no effect/,
    },
    {
      what: "a head under masked-lm",
      text: edited({}, "  head_lr_ratio: {values: [1, 10]}\n"),
      line: 16,
      message: /^parameters.head_lr_ratio would have no effect: masked-lm has no new task head$/,
    },
    {
      what: "accuracy minimized",
      text: edited({}, "metric:\n  name: accuracy\n  goal: minimize\n"),
      line: 18,
      message: /^metric.goal must be maximize for accuracy; got minimize$/,
    },
    {
      what: "f1 minimized",
      text: edited(TAGGING, "metric:\n  name: f1\n  goal: minimize\n"),
      line: 18,
      message: /^metric.goal must be maximize for f1; got minimize$/,
    },
    {
      what: "f1 of a language model",
      text: edited({}, "metric:\n  name: f1\n"),
      line: 17,
      message: /^metric f1 is for tasks that classify; masked-lm has none$/,
    },
    {
      what: "masking under token-classification",
      text: edited({ ...TAGGING, "max_steps: 200": "max_steps: 200\n  mask_probability: 0.2" }),
      line: 11,
      message: /^trainer.mask_probability would have no effect: token-classification masks nothing$/,
    },
    {
      what: "a start factor without a warmup",
      text: edited({}, "  introduced_start_factor: {values: [0.1, 1]}\n"),
      line: 16,
      message: /^parameters.introduced_start_factor below 1 needs a warmup/,
    },
    {
      what: "a start factor where the warmup is searched from 0",
      text: edited(
        { "max_steps: 200": "max_steps: 200\n  introduced_start_factor: 0.1" },
        "  introduced_warmup_ratio: {values: [0, 0.1]}\n",
      ),
      line: 11,
      message: /introduced_warmup_ratio may be 0/,
    },
    {
      what: "a delay and a warmup that take all the time",
      text: edited({}, "  introduced_delay_ratio: {value: 0.5}\n  introduced_warmup_ratio: {values: [0.1, 0.5]}\n"),
      line: 16,
      message: /must sum to less than 1/,
    },
    {
      what: "SGD's momentum without SGD",
      text: edited({ "max_steps: 200": "max_steps: 200\n  momentum: 0.8" }),
      line: 11,
      message: /^trainer.momentum would have no effect: it takes optim sgd, and optim is adamw$/,
    },
    {
      what: "Adam's epsilon where no searched optimizer has one",
      text: edited({}, "  optim: {values: [sgd, lion]}\n  adam_epsilon: {value: 1e-6}\n"),
      line: 17,
      message: /^parameters.adam_epsilon would have no effect: it takes optim adamw or adam, and optim is sgd or lion$/,
    },
    {
      what: "a range under grid",
      text: edited({ "{values: [1, 10, 100]}": "{distribution: log_uniform_values, min: 0.1, max: 1000}" }),
      line: 15,
      message: /^parameters.lr_ratio \(log_uniform_values\) has no list of values, which method grid needs$/,
      hint: /method: random/,
    },
    {
      what: "probabilities under grid",
      text: edited({ "[1, 10, 100]}": "[1, 10, 100],\n    probabilities: [0.2, 0.3, 0.5]}" }),
      line: 16,
      message: /probabilities would have no effect: a grid takes every value as often$/,
    },
    {
      what: "random search without an end",
      text: edited({ "method: grid": "method: random" }),
      line: 12,
      message: /^random search needs run_cap, the number of its trials$/,
      hint: /run_cap: 40/,
    },
    {
      what: "random search of more than a million trials",
      text: edited({ "method: grid": "method: random" }, "run_cap: 1000001\n"),
      line: 16,
      message: /^random search may have at most 1,000,000, the number of its trials; got 1000001$/,
    },
    {
      what: "a start factor where the warmup's range begins at 0",
      text: edited(
        { "method: grid": "method: random", "max_steps: 200": "max_steps: 200\n  introduced_start_factor: 0.1" },
        "  introduced_warmup_ratio: {min: 0, max: 0.1}\nrun_cap: 3\n",
      ),
      line: 11,
      message: /introduced_warmup_ratio may be 0/,
    },
    {
      what: "a grid of more than a million points",
      text: edited({}, bigGrid(1001)),
      line: 13,
      message: /^a sweep may have at most 1,000,000 trials; the grid has 3,006,003$/,
      hint: /run_cap/,
    },
  ]);
});
