import { describe, expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, file, testMistakes, VALID } from "./fixture.js";

const bayes = (more: string) =>
  edited({ "method: grid": "method: bayes\nrun_cap: 20", "[1, 10, 100]": "[1, 10, 100, 1000]" }, more);
const LAST = VALID.split("\n").length + 1;

describe("rules of constraints and enqueued configurations are named, with their line, for", () => {
  testMistakes([
    {
      what: "a constraint that cannot be read",
      text: edited({}, "constraints:\n  - lr_ratio > 1\n  - lr_ratio = 1\n"),
      line: LAST + 1,
      message: /^the constraint "lr_ratio = 1" cannot be read: it must have one of <=/,
      hint: /one comparison/,
    },
    {
      what: "a constraint on what has no value",
      text: edited({}, "constraints: [decay_ratio > 0.1]\n"),
      line: LAST - 1,
      message: /names decay_ratio, which this sweep gives no value$/,
    },
    {
      what: "constraints that nothing meets",
      text: edited({}, "constraints: [lr_ratio > 1, intro_lr < 1e-6]\n"),
      line: LAST - 1,
      message: /^no configuration of the search space was found that meets the constraints$/,
      hint: /loosen/,
    },
    {
      what: "enqueue with a grid",
      text: edited({}, "enqueue: [{lr_ratio: 1}]\n"),
      line: LAST - 1,
      message: /^enqueue has no effect with method grid/,
    },
    {
      what: "a warm start of a search that does not go by values",
      text: edited({}, "warm_start: other\n"),
      line: LAST - 1,
      message: /^warm_start would have no effect: method grid/,
      hint: /^Remove it/,
    },
    {
      what: "an enqueued value outside the space",
      text: bayes("enqueue:\n  - {lr_ratio: 10}\n  - {lr_ratio: 7}\n"),
      line: LAST + 2,
      message: /^enqueue\[1\] is no point of the search space: lr_ratio cannot be 7 in this sweep$/,
    },
    {
      what: "an enqueued configuration without a searched parameter",
      text: bayes("enqueue: [{base_lr: 1e-4}]\n"),
      line: LAST,
      message: /lr_ratio is missing; a configuration has a value for every searched parameter$/,
    },
    {
      what: "an enqueued parameter that is not searched",
      text: bayes("enqueue: [{lr_ratio: 1, momentum: 0.5}]\n"),
      line: LAST,
      message: /momentum is not searched$/,
    },
    {
      what: "finals that add no seed",
      text: edited({}, "replicates: 3\nfinal:\n  seeds: 3\n"),
      line: LAST + 1,
      message: /^final.seeds is 3, and with replicates: 3 every configuration has that many anyway$/,
      hint: /more than 3 seeds/,
    },
    {
      what: "finals of one seed",
      text: edited({}, "final: {seeds: 1}\n"),
      line: LAST - 1,
      message: /final.seeds must be .*2/,
    },
    {
      what: "an enqueued configuration that is not allowed",
      text: bayes("enqueue: [{lr_ratio: 1000}]\nconstraints: [intro_lr < 0.05]\n"),
      line: LAST,
      message: /it does not meet the constraints$/,
    },
  ]);
});

test("what is well-formed is part of the sweep, with the parameters that have one value", () => {
  const sweep = parseSweep(bayes("enqueue: [{lr_ratio: 10}]\nconstraints: [intro_lr <= 0.05]\n"), file);
  expect(sweep).toMatchObject({ constraints: ["intro_lr <= 0.05"], enqueued: [{ base_lr: 1e-4, lr_ratio: 10 }] });
});

test("replicates and finals are read, and are absent where the file has none", () => {
  const seeded = parseSweep(edited({}, "replicates: 2\nfinal: {seeds: 5}\n"), file);
  expect(seeded).toMatchObject({ replicates: 2, final: { top: 3, seeds: 5 } });
  expect(Object.keys(parseSweep(edited({}, "replicates: 1\n"), file))).not.toContain("replicates");
});
