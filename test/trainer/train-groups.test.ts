// Trials with token groups, layer-wise decay and frozen weights, from prepared inputs to written weights: a tiny BERT
// (test/golden/) with a tokenizer of twenty words.
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Settings, Task } from "../../src/sweep/settings.js";
import type { Parameters } from "../../src/sweep/space.js";
import type { Measurement } from "../../src/sweep/trial.js";
import { resolveConfig } from "../../src/trainer/config.js";
import { prepareInputs } from "../../src/trainer/data/prepare.js";
import { createRuntime } from "../../src/trainer/engine/runtime.js";
import { readSafetensors } from "../../src/trainer/files/safetensors.js";
import { ratesAt, train } from "../../src/trainer/train.js";
import { distance, l2 } from "../golden-model.js";
import { idOf, jsonl, tinyModel, tinySettings } from "./data/tiny-model.js";

const GOLDEN = fileURLToPath(new URL("../golden/tiny-bert/", import.meta.url));
const WORDS = "bert.embeddings.word_embeddings.weight";
const BIAS = "cls.predictions.bias";
const WIDTH = 32;
const runtime = createRuntime();
const folder = mkdtempSync(join(tmpdir(), "dualrate-groups-"));
let [model, data] = ["", { train: "", validation: "" }];

beforeAll(async () => {
  model = await tinyModel();
  for (const file of ["config.json", "model.safetensors"]) copyFileSync(join(GOLDEN, file), join(model, file));
  // "##s" is a token that no text uses.
  const texts = ["the cat sees <new>", "a big dog sees the <new>", "zyx sees a red cat", "the zyx sees the dog"];
  const examples = Array.from({ length: 16 }, (_, i) => ({ text: texts[i % 4], label: i % 3 ? "yes" : "no" }));
  data = { train: await jsonl(examples), validation: await jsonl(examples.slice(0, 8)) };
});
afterAll(() => {
  for (const path of [folder, model]) rmSync(path, { recursive: true });
});

interface Trained {
  readonly measurements: readonly Measurement[];
  /** After the last of five steps. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** The product over the steps of 1 - lr * decay of a group. */
  readonly decayLeft: (group: string, lrFactor?: number) => number;
}

let files = 0;

async function trained(task: Task, parameters: Parameters, changes: Partial<Settings> = {}): Promise<Trained> {
  const trainer = { length: { maxSteps: 5 }, evalSteps: 5, maskProbability: 0.4, introducedMaskProbability: 1 };
  const settings: Settings = { ...tinySettings(model, data, { ...trainer, task }), ...changes };
  const { inputs } = await prepareInputs(settings, 3);
  const all = { base_lr: 1e-3, lr_ratio: 10, batch_size: 4, ...parameters };
  const config = resolveConfig(settings, all, { seed: 11, trainExamples: 16 });
  const weights = join(folder, `${files++}.safetensors`);
  const metric = { name: "loss", goal: "minimize" } as const;
  const trial = train(
    { settings, config, inputs, metric, studySeed: 3, files: { fingerprint: "f", weights } },
    runtime,
  );
  const measurements: Measurement[] = [];
  for (let next = await trial.next(); !next.done; next = await trial.next()) measurements.push(next.value);
  const decayLeft = (group: string, lrFactor = 1) => {
    const { weightDecay } = config.groups[group]!;
    const lrs = Array.from({ length: 5 }, (_, step) => ratesAt(config, step).lr[group]! * lrFactor);
    return lrs.reduce((left, lr) => left * (1 - lr * weightDecay), 1);
  };
  return { measurements, weights: byName(await readSafetensors(weights)), decayLeft };
}

function byName(tensors: Awaited<ReturnType<typeof readSafetensors>>): ReadonlyMap<string, Float32Array> {
  return new Map(tensors.map(({ name, data }) => [name, data]));
}

const before = async () => byName(await readSafetensors(`${GOLDEN}model.safetensors`));

function row(weights: ReadonlyMap<string, Float32Array>, token: string): Float32Array {
  return weights.get(WORDS)!.slice(idOf(token) * WIDTH, (idOf(token) + 1) * WIDTH);
}

const SPECIAL = { tokenGroups: { special: ["[SEP]", "[CLS]"], words: ["the"] } };
const TASKS = ["masked-lm", "sequence-classification"] as const;

