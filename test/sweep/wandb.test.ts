// The search block of a W&B sweep file, as W&B's documentation writes it, works as it is; what cannot be honoured is an error.
import { expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, errorOf, file, testMistakes } from "./fixture.js";

/** Each with W&B's exact keys, on a parameter whose domain holds its values. */
const TABLE: readonly (readonly [string, string, object])[] = [
  ["weight_decay", "{distribution: constant, value: 0.1}", { kind: "constant", value: 0.1 }],
  ["weight_decay", "{value: 0.1}", { kind: "constant", value: 0.1 }],
  ["optim", "{distribution: categorical, values: [adamw, lion]}", { kind: "categorical", values: ["adamw", "lion"] }],
  [
    "optim",
    "{values: [adamw, lion], probabilities: [0.3, 0.7]}",
    { kind: "categorical", values: ["adamw", "lion"], probabilities: [0.3, 0.7] },
  ],
  ["batch_size", "{distribution: int_uniform, min: 2, max: 8}", { kind: "int_uniform", min: 2, max: 8 }],
  ["batch_size", "{min: 2, max: 8}", { kind: "int_uniform", min: 2, max: 8 }],
  ["weight_decay", "{min: 0.0, max: 0.5}", { kind: "uniform", min: 0, max: 0.5 }],
  ["weight_decay", "{distribution: uniform, min: 0, max: 1}", { kind: "uniform", min: 0, max: 1 }],
  ["weight_decay", "{distribution: q_uniform, min: 0, max: 1, q: 0.25}", { kind: "q_uniform", q: 0.25 }],
  ["weight_decay", "{distribution: log_uniform, min: -9, max: -2}", { kind: "log_uniform", min: -9, max: -2 }],
  ["batch_size", "{distribution: q_log_uniform, min: 1, max: 4, q: 1}", { kind: "q_log_uniform", min: 1, q: 1 }],
  ["weight_decay", "{distribution: inv_log_uniform, min: 2, max: 9}", { kind: "inv_log_uniform", min: 2, max: 9 }],
  [
    "weight_decay",
    "{distribution: log_uniform_values, min: 0.001, max: 0.1}",
    { kind: "log_uniform_values", max: 0.1 },
  ],
  [
    "batch_size",
    "{distribution: q_log_uniform_values, min: 8, max: 64, q: 8}",
    { kind: "q_log_uniform_values", min: 8, max: 64, q: 8 },
  ],
  [
    "weight_decay",
    "{distribution: inv_log_uniform_values, min: 0.001, max: 0.1}",
    { kind: "inv_log_uniform_values", min: 0.001, max: 0.1 },
  ],
  ["weight_decay", "{distribution: normal, mu: 0.1, sigma: 0.1}", { kind: "normal", mu: 0.1, sigma: 0.1, least: 0 }],
  ["batch_size", "{distribution: q_normal, mu: 16, sigma: 4, q: 2}", { kind: "q_normal", mu: 16, sigma: 4, q: 2 }],
  ["weight_decay", "{distribution: log_normal, mu: -3, sigma: 1}", { kind: "log_normal", mu: -3, sigma: 1 }],
  [
    "batch_size",
    "{distribution: q_log_normal, mu: 3, sigma: 1, q: 4}",
    { kind: "q_log_normal", mu: 3, sigma: 1, q: 4 },
  ],
];

function searching(parameter: string, text: string): string {
  return edited({ "method: grid": "method: random" }, `  ${parameter}: ${text}\nrun_cap: 5\n`);
}

test.each(TABLE)("%s: %s", (parameter, text, expected) => {
  const { space } = parseSweep(searching(parameter, text), file);
  expect(space.find(({ name }) => name === parameter)?.distribution).toMatchObject(expected);
});

test("a whole search block", () => {
  const block = `metric:
  goal: minimize
  name: eval/loss
early_terminate:
  type: hyperband
  max_iter: 9
  s: 2
run_cap: 30
description: as W&B has it
`;
  const sweep = parseSweep(
    edited({ "method: grid": "method: bayes", "[1, 10, 100]": "[1, 10, 100, 1000]" }, block),
    file,
  );
  expect(sweep).toMatchObject({
    method: "bayes",
    metric: { name: "loss", goal: "minimize" },
    earlyTerminate: { type: "hyperband", rungs: { max: 9, s: 2 }, eta: 3, strict: false },
    runCap: 30,
  });
});

test.each([
  ["eval/loss", "loss"],
  ["eval_loss", "loss"],
  ["eval/accuracy", "accuracy"],
  ["eval_loss_introduced", "loss_introduced"],
])("the metric %s, as Hugging Face's Trainer logs it, is %s", (logged, name) => {
  expect(parseSweep(edited({}, `metric: {name: ${logged}}\n`), file).metric.name).toBe(name);
});

test.each(["program", "command", "job", "image_uri", "project", "entity", "controller"])(
  "%s cannot be honoured, and the error says why",
  (key) => {
    const error = errorOf(edited({}, `${key}: x\n`));
    expect(error.message).toBe(`${key} is not a known key`);
    expect(error.hint).toMatch(/dualrate|W&B/);
    expect(error.hint).toMatch(/Remove it\.$/);
  },
);

testMistakes([
  {
    what: "a metric of another name",
    text: edited({}, "metric: {name: val_loss, goal: minimize}\n"),
    line: 16,
    message:
      /^metric\.name must be one of loss, loss_introduced, loss_base, accuracy, f1, eval\/loss, .*; got "val_loss"$/,
  },
  {
    what: "a metric's target",
    text: edited({}, "metric: {name: loss, target: 0.1}\n"),
    line: 16,
    message: /^target is not a known key under metric$/,
    hint: /`budget`/,
  },
  {
    what: "nested parameters",
    text: edited({}, "  optimizer:\n    parameters:\n      weight_decay: {values: [0, 0.1]}\n"),
    line: 16,
    message: /^optimizer is not a known key under parameters$/,
    hint: /cannot be nested/,
  },
  {
    what: "parameters nested in a known one",
    text: edited({}, "  optim:\n    parameters:\n      weight_decay: {values: [0, 0.1]}\n"),
    line: 17,
    message: /^parameters is not a known key under parameters\.optim$/,
    hint: /cannot be nested/,
  },
  {
    what: "a distribution that W&B's documentation does not have",
    text: searching("weight_decay", "{distribution: beta, a: 1, b: 2}"),
    line: 16,
    message: /must be one of constant, categorical, .*; got "beta"/,
  },
]);
