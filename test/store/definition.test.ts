import { expect, test } from "vitest";
import { definitionChanges } from "../../src/store/definition.js";
import type { StudyDefinition } from "../../src/store/records.js";
import type { Settings, Sweep } from "../../src/sweep/settings.js";
import type { Distribution } from "../../src/sweep/space.js";
import { definition, settings } from "./fixture.js";

function changes(sweep: Partial<Sweep>, rest: Partial<StudyDefinition> = {}): readonly string[] {
  return definitionChanges(definition(), { ...definition(sweep), ...rest });
}

const withSettings = (changed: Partial<Settings>) => changes({ settings: { ...settings, ...changed } });
const withTrainer = (changed: Partial<Settings["trainer"]>) =>
  withSettings({ trainer: { ...settings.trainer, ...changed } });

test("where a file lies, what memory is estimated and how many trials come of it change nothing", () => {
  const data = { ...settings.data, train: "/elsewhere/train.jsonl", validation: "/elsewhere/valid.jsonl" };
  const summary = { ...definition().summary, workerBytes: 2e6, warnings: ["odd"] };
  const moved = { file: "/elsewhere/words.yaml", settings: { ...settings, model: "/elsewhere/a", data } };
  expect(changes(moved, { summary, plannedTrials: undefined })).toEqual([]);
});

test("what the files' format is called changes nothing: it is part of what they hold", () => {
  expect(withSettings({ data: { ...settings.data, format: "jsonl" } })).toEqual([]);
});

test("how long a trial may take changes nothing", () => {
  expect(withTrainer({ maxTrialMinutes: 5 })).toEqual([]);
});

test("what the study may spend changes nothing", () => {
  expect(changes({ budget: { minutes: 5, steps: 100 } })).toEqual([]);
});

test("an absent setting is the same as one that is undefined", () => {
  expect(changes({ runCap: undefined } as unknown as Partial<Sweep>)).toEqual([]);
});

test.each(["random", "sobol", "bayes"] as const)("more trials of method %s are the same study", (method) => {
  const capped = (runCap: number) => definition({ method, runCap });
  expect(definitionChanges(capped(3), capped(5))).toEqual([]);
});

test.each<[string, readonly string[], readonly string[]]>([
  ["the seed", changes({ seed: 8 }), ["seed: 7 -> 8"]],
  ["the metric", changes({ metric: { name: "accuracy", goal: "minimize" } }), ['metric.name: "loss" -> "accuracy"']],
  ["the cap", changes({ runCap: 3 }), ["run_cap: not given -> 3"]],
  [
    "what ends trials early",
    changes({ earlyTerminate: { type: "median", minIterations: 1, minTrials: 5 } }),
    ['early_terminate: not given -> {"type":"median","minIterations":1,"minTrials":5}'],
  ],
  ["the constraints", changes({ constraints: ["lr_ratio > 1"] }), ['constraints: not given -> ["lr_ratio > 1"]']],
  ["what is enqueued", changes({ enqueued: [{ lr_ratio: 1 }] }), ['enqueue: not given -> [{"lr_ratio":1}]']],
  ["the task", withSettings({ task: "sequence-classification" }), ['task: "masked-lm" -> "sequence-classification"']],
  ["a trainer setting", withTrainer({ evalSteps: 5 }), ["trainer.eval_steps: 10 -> 5"]],
  [
    "the length's unit",
    withTrainer({ length: { numTrainEpochs: 2 } }),
    ["trainer.max_steps: 20 -> not given", "trainer.num_train_epochs: not given -> 2"],
  ],
  ["a fixed value", withSettings({ fixed: { base_lr: 2e-4, weight_decay: 0.01 } }), ["base_lr: 0.0001 -> 0.0002"]],
  ["a field", withSettings({ data: { ...settings.data, text: "body" } }), ['data.text: "text" -> "body"']],
  [
    "the split",
    withSettings({ data: { ...settings.data, split: { validation: 0.1, seed: 0 } } }),
    ['data.split: not given -> {"validation":0.1,"seed":0}'],
  ],
  [
    "the tokens",
    withSettings({ introduced: { tokens: ["<A>"], special: false } }),
    ['introduced_tokens.tokens: ["<A>","<B>"] -> ["<A>"]'],
  ],
  [
    "a token group",
    withSettings({ tokenGroups: { special: ["[CLS]"] } }),
    ['token_groups.special: not given -> ["[CLS]"]'],
  ],
  [
    "the space",
    changes({ space: [{ name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10] } }] }),
    ["lr_ratio: [0.1,1,10,100] -> [1,10]"],
  ],
])("%s is named with its old and its new value", (_, found, expected) => {
  expect(found).toEqual(expected);
});

test("a value that is searched now is named, and so is the new order of parameters", () => {
  const { space } = definition().sweep;
  const decay = { name: "weight_decay", distribution: { kind: "categorical", values: [0, 0.01] } } as const;
  expect(changes({ space: [...space, decay] })).toEqual([
    "weight_decay: 0.01 -> [0,0.01]",
    'order of parameters: ["lr_ratio"] -> ["lr_ratio","weight_decay"]',
  ]);
});

test("changed files are named by what they are, with the beginnings of their hashes", () => {
  const inputs = { ...definition().inputs, data: "d".repeat(64) };
  expect(changes({}, { inputs })).toEqual([`content of data: ${"c".repeat(12)} -> ${"d".repeat(12)}`]);
});

test("a hub's branch that moved is named with its commits, where the model or its tokenizer is another", () => {
  const hub = { id: "org/name", revision: "main" };
  const at = (commit: string, model: string) => {
    const { sweep, inputs, ...rest } = definition();
    const settings = { ...sweep.settings, hub: { ...hub, commit } };
    return { ...rest, sweep: { ...sweep, settings }, inputs: { ...inputs, model } };
  };
  expect(definitionChanges(at("1", "a"), at("2", "a"))).toEqual([]);
  expect(definitionChanges(at("1", "a"), at("2", "b"))).toEqual([
    'content of model: "a" -> "b"',
    "model: hf://org/name@1 -> hf://org/name@2",
  ]);
  expect(definitionChanges(definition(), at("2", definition().inputs.model))).toEqual([]);
});

test("long values are cut", () => {
  const tokens = Array.from({ length: 100 }, (_, i) => `<T${i}>`);
  const [change = ""] = withSettings({ introduced: { tokens, special: false } });
  expect(change).toMatch(/<T0>.*\.\.\.$/);
  expect(change.length).toBeLessThan(150);
});

test("a range counts with its bounds; listed values count the same however they are stated", () => {
  const space = (distribution: Distribution) => ({ space: [{ name: "lr_ratio", distribution }] });
  const list = definition(space({ kind: "categorical", values: [1, 2, 3] }));
  expect(definitionChanges(list, definition(space({ kind: "int_uniform", min: 1, max: 3 })))).toEqual([]);
  const range = definition(space({ kind: "uniform", min: 1, max: 3 }));
  expect(definitionChanges(list, range)).toEqual(['lr_ratio: [1,2,3] -> {"kind":"uniform","min":1,"max":3}']);
});

test("finals come after all that a study has, so that other ones are the same study; other seeds of the search are not", () => {
  expect(changes({ final: { top: 3, seeds: 5 } })).toEqual([]);
  expect(changes({ replicates: 3 })).toEqual(["replicates: not given -> 3"]);
});
