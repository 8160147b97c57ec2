import { describe, expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, file, testMistakes } from "./fixture.js";

describe("schedules' rules are named, with their line, for", () => {
  testMistakes([
    {
      what: "an option that no schedule uses",
      text: edited({}, "  power: {values: [1, 2]}\n  lr_scheduler_type: {values: [linear, inverse_sqrt]}\n"),
      line: 16,
      message: /^parameters.power would have no effect: only polynomial uses it$/,
      hint: /Remove it/,
    },
    {
      what: "an option whose schedule the introduced tokens' own type replaces",
      text: edited(
        { "max_steps: 200": "max_steps: 200\n  min_lr_ratio: 0.1" },
        "  introduced_lr_scheduler_type: {values: [cosine]}\n",
      ),
      line: 11,
      message: /^trainer.min_lr_ratio would have no effect: only cosine_with_min_lr and warmup_stable_decay use it$/,
    },
    {
      what: "a floor that is not given",
      text: edited({}, "  lr_scheduler_type: {values: [cosine, cosine_with_min_lr]}\n"),
      line: 16,
      message: /^parameters.lr_scheduler_type may be cosine_with_min_lr, which needs min_lr_ratio; it is not given$/,
      hint: /min_lr_ratio: 0.1/,
    },
    {
      what: "a decay of unknown length",
      text: edited({}, "  introduced_lr_scheduler_type: {value: warmup_stable_decay}\n"),
      line: 16,
      message: /^parameters.introduced_lr_scheduler_type may be warmup_stable_decay, which needs decay_ratio/,
    },
    {
      what: "one_cycle without a rise",
      text: edited({}, "  lr_scheduler_type: {value: one_cycle}\n"),
      line: 16,
      message: /^parameters.lr_scheduler_type may be one_cycle, which needs a warmup .* but warmup_ratio may be 0$/,
      hint: /warmup_ratio to 0.3/,
    },
    {
      what: "one_cycle whose rise the introduced tokens' warmup takes away",
      text: edited(
        { "max_steps: 200": "max_steps: 200\n  lr_scheduler_type: one_cycle\n  warmup_ratio: 0.3" },
        "  introduced_warmup_ratio: {values: [0, 0.1]}\n",
      ),
      line: 11,
      message: /one_cycle, .* but introduced_warmup_ratio may be 0$/,
    },
    {
      what: "a warmup and a decay that do not fit",
      text: edited(
        { "max_steps: 200": "max_steps: 200\n  lr_scheduler_type: warmup_stable_decay\n  decay_ratio: 0.5" },
        "  warmup_ratio: {values: [0, 0.6]}\n",
      ),
      line: 12,
      message: /^for warmup_stable_decay warmup_ratio \(up to 0.6\), decay_ratio \(up to 0.5\) must sum to at most 1/,
    },
    {
      what: "a delay that leaves no room for the decay",
      text: edited(
        { "max_steps: 200": "max_steps: 200\n  lr_scheduler_type: warmup_stable_decay\n  decay_ratio: 0.5" },
        "  introduced_delay_ratio: {values: [0, 0.6]}\n",
      ),
      line: 12,
      message: /^for warmup_stable_decay introduced_delay_ratio \(up to 0.6\), .* must sum to at most 1/,
    },
    {
      what: "a polynomial that would raise the introduced tokens' rate",
      text: edited(
        { "[1, 10, 100]": "[0.1, 1]" },
        "  lr_end: {value: 2e-5}\n  introduced_lr_scheduler_type: {value: polynomial}\n",
      ),
      line: 16,
      message: /^polynomial's lr_end \(up to 0.00002\) must be less than every learning rate; the lowest is 0.00001/,
    },
    {
      what: "a polynomial whose default end is above the rate",
      text: edited({ "1e-4": "1e-8" }, "  lr_scheduler_type: {value: polynomial}\n"),
      line: 16,
      message: /^polynomial's lr_end \(up to 1e-7\) must be less/,
    },
  ]);
});

test.each([
  [
    "an option that one of several schedules uses",
    "power: {value: 2}\n  lr_scheduler_type: {values: [linear, polynomial]}",
  ],
  [
    "an option of the introduced tokens' schedule alone",
    "num_cycles: {value: 2}\n  introduced_lr_scheduler_type: {value: cosine_with_restarts}",
  ],
  [
    "an end above a rate that has another schedule",
    "lr_end: {value: 1e-4}\n  intro_lr: {value: 1e-3}\n  introduced_lr_scheduler_type: {value: polynomial}",
  ],
  [
    "shares that sum to 1 but for rounding",
    "warmup_ratio: {value: 0.6}\n  decay_ratio: {value: 0.4}\n  lr_scheduler_type: {value: warmup_stable_decay}",
  ],
  ["one_cycle with a warmup", "warmup_ratio: {value: 0.3}\n  lr_scheduler_type: {value: one_cycle}"],
])("%s is fine", (_, more) => {
  const text = more.includes("intro_lr")
    ? edited({ "  lr_ratio: {values: [1, 10, 100]}\n": "" }, `  ${more}\n`)
    : edited({}, `  ${more}\n`);
  expect(parseSweep(text, file).name).toBe("reaction-classes");
});
