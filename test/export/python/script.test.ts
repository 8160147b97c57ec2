// The text of the script. That it computes our losses is checked with Python, by hand: test/golden/check_twin.py.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { toPython } from "../../../src/export/python/script.js";
import type { Settings } from "../../../src/sweep/settings.js";
import { settings } from "../../report/trials.js";
import { classification, tagging, twin } from "./twins.js";

const golden = (name: string) => fileURLToPath(new URL(`../../golden/twins/${name}`, import.meta.url));

test("a masked-lm trial, whole", async () => {
  const parameters = { warmup_ratio: 0.1, introduced_start_factor: 0.2, bias_init: "min" };
  await expect(toPython(twin(parameters))).toMatchFileSnapshot(golden("masked-lm.py"));
});

test("a classification of pairs with all that groups can have, whole", async () => {
  const parameters = {
    ...{ optim: "lion", layer_lr_decay: 0.9, base_freeze_ratio: 0.1, grad_clipping: "per_group", init: "random" },
    ...{ gradient_accumulation_steps: 2, lr_scheduler_type: "cosine", introduced_lr_scheduler_type: "one_cycle" },
    ...{ introduced_warmup_ratio: 0.2, special_lr_ratio: 0.5 },
  };
  const split = { validation: 0.1, test: 0.2, seed: 3 };
  const file = "/data/all.csv";
  const changes: Partial<Settings> = {
    ...classification,
    data: { train: file, validation: file, test: file, split, text: "text", textPair: "other", label: "label" },
    introduced: { tokens: ["<A>", "b: c"], special: true, tokenInit: { "<A>": "copy:cat", "b: c": "subword_mean" } },
    tokenGroups: { special: ["[CLS]", "[SEP]"] },
    trainer: { ...settings.trainer, dropout: false, groupByLength: true, earlyStoppingPatience: 3 },
  };
  await expect(toPython(twin(parameters, changes))).toMatchFileSnapshot(golden("pairs.py"));
});

test("no line of code is wider than 100 characters", () => {
  const all = { optim: "lion", layer_lr_decay: 0.9, lr_scheduler_type: "one_cycle", init: "random" };
  const wide = (text: string) => text.split("\n").filter((line) => line.length > 100);
  const regression = { ...classification, trainer: { ...settings.trainer, problemType: "regression" } } as const;
  for (const changes of [{}, classification, tagging, regression, { task: "causal-lm" } as const]) {
    expect(wide(toPython(twin(all, changes)))).toEqual([]);
  }
});

test("a script has its task's parts and no other's", () => {
  const masked = toPython(twin());
  const classes = toPython(twin({}, classification));
  const causal = toPython(twin({}, { task: "causal-lm" }));
  const trainer = { ...settings.trainer, problemType: "regression" } as const;
  const regression = toPython(twin({}, { ...classification, trainer }));
  const scripts = [masked, classes, causal, regression];
  const having = (part: string) => scripts.map((script) => script.includes(part));
  expect(having("AutoModelForMaskedLM")).toEqual([true, false, false, false]);
  expect(having("AutoModelForSequenceClassification")).toEqual([false, true, false, true]);
  expect(having("AutoModelForCausalLM")).toEqual([false, false, true, false]);
  expect(having("MASK_PROBABILITY")).toEqual([true, false, false, false]);
  expect(having("first_bias")).toEqual([true, false, false, false]);
  expect(having("def class_names")).toEqual([false, true, false, false]);
  expect(having("F.mse_loss")).toEqual([false, false, false, true]);
  expect(having("F.cross_entropy")).toEqual([true, true, true, false]);
  expect(having('"head": {')).toEqual([false, true, false, true]);
  expect(having("token_type_ids")).toEqual([true, true, false, true]);
});

