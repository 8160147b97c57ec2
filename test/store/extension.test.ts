import { expect, test } from "vitest";
import { extensionOf } from "../../src/store/extension.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import { definition, settings } from "./fixture.js";

const extension = (sweep: Partial<Sweep>, before: Partial<Sweep> = {}) =>
  extensionOf(definition(before), definition({ ...before, ...sweep }));
const withSettings = (changed: Partial<Settings>) => ({ settings: { ...settings, ...changed } });
const ratios = (...values: readonly number[]) =>
  ({ space: [{ name: "lr_ratio", distribution: { kind: "categorical", values } }] }) as const;

test("the same definition has nothing to extend", () => {
  expect(extension({})).toEqual({ accepted: [], refused: [] });
});

test.each<[string, Partial<Sweep>, readonly string[]]>([
  ["more values", ratios(0.1, 1, 10, 100, 1000), ["lr_ratio: [0.1,1,10,100] -> [0.1,1,10,100,1000]"]],
  ["fewer values", ratios(1), ["lr_ratio: [0.1,1,10,100] -> 1"]],
  ["a grid's cap", { runCap: 3 }, ["run_cap: not given -> 3"]],
  ["another method's cap", { method: "random", runCap: 9 }, ["run_cap: 5 -> 9"]],
  ["constraints", { constraints: ["lr_ratio > 1"] }, ['constraints: not given -> ["lr_ratio > 1"]']],
  [
    "budgets",
    { budget: { minutes: 5, tokens: 9 } },
    ["budget.minutes: not given -> 5", "budget.tokens: not given -> 9"],
  ],
  ["finals", { final: { top: 1, seeds: 2 } }, ['final: not given -> {"top":1,"seeds":2}']],
  [
    "a trial's time",
    withSettings({ trainer: { ...settings.trainer, maxTrialMinutes: 5 } }),
    ["trainer.max_trial_minutes: not given -> 5"],
  ],
])("%s may change, and are told", (_, sweep, accepted) => {
  const before: Partial<Sweep> = sweep.method ? { method: sweep.method, runCap: 5 } : {};
  expect(extension(sweep, before)).toEqual({ accepted, refused: [] });
});

test("a list may become a range, for a method that draws", () => {
  const range = { kind: "log_uniform_values", min: 0.01, max: 1000 } as const;
  const space = [{ name: "lr_ratio", distribution: range }];
  expect(extension({ space }, { method: "bayes", runCap: 5 }).refused).toEqual([]);
});

test.each<[string, Partial<Sweep>, string, RegExp]>([
  ["the seed", { seed: 8 }, "seed", /data order/],
  ["the method", { method: "random" }, "method", /chosen by the other method/],
  ["the metric", { metric: { name: "accuracy", goal: "maximize" } }, "metric.name", /ranked/],
  ["steps a trial", trainer({ length: { maxSteps: 40 } }), "trainer.max_steps", /schedules/],
  ["another setting of the trainer", trainer({ maxLength: 32 }), "trainer.max_length", /all trials of a study/],
  ["a fixed value", withSettings({ fixed: { base_lr: 2e-4, weight_decay: 0.01 } }), "base_lr", /all trials of a study/],
  ["the tokens", withSettings({ introduced: { tokens: ["<A>"], special: false } }), "introduced_tokens.tokens", /all/],
  [
    "what ends trials",
    { earlyTerminate: { type: "median", minIterations: 1, minTrials: 5 } },
    "early_terminate",
    /judged/,
  ],
  ["seeds of the search", { replicates: 2 }, "replicates", /final/],
  ["what comes first", { enqueued: [{ lr_ratio: 1 }] }, "enqueue", /--enqueue/],
  ["a warm start", { warmStart: { study: "other", trials: [] } }, "warm_start", /began/],
])("%s may not change, with the reason", (_, sweep, key, why) => {
  const { accepted, refused } = extension(sweep);
  expect(accepted).toEqual([]);
  expect(refused).toContainEqual(expect.objectContaining({ key, why: expect.stringMatching(why) }));
});

function trainer(changed: Partial<Settings["trainer"]>): Partial<Sweep> {
  return withSettings({ trainer: { ...settings.trainer, ...changed } });
}

test("a parameter may not begin to be searched, nor stop", () => {
  const decay = { name: "weight_decay", distribution: { kind: "categorical", values: [0, 0.01] } } as const;
  const { space } = definition().sweep;
  const more = { space: [...space, decay], settings: { ...settings, fixed: { base_lr: 1e-4 } } };
  const [began, ended] = [extension(more), extensionOf(definition(more), definition())];
  expect(began.refused[0]).toMatchObject({
    key: "weight_decay",
    why: expect.stringContaining("no value of their own"),
  });
  expect(ended.refused[0]).toMatchObject({ key: "weight_decay", why: expect.stringContaining("differ in it") });
});

test("the batch size's values may not change where rungs are counted in the longest trial", () => {
  const sizes = (...values: readonly number[]) =>
    ({ space: [{ name: "batch_size", distribution: { kind: "categorical", values } }] }) as const;
  const earlyTerminate = { type: "asha", rungs: { min: 1 }, eta: 3 } as const;
  expect(extension(sizes(4, 8), sizes(8, 16)).refused).toEqual([]);
  expect(extension(sizes(4, 8), { ...sizes(8, 16), earlyTerminate }).refused[0]?.why).toMatch(/longest trial/);
});

test("other inputs may not be given", () => {
  const inputs = { ...definition().inputs, data: "d".repeat(64) };
  const { refused } = extensionOf(definition(), { ...definition(), inputs });
  expect(refused).toEqual([expect.objectContaining({ key: "content of data", why: expect.stringContaining("data") })]);
});
