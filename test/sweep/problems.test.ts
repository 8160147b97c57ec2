import { describe, expect, test } from "vitest";
import { edited, errorOf, file, testMistakes } from "./fixture.js";

describe("the key's own rule is named, with its line, for", () => {
  testMistakes([
    {
      what: "a base rate of 0",
      text: edited({ "base_lr: {value: 1e-4}": "base_lr: {value: 0}" }),
      line: 14,
      message: /^parameters.base_lr.value must be greater than 0; got 0$/,
      hint: /set base_freeze_ratio: 1/,
    },
    {
      what: "an unknown key in place of a required one",
      text: edited({ eval_steps: "eval_step" }),
      line: 9,
      message: /2 problems/,
    },
    {
      what: "a misspelt key",
      text: edited({}, "run_cpa: 3\n"),
      line: 16,
      message: /^run_cpa is not a known key$/,
      hint: /Did you mean `run_cap`/,
    },
    {
      what: "a key in the wrong section",
      text: edited({ "max_steps: 200": "max_steps: 200\n  init: mean" }),
      line: 11,
      message: /^init is not a known key under trainer$/,
      hint: /belongs under `introduced_tokens:`, or searched under `parameters:`/,
    },
    {
      what: "an unknown parameter",
      text: edited({}, "  learning_rate: {value: 1}\n"),
      line: 16,
      message: /^learning_rate is not a known key under parameters$/,
      hint: /Known keys here: base_lr, lr_ratio/,
    },
    {
      what: "a key named like a property of every object",
      text: edited({}, "constructor: 1\n"),
      line: 16,
      message: /^constructor is not a known key$/,
    },
    {
      what: "an unknown key of a searched parameter",
      text: edited({ "{values: [1, 10, 100]}": "{low: 0.1, value: 3}" }),
      line: 15,
      message: /^low is not a known key under parameters.lr_ratio$/,
      hint: /values: \[\.\.\.\].*uniform/,
    },
    {
      what: "a distribution that there is not",
      text: edited({ "{values: [1, 10, 100]}": "{distribution: beta, min: 1}" }),
      line: 15,
      message: /^parameters.lr_ratio.distribution must be one of constant, .*; got "beta"$/,
      hint: /values: \[\.\.\.\]/,
    },
    {
      what: "a bare value under parameters",
      text: edited({ "{value: 1e-4}": "1e-4" }),
      line: 14,
      message: /^parameters.base_lr must be a mapping of keys to values; got 0.0001$/,
      hint: /\{value: \.\.\.\}/,
    },
    {
      what: "no values",
      text: edited({ "[1, 10, 100]": "[]" }),
      line: 15,
      message: /^parameters.lr_ratio.values must be a list of at least 1 entry; got \[\]$/,
    },
    {
      what: "a rate of 0",
      text: edited({ "{values: [1, 10, 100]}": "\n    values:\n      - 1\n      - 0" }),
      line: 18,
      message: /^parameters.lr_ratio.values\[1\] must be greater than 0; got 0$/,
    },
    {
      what: "a fixed value out of its range",
      text: edited({ "max_steps: 200": "max_steps: 200\n  warmup_ratio: 1" }),
      line: 11,
      message: /^trainer.warmup_ratio must be less than 1; got 1$/,
    },
    {
      what: "a number that is infinite",
      text: edited({ "1e-4": ".inf" }),
      line: 14,
      message: /^parameters.base_lr.value must be a number; got Infinity$/,
    },
    {
      what: "an unknown choice",
      text: edited({ "masked-lm": "masked_lm" }),
      line: 3,
      message:
        /^task must be one of masked-lm, causal-lm, sequence-classification, token-classification; got "masked_lm"$/,
      hint: /Did you mean `masked-lm`/,
    },
    {
      what: "a fraction of a step",
      text: edited({ "max_steps: 200": "max_steps: 1.5" }),
      line: 10,
      message: /^trainer.max_steps must be an integer; got 1.5$/,
    },
    {
      what: "a missing key",
      text: edited({ "  eval_steps: 20\n": "" }),
      line: 9,
      message: /^trainer.eval_steps is missing; it must be a number$/,
      hint: /Add `eval_steps:` under trainer/,
    },
    {
      what: "a section without contents",
      text: edited({ "  train: train.jsonl\n  validation: valid.jsonl\n": "" }),
      line: 4,
      message: /^data must be a mapping of keys to values; got nothing$/,
    },
    {
      what: "a token that YAML reads as a number",
      text: edited({ '"<RX_1>"': "2024" }),
      line: 8,
      message: /^introduced_tokens.tokens\[0\] must be text; got 2024$/,
      hint: /in quotes: "2024"/,
    },
    {
      what: "a name that cannot be a folder",
      text: edited({ "name: reaction-classes": "name: a/b" }),
      line: 1,
      message: /^name must be letters, digits, .*; got "a\/b"$/,
    },
    {
      what: "an unknown method",
      text: edited({ "method: grid": "method: bayesian" }),
      line: 12,
      message: /^method must be one of grid, random, sobol, bayes; got "bayesian"$/,
      hint: /bayes/,
    },
    {
      what: "no tokens",
      text: edited({ '["<RX_1>", "<RX_2>"]': "[]" }),
      line: 8,
      message: /^introduced_tokens.tokens must be a list of at least 1 entry/,
    },
    {
      what: "an empty file",
      text: "",
      line: 1,
      message: /^the sweep file must be a mapping of keys to values; got nothing$/,
    },
    { what: "a list", text: "- 1\n", line: 1, message: /^the sweep file must be a mapping of keys to values/ },
  ]);
});

test("every problem of the file, in the order of lines", () => {
  const { message, place } = errorOf(
    edited({ "model: model": "model: 3", "eval_steps: 20": "eval_steps: 0" }, "sead: 1\n"),
  );
  expect(place).toEqual({ file, line: 2 });
  expect(message.split("\n")).toEqual([
    "the sweep file has 3 problems:",
    '  line 2: model must be text; got 3. Put it in quotes: "3".',
    "  line 11: trainer.eval_steps must be at least 1; got 0",
    "  line 16: sead is not a known key. Did you mean `seed`?",
  ]);
});
