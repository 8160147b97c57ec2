import { expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, file, testMistakes } from "./fixture.js";

const given = (early: string) => edited({}, `early_terminate: ${early}\n`);

test.each([
  ["{type: hyperband, min_iter: 3}", { type: "hyperband", rungs: { min: 3 }, eta: 3, strict: false }],
  [
    "{type: hyperband, max_iter: 27, s: 2, eta: 4, strict: true}",
    { type: "hyperband", rungs: { max: 27, s: 2 }, eta: 4, strict: true },
  ],
  ["{type: hyperband, max_iter: 9}", { type: "hyperband", rungs: { max: 9 }, eta: 3, strict: false }],
  ["{type: asha, min_iter: 2, eta: 2}", { type: "asha", rungs: { min: 2 }, eta: 2 }],
  ["{type: median}", { type: "median", minIterations: 1, minTrials: 5 }],
  ["{type: median, min_iter: 4, min_trials: 9}", { type: "median", minIterations: 4, minTrials: 9 }],
])("early_terminate: %s", (text, expected) => {
  expect(parseSweep(given(text), file).earlyTerminate).toEqual(expected);
});

test("a sweep without it has none", () => {
  expect(parseSweep(edited({}), file)).not.toHaveProperty("earlyTerminate");
});

testMistakes([
  {
    what: "neither end of Hyperband's rungs",
    text: given("{type: hyperband}"),
    line: 16,
    message: /^early_terminate \(hyperband\) must have either min_iter or max_iter; it has neither$/,
  },
  {
    what: "both ends of Hyperband's rungs",
    text: given("{type: hyperband, min_iter: 2, max_iter: 9}"),
    line: 16,
    message: /it has both$/,
  },
  {
    what: "s without max_iter",
    text: given("{type: hyperband, min_iter: 2, s: 2}"),
    line: 16,
    message: /^early_terminate\.s would have no effect: s counts rungs below max_iter/,
  },
  { what: "asha without its first rung", text: given("{type: asha}"), line: 16, message: /lacks min_iter/ },
  {
    what: "a key that the type does not take",
    text: given("{type: median, eta: 3}"),
    line: 16,
    message: /^early_terminate\.eta would have no effect: median takes min_iter, min_trials$/,
  },
  {
    what: "eta of 1, which would stop nothing",
    text: given("{type: asha, min_iter: 1, eta: 1}"),
    line: 16,
    message: /^early_terminate\.eta must be greater than 1; got 1$/,
  },
  {
    what: "patience, which is the trainer's",
    text: given("{type: patience, min_iter: 2}"),
    line: 16,
    message: /^early_terminate\.type must be one of hyperband, asha, median; got "patience"$/,
    hint: /early_stopping_patience.*trainer/,
  },
]);
