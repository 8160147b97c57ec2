import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { exportedConfiguration, trialToExport } from "../../src/export/configuration.js";
import { toJson } from "../../src/export/json.js";
import { toYaml } from "../../src/export/yaml.js";
import type { StudyRecord } from "../../src/store/records.js";
import type { Settings } from "../../src/sweep/settings.js";
import { gridPoint, gridSize } from "../../src/sweep/space.js";
import { parseSweep } from "../../src/sweep/sweep-file.js";
import type { CompleteTrial } from "../../src/sweep/trial.js";
import { complete, failed, settings, study } from "../report/trials.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dualrate-"));
  mkdirSync(join(folder, "model"));
  for (const file of ["config.json", "tokenizer.json", "model.safetensors"]) {
    writeFileSync(join(folder, "model", file), "{}");
  }
  for (const file of ["train.jsonl", "valid.jsonl"]) writeFileSync(join(folder, file), "{}\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

const trial = complete(4, 10, 2.123456789012345, { warmup_ratio: 0.1 }) as CompleteTrial;

function studyIn(folder: string, changes: Partial<Settings> = {}): StudyRecord {
  const data = { ...settings.data, train: join(folder, "train.jsonl"), validation: join(folder, "valid.jsonl") };
  const placed: Settings = { ...settings, model: join(folder, "model"), data, ...changes };
  return { ...study, sweep: { ...study.sweep, settings: placed } };
}

const classifier = { dropout: false, groupByLength: true };

test.each([
  ["masked-lm", {}],
  ["masked-lm with special tokens", { introduced: { tokens: ["<A>"], special: true } }],
  ["a token's own init", { introduced: { tokens: ["<A>", "<B>"], special: false, tokenInit: { "<B>": "copy:a" } } }],
  ["whole words", { trainer: { ...settings.trainer, wholeWordMasking: true } }],
  ["token groups", { tokenGroups: { special: ["[CLS]", "[SEP]"], digits: ["1"] } }],
  ["epochs", { trainer: { ...settings.trainer, length: { numTrainEpochs: 2.5 } } }],
  [
    "regression",
    {
      task: "sequence-classification",
      trainer: { ...settings.trainer, ...classifier, introducedMaskProbability: 0.15, problemType: "regression" },
    },
  ],
  [
    "sequence-classification",
    {
      task: "sequence-classification",
      trainer: { ...settings.trainer, ...classifier, introducedMaskProbability: 0.15 },
    },
  ],
] as const)("what is exported reads back as the same settings and one configuration: %s", (_, changes) => {
  const exported = studyIn(folder, changes);
  const configuration = exportedConfiguration(exported, trial, join(folder, "out"));
  for (const text of [toYaml(configuration, "best.yaml"), toJson(configuration)]) {
    const read = parseSweep(text, join(folder, "out", "best.yaml"));
    const { fixed, introduced, trainer, ...rest } = exported.sweep.settings;
    expect(read.settings).toMatchObject(rest);
    expect(read.settings.introduced).toEqual(introduced);
    const unused = introduced.special ? { introducedMaskProbability: 0.15 } : {};
    expect(read.settings.trainer).toEqual({ ...trainer, ...unused });
    expect([gridSize(read.space), read.seed, read.metric]).toEqual([1, 3, exported.sweep.metric]);
    expect({ ...read.settings.fixed, ...gridPoint(read.space, 0) }).toEqual({ ...fixed, ...trial.parameters });
    expect(read.exportedFrom).toEqual({ study: "letters", trial: 4, metric: "loss", value: trial.value, step: 40 });
  }
});

test("a sweep of several optimizers exports the settings of the trial's own, and its row updates", () => {
  const fixed = { ...settings.fixed, momentum: 0.8, adam_beta1: 0.85, adam_epsilon: 1e-6 };
  const trainer = { ...settings.trainer, rowUpdates: "lazy" } as const;
  const exportedOf = (optim: string) => {
    const exported = studyIn(folder, { fixed, trainer, task: "sequence-classification", keepAllRows: true });
    const own = complete(4, 10, 2, { optim }) as CompleteTrial;
    const text = toYaml(exportedConfiguration(exported, own, folder), "best.yaml");
    const read = parseSweep(text, join(folder, "best.yaml"));
    expect(read.settings).toMatchObject({ keepAllRows: true, trainer: { rowUpdates: "lazy" } });
    return Object.keys(gridPoint(read.space, 0)).filter((name) => name in fixed && !(name in settings.fixed));
  };
  expect(exportedOf("sgd")).toEqual(["momentum"]);
  expect(exportedOf("lion")).toEqual(["adam_beta1"]);
  expect(exportedOf("adamw")).toEqual(["adam_beta1", "adam_epsilon"]);
});

test("pairs of texts are exported as such, and read back", () => {
  const data = { ...settings.data, train: join(folder, "train.jsonl"), validation: join(folder, "valid.jsonl") };
  const pairs = { task: "sequence-classification", data: { ...data, textPair: "other" } } as const;
  const configuration = exportedConfiguration(studyIn(folder, pairs), trial, folder);
  const read = parseSweep(toYaml(configuration, "best.yaml"), join(folder, "best.yaml"));
  expect(read.settings.data).toEqual(pairs.data);
});

test("a token group's parameters are exported", () => {
  const grouped = studyIn(folder, { tokenGroups: { special: ["[CLS]"] } });
  const parameters = { special_lr_ratio: 0.5, special_lr_scheduler_type: "cosine" };
  const text = toYaml(
    exportedConfiguration(grouped, complete(4, 10, 2, parameters) as CompleteTrial, folder),
    "best.yaml",
  );
  expect(gridPoint(parseSweep(text, join(folder, "best.yaml")).space, 0)).toMatchObject(parameters);
});

test("one file with a split is exported as such, and reads back", () => {
  const [train, split] = [join(folder, "train.jsonl"), { validation: 0.1, test: 0.2, seed: 3 }];
  const data = { ...settings.data, train, validation: train, test: train, split, format: "jsonl" } as const;
  const configuration = exportedConfiguration(studyIn(folder, { data }), trial, join(folder, "out"));
  expect(configuration.data).toMatchObject({ file: "../train.jsonl", split, format: "jsonl" });
  expect(parseSweep(toYaml(configuration, "best.yaml"), join(folder, "out", "best.yaml")).settings.data).toEqual(data);
});

test("YAML keeps every digit of a number, and tokens that look like YAML", () => {
  const rates = complete(1, 0.1 + 0.2, 1 / 3, { base_lr: 1e-7 }) as CompleteTrial;
  const text = toYaml(exportedConfiguration(study, rates), "best.yaml");
  const read = parse(text);
  expect(read.parameters.lr_ratio.value).toBe(0.1 + 0.2);
  expect(read.parameters.base_lr.value).toBe(1e-7);
  expect(read.exported_from.value).toBe(1 / 3);
  expect(read.introduced_tokens.tokens).toEqual(["<A>", "b: c"]);
  expect(text).toContain("lr_ratio: {value: 0.30000000000000004}");
});

test("YAML says where the configuration came from and how to train it", () => {
  const [first, , third] = toYaml(exportedConfiguration(study, trial), "best.yaml").split("\n");
  expect(first).toBe("# Trial 4 of the study letters, written by dualrate export.");
  expect(third).toContain("dualrate train best.yaml");
});

test("paths are relative to the folder of the file, or absolute without one", () => {
  expect(exportedConfiguration(study, trial, "/sweeps").model).toBe("../models/tiny");
  expect(exportedConfiguration(study, trial, "/data").data).toMatchObject({ train: "train.jsonl" });
  expect(exportedConfiguration(study, trial).model).toBe("/models/tiny");
});

test("the best complete trial is exported unless a number is given", () => {
  const trials = [complete(1, 1, 3), complete(2, 10, 2), failed(3, 100)];
  expect(trialToExport(study, trials).number).toBe(2);
  expect(trialToExport(study, trials, 1).number).toBe(1);
});

test("a trial without a value to reproduce is refused by its state", () => {
  expect(() => trialToExport(study, [failed(3, 100)], 3)).toThrow('trial 3 of "letters" is failed, not complete');
  expect(() => trialToExport(study, [], 9)).toThrow('trial 9 of "letters" does not exist');
  expect(() => trialToExport(study, [failed(3, 100)])).toThrow('"letters" has no complete trial to export');
});