test.each([
  ["constant", {}],
  ["linear", {}],
  ["cosine", {}],
  ["cosine_with_restarts", { num_cycles: 3 }],
  ["cosine_with_min_lr", { min_lr_ratio: 0.1 }],
  ["polynomial", { power: 2 }],
  ["inverse_sqrt", {}],
  ["warmup_stable_decay", { decay_ratio: 0.2 }],
  ["one_cycle", { warmup_ratio: 0.2 }],
])("a trial with the schedule %s has that one alone", (type, options) => {
  const script = toPython(twin({ lr_scheduler_type: type, ...options }));
  expect(script).toContain(`DECAYS = {"${type}": ${type}}`);
  expect(script).toContain(`def ${type}(g, s, w, t):`);
  expect(script.match(/^def \w+\(g, s, w, t\):$/gm)).toHaveLength(1);
  expect(script.includes("import math")).toBe(script.includes("math."));
});

test.each([
  ["adamw", "torch.optim.AdamW("],
  ["adam", "torch.optim.Adam("],
  ["sgd", "torch.optim.SGD("],
  ["lion", "optimizer = Lion("],
])("the optimizer %s", (optim, call) => {
  const script = toPython(twin({ optim }));
  expect(script).toContain(call);
  expect(script.includes("class Lion")).toBe(optim === "lion");
});

test("rates have all digits, each group its own", () => {
  const script = toPython(twin({ base_lr: 1 / 3e4, introduced_weight_decay: 0 }));
  expect(script).toContain(`"lr": ${1 / 3e4},\n        "weight_decay": 0.01,`);
  expect(script).toContain(`"lr": ${(1 / 3e4) * 10},\n        "weight_decay": 0,`);
});

test.each([
  ["train.csv", 'read_table(TRAIN_FILE, ",")'],
  ["train.tsv", 'read_table(TRAIN_FILE, "\\t")'],
  ["train.txt", "read_text(TRAIN_FILE)"],
  ["train.jsonl", "read_jsonl(TRAIN_FILE)"],
])("%s is read as what it is", (name, call) => {
  const script = toPython(twin({}, { data: { ...settings.data, train: `/data/${name}`, maxTrainSamples: 50 } }));
  expect(script).toContain(`records = ${call}[:50]`);
  expect(script).toContain(`TRAIN_FILE = HERE / "${name}"`);
});

test("words with tags are read, encoded by words, and counted by their entities", () => {
  const conll = { ...settings.data, train: "/data/train.conll", validation: "/data/valid.conll" };
  const script = toPython(twin({}, { ...tagging, data: conll }, "f1"));
  for (const part of ["read_conll(TRAIN_FILE)", 'TEXT = "words"', 'LABEL = "tags"', "is_split_into_words=True"])
    expect(script).toContain(part);
  expect(script).toContain("AutoModelForTokenClassification");
  expect(script).toContain("def entities(tags):");
  expect(script).toContain("evaluate(split, validation, classes)");
  expect(script).toContain("add_prefix_space=True");
  const lists = toPython(twin({}, { ...tagging, data: { ...settings.data, split: { validation: 0.1, seed: 1 } } }));
  expect(lists).toContain('split_of(" ".join(record[TEXT]))');
  expect(lists).toContain('TEXT = "text"');
});

test("f1 of texts is the mean of the classes'", () => {
  const script = toPython(twin({}, classification, "f1"));
  expect(script).toContain("import collections\n");
  expect(script).toContain("def evaluate(split, batches):");
  expect(script).not.toContain("def entities");
});

test("lazy rows are left alone by the step; dense ones are not looked for", () => {
  const trainer = { ...settings.trainer, rowUpdates: "lazy" } as const;
  const lazy = toPython(twin({}, { ...classification, trainer }));
  expect(lazy).toContain("    step_lazily(split, optimizer)\n");
  expect(toPython(twin({}, classification))).not.toContain("step_lazily");
});

test("Parquet needs pyarrow, and other data does not", () => {
  const data = { ...settings.data, train: "/data/train.parquet", validation: "/data/valid.parquet" };
  const script = toPython(twin({}, { data }));
  expect(script).toContain("import pyarrow.parquet\n");
  expect(script).toContain("pyarrow.parquet.read_table(TRAIN_FILE).to_pylist()");
  expect(toPython(twin())).not.toContain("pyarrow");
});

test("a metric that a script does not have is refused with what to do", () => {
  expect(() => toPython(twin({}, tagging, "loss_introduced"))).toThrow(
    "does not know the metric loss_introduced of token-classification yet",
  );
});
