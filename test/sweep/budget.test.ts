import { expect, test } from "vitest";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import { edited, file, testMistakes } from "./fixture.js";

const random = { "method: grid": "method: random" };

test("budget.trials is run_cap; minutes and steps are the runner's", () => {
  const text = edited(random, "budget: {trials: 7, minutes: 1.5, steps: 900}\n");
  expect(parseSweep(text, file)).toMatchObject({ runCap: 7, budget: { minutes: 1.5, steps: 900 } });
  const { budget, runCap } = parseSweep(edited({}, "budget: {trials: 2}\n"), file);
  expect([budget, runCap]).toEqual([undefined, 2]);
});

test("a budget of time or steps is end enough for a search", () => {
  for (const budget of ["{minutes: 10}", "{steps: 1000}"]) {
    expect(parseSweep(edited(random, `budget: ${budget}\n`), file)).not.toHaveProperty("runCap");
  }
});

testMistakes([
  {
    what: "two numbers of trials",
    text: edited({}, "run_cap: 3\nbudget: {trials: 4}\n"),
    line: 17,
    message: /^run_cap and budget\.trials both say how many trials to run/,
  },
  { what: "a budget of nothing", text: edited(random, "budget: {}\n"), line: 12, message: /random needs run_cap/ },
  {
    what: "no time at all",
    text: edited({}, "budget: {minutes: 0}\n"),
    line: 16,
    message: /^budget\.minutes must be greater than 0; got 0$/,
  },
  {
    what: "more enqueued configurations than trials",
    text: edited(random, "budget: {trials: 1}\nenqueue: [{lr_ratio: 1}, {lr_ratio: 10}]\n"),
    line: 17,
    message: /enqueue has 2 configurations, and run_cap allows 1 trials/,
  },
]);
