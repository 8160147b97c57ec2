import { describe, expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, file, testMistakes } from "./fixture.js";

function random(parameter: string): string {
  return edited({ "method: grid": "method: random", "  lr_ratio: {values: [1, 10, 100]}": parameter }, "run_cap: 5\n");
}

/** The distribution of weight_decay (or another parameter) as the sweep has it. */
function read(stated: string, name = "weight_decay") {
  const { space } = parseSweep(random(`  lr_ratio: {value: 3}\n  ${name}: ${stated}`), file);
  return space.find((parameter) => parameter.name === name)?.distribution;
}

describe("W&B's syntax means", () => {
  test.each([
    ["{min: 0, max: 3}", { kind: "int_uniform", min: 0, max: 3 }],
    ["{min: 0, max: 0.5}", { kind: "uniform", min: 0, max: 0.5 }],
    ["{distribution: uniform, min: 0, max: 3}", { kind: "uniform", min: 0, max: 3 }],
    ["{distribution: log_uniform, min: -9, max: -2}", { kind: "log_uniform", min: -9, max: -2 }],
    ["{distribution: q_uniform, min: 0, max: 1, q: 0.25}", { kind: "q_uniform", min: 0, max: 1, q: 0.25 }],
    ["{distribution: q_uniform, min: 0, max: 9}", { kind: "q_uniform", min: 0, max: 9, q: 1 }],
    ["{distribution: log_normal}", { kind: "log_normal", mu: 0, sigma: 1, least: 0 }],
    [
      "{values: [0, 0.1], probabilities: [0.3, 0.7]}",
      { kind: "categorical", values: [0, 0.1], probabilities: [0.3, 0.7] },
    ],
    ["{distribution: constant, value: 0.1}", { kind: "constant", value: 0.1 }],
  ])("%s", (stated, distribution) => expect(read(stated)).toEqual(distribution));
});

test("normal kinds take the bounds of their parameter", () => {
  const share = read("{distribution: normal, mu: 0.1, sigma: 0.1}", "warmup_ratio");
  expect(share).toEqual({ kind: "normal", mu: 0.1, sigma: 0.1, least: 0, greatest: 1 - Number.EPSILON });
  const count = read("{distribution: q_normal, mu: 16, sigma: 8, q: 4}", "batch_size");
  expect(count).toEqual({ kind: "q_normal", mu: 16, sigma: 8, q: 4, least: 1 });
});

describe("a distribution is refused, with its line, for", () => {
  const at = (stated: string) => random(`  lr_ratio: ${stated}`);
  testMistakes([
    {
      what: "a missing bound",
      text: at("{min: 1}"),
      line: 15,
      message: /lr_ratio \(uniform\) lacks max$/,
      hint: /min, max/,
    },
    {
      what: "a key that it does not take",
      text: at("{distribution: uniform, min: 1, max: 3,\n    q: 1}"),
      line: 16,
      message: /^parameters.lr_ratio.q would have no effect: uniform takes min, max$/,
    },
    {
      what: "bounds the wrong way round",
      text: at("{distribution: uniform, min: 3,\n    max: 1}"),
      line: 16,
      message: /^parameters.lr_ratio.max must be greater than min \(3\); got 1$/,
    },
    {
      what: "a logarithmic range from 0",
      text: at("{distribution: log_uniform_values, min: 0, max: 1}"),
      line: 15,
      message: /^parameters.lr_ratio.min must be greater than 0 for log_uniform_values; got 0$/,
    },
    {
      what: "a fraction as int_uniform's bound",
      text: at("{distribution: int_uniform, min: 1, max: 2.5}"),
      line: 15,
      message: /max must be an integer for int_uniform; got 2.5$/,
    },
    {
      what: "a value below the parameter's bounds",
      text: at("{distribution: q_uniform, min: 1, max: 9, q: 4}"),
      line: 15,
      message: /^parameters.lr_ratio.min gives the value 0, which must be greater than 0$/,
    },
    {
      what: "a value above the parameter's bounds",
      text: random("  lr_ratio: {value: 3}\n  warmup_ratio: {min: 0, max: 1}"),
      line: 16,
      message: /^parameters.warmup_ratio.max gives the value 1, which must be less than 1$/,
    },
    {
      what: "exponents whose values cannot be",
      text: at("{distribution: log_uniform, min: 1, max: 1000}"),
      line: 15,
      message: /max gives the value Infinity, which must be finite$/,
      hint: /log_uniform_values takes values/,
    },
    {
      what: "fractions for an integer",
      text: random("  lr_ratio: {value: 3}\n  batch_size: {distribution: log_uniform_values, min: 8, max: 64}"),
      line: 16,
      message: /^parameters.batch_size must be an integer; log_uniform_values gives others too$/,
      hint: /q: 1/,
    },
    {
      what: "a range of words",
      text: random("  lr_ratio: {value: 3}\n  init: {min: 0, max: 3}"),
      line: 16,
      message: /^parameters.init must be one of mean, .*; int_uniform gives numbers$/,
    },
    {
      what: "a normal distribution outside of the parameter's bounds",
      text: at("{distribution: normal, mu: -5, sigma: 1}"),
      line: 15,
      message: /would have 0.000029 % of its draws within the parameter's bounds; it needs at least 1 %$/,
    },
    {
      what: "probabilities that do not sum to 1",
      text: at("{values: [1, 3], probabilities: [0.5, 0.4]}"),
      line: 15,
      message: /^parameters.lr_ratio.probabilities must sum to 1; got \[0.5,0.4\], which sums to 0.9$/,
    },
    {
      what: "too few probabilities",
      text: at("{values: [1, 3], probabilities: [1]}"),
      line: 15,
      message: /must have one probability a value \(2\); got 1$/,
    },
    {
      what: "a spread of nothing",
      text: at("{distribution: normal, mu: 5, sigma: 0}"),
      line: 15,
      message: /^parameters.lr_ratio.sigma must be greater than 0; got 0$/,
    },
  ]);
});