test.each(TASKS)(
  "%s: groups that differ in nothing from the base change nothing, dropout and masks included",
  async (task) => {
    const plain = await trained(task, {});
    const grouped = await trained(task, {}, SPECIAL);
    const [one, other] = [plain.measurements[0]!, grouped.measurements[0]!];
    // To rounding: the softmax sums over rows, and the norm over groups, in another order. Measured 1e-6.
    expect(Math.abs(one.trainLoss - other.trainLoss)).toBeLessThan(1e-5);
    expect(Math.abs(one.validation.loss! - other.validation.loss!)).toBeLessThan(1e-5);
    expect(other.validation.loss_base ?? 0).toBeCloseTo(one.validation.loss_base ?? 0, 5);
    for (const [name, values] of plain.weights) {
      // Zero gradients in exact arithmetic: Adam turns their float noise into full steps.
      if (name.endsWith("key.bias")) continue;
      expect(distance(values, grouped.weights.get(name)!), name).toBeLessThan(1e-4 * l2(values));
    }
    expect(Object.keys(other.groups)).toEqual(expect.arrayContaining(["base", "introduced", "special", "words"]));
    expect(other.groups.special!.gradNorm).toBeGreaterThan(0);
  },
);

test.each(TASKS)(
  "%s: with the rate 0 and no decay a group's rows stay bit-identical and all others learn",
  async (task) => {
    const start = await before();
    const { weights } = await trained(task, { special_lr_ratio: 0, special_weight_decay: 0 }, SPECIAL);
    for (const token of ["[CLS]", "[SEP]"]) {
      expect(row(weights, token), token).toEqual(row(start, token));
      if (task === "masked-lm") expect(weights.get(BIAS)![idOf(token)]).toBe(start.get(BIAS)![idOf(token)]);
    }
    for (const token of ["the", "cat"])
      expect(distance(row(weights, token), row(start, token)), token).toBeGreaterThan(1e-3);
  },
);

test("a group's rate is its ratio of base_lr: Adam's first step moves its rows by that", async () => {
  const start = await before();
  const parameters = { special_lr_ratio: 5, weight_decay: 0, lr_scheduler_type: "constant" };
  const once = { ...SPECIAL, trainer: { ...tinySettings("", data).trainer, length: { maxSteps: 1 }, evalSteps: 1 } };
  const { weights } = await trained("sequence-classification", parameters, once);
  const largest = (token: string) =>
    Math.max(...row(weights, token).map((x, i) => Math.abs(x - row(start, token)[i]!)));
  // g / (|g| + 1e-8) of the rate, but for rounding of weights of about 1.
  expect(largest("[CLS]")).toBeCloseTo(5e-3, 6);
  expect(largest("the")).toBeCloseTo(1e-3, 6);
});

test("compaction keeps the rows of a token group, which get its weight decay though no text uses them", async () => {
  const start = await before();
  const tokenGroups = { unused: ["##s"] };
  const { weights, decayLeft } = await trained("sequence-classification", { unused_weight_decay: 7 }, { tokenGroups });
  const left = decayLeft("unused");
  expect(left).toBeLessThan(0.99);
  row(weights, "##s").forEach((value, i) => {
    expect(Math.abs(value - row(start, "##s")[i]! * left)).toBeLessThan(1e-6);
  });
});

test("rows that compaction left out get the decay of the embeddings' own rate under layer-wise decay", async () => {
  const parameters = { layer_lr_decay: 0.5, weight_decay: 7 };
  const compact = await trained("sequence-classification", parameters);
  const full = await trained("sequence-classification", parameters, { keepAllRows: true });
  expect(
    Math.abs(row(full.weights, "##s")[0]! / row(await before(), "##s")[0]! - compact.decayLeft("base", 1 / 8)),
  ).toBeLessThan(1e-6);
  expect(distance(row(compact.weights, "##s"), row(full.weights, "##s"))).toBeLessThan(1e-6);
});

test("a base frozen for good stays bit-identical, decay included; head, groups and introduced rows learn", async () => {
  const start = await before();
  const parameters = { base_freeze_ratio: 1, weight_decay: 1 };
  const { weights, measurements } = await trained("sequence-classification", parameters, SPECIAL);
  for (const [name, values] of weights) {
    if (name.startsWith("classifier") || name === WORDS) continue;
    expect(values, name).toEqual(start.get(name));
  }
  // ##s is not in training.
  for (const token of ["cat", "##s", "[MASK]"]) expect(row(weights, token), token).toEqual(row(start, token));
  for (const token of ["[CLS]", "the"]) expect(distance(row(weights, token), row(start, token))).toBeGreaterThan(1e-3);
  const { base, ...others } = measurements[0]!.groups;
  expect(base).toMatchObject({ gradNorm: 0, updateRatio: 0 });
  for (const [name, { updateRatio }] of Object.entries(others)) expect(updateRatio, name).toBeGreaterThan(0);
});

test("clipping by group changes a trial, and layer-wise decay does", async () => {
  const losses = await Promise.all(
    [{}, { grad_clipping: "per_group" }, { layer_lr_decay: 0.5 }].map(async (parameters) => {
      const { measurements } = await trained("masked-lm", { max_grad_norm: 0.1, ...parameters });
      return measurements[0]!.validation.loss!;
    }),
  );
  expect(new Set(losses).size).toBe(3);
});
