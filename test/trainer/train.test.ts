// The training loop on a tiny BERT (test/golden/) with made-up texts.
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/random.js";
import type { MetricName, Settings } from "../../src/sweep/settings.js";
import type { Measurement, TrialOutcome, Verdict } from "../../src/sweep/trial.js";
import { resolveConfig } from "../../src/trainer/config.js";
import type { EncodedSplit, NamedTensor, SharedInputs } from "../../src/trainer/data/inputs.js";
import { buildRowMap } from "../../src/trainer/data/row-map.js";
import { createRuntime } from "../../src/trainer/engine/runtime.js";
import { readSafetensors } from "../../src/trainer/files/safetensors.js";
import type { Notice, TrainingFiles } from "../../src/trainer/progress.js";
import { checkModel, createEngine, train } from "../../src/trainer/train.js";

const FOLDER = fileURLToPath(new URL("../golden/tiny-bert/", import.meta.url));
const [VOCABULARY, CLS, SEP, MASK] = [61, 2, 3, 4];
const NEW = [VOCABULARY, VOCABULARY + 1];
const runtime = createRuntime();
let tensors: readonly NamedTensor[] = [];

beforeAll(async () => {
  tensors = await readSafetensors(`${FOLDER}model.safetensors`);
});

/** Texts of 4 to 9 words; each holds one introduced token. */
function split(texts: number, seed: number): EncodedSplit {
  const random = new Random(seed);
  const rows = Array.from({ length: texts }, (_, i) => {
    const words = Array.from({ length: 3 + random.below(6) }, () => 5 + random.below(VOCABULARY - 5));
    return [CLS, NEW[i % 2]!, ...words, SEP];
  });
  const offsets = Int32Array.from([0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]);
  const flat = Int32Array.from(rows.flat());
  return { rows: flat, tokenTypes: new Uint8Array(flat.length), offsets, labels: new Int32Array() };
}

function inputs(): SharedInputs {
  const introduced = NEW.map((id) => ({ token: `<${id}>`, id, row: id, subwordIds: [7, 8] }));
  return {
    modelConfig: JSON.parse(readFileSync(`${FOLDER}config.json`, "utf8")),
    tensors,
    rowMap: buildRowMap(VOCABULARY, NEW, "all"),
    data: {
      train: split(40, 1),
      validation: split(12, 2),
      test: undefined,
      classes: [],
      special: { pad: 0, cls: CLS, sep: SEP, mask: MASK, neverMasked: Int32Array.from([0, 1, CLS, SEP, MASK]) },
      introduced,
    },
  };
}

const settings: Settings = {
  model: FOLDER,
  task: "masked-lm",
  data: { train: "", validation: "", text: "text", label: "label" },
  introduced: { tokens: NEW.map((id) => `<${id}>`), special: false },
  trainer: {
    length: { maxSteps: 7 },
    evalSteps: 3,
    evalBatchSize: 8,
    maxLength: 16,
    maskProbability: 0.3,
    introducedMaskProbability: 1,
    maskReplacement: [0.8, 0.1, 0.1],
    dropout: true,
    groupByLength: true,
  },
  fixed: { base_lr: 1e-3, batch_size: 8 },
};

interface Run {
  readonly measurements: readonly Measurement[];
  readonly outcome: TrialOutcome;
}

interface RunOptions {
  readonly metric?: MetricName;
  readonly verdict?: Verdict;
  readonly changes?: Partial<Settings["trainer"]>;
  readonly seed?: number;
  readonly files?: TrainingFiles;
  readonly stopped?: () => boolean;
  readonly abandoned?: () => boolean;
  readonly notices?: Notice[];
}

async function run(parameters: Record<string, number>, options: RunOptions = {}): Promise<Run> {
  const changed = { ...settings, trainer: { ...settings.trainer, ...options.changes } };
  const config = resolveConfig(changed, parameters, { seed: options.seed ?? 11, trainExamples: 40 });
  const metric = { name: options.metric ?? "loss", goal: "minimize" } as const;
  const { files, stopped = () => false, abandoned = () => false, notices = [] } = options;
  const hooks = { stopped, abandoned, notify: (notice: Notice) => notices.push(notice), ...(files && { files }) };
  const generator = train({ settings: changed, config, inputs: inputs(), metric, studySeed: 5, ...hooks }, runtime);
  const measurements: Measurement[] = [];
  for (let next = await generator.next(); ; next = await generator.next(options.verdict)) {
    if (next.done) return { measurements, outcome: next.value };
    measurements.push(next.value);
  }
}

const withoutTime = ({ measurements, outcome }: Run) => ({
  outcome,
  measurements: measurements.map(({ seconds, ...rest }) => rest),
});

test("two batches a step learn what one batch of their examples learns", async () => {
  const changes = { dropout: false, groupByLength: false };
  const whole = await run({ lr_ratio: 10 }, { changes });
  const halves = await run({ lr_ratio: 10, batch_size: 4, gradient_accumulation_steps: 2 }, { changes });
  expect(halves.measurements.length).toBe(whole.measurements.length);
  for (const [i, { trainLoss, validation }] of halves.measurements.entries()) {
    // Sums in another order, through seven steps of Adam; measured 1e-6.
    expect(trainLoss).toBeCloseTo(whole.measurements[i]!.trainLoss, 4);
    expect(validation.loss).toBeCloseTo(whole.measurements[i]!.validation.loss!, 4);
  }
});

test("a frozen base learns nothing before its share of the steps is over", async () => {
  const changes = { evalSteps: 1, length: { maxSteps: 6 } };
  const { measurements } = await run({ lr_ratio: 10, base_freeze_ratio: 0.5 }, { changes });
  const base = measurements.map(({ groups }) => groups.base!);
  expect(base.map(({ updateRatio }) => updateRatio > 0)).toEqual([false, false, false, true, true, true]);
  expect(base.slice(0, 3).map(({ lr }) => lr)).toEqual([0, 0, 0]);
  expect(measurements.every(({ groups }) => groups.introduced!.updateRatio > 0)).toBe(true);
});

test("a trial ends after early_stopping_patience evaluations without a better value, and keeps its best", async () => {
  // A rate at which the loss only rises.
  const changes = { length: { maxSteps: 12 }, evalSteps: 1, dropout: false };
  const worsening = { lr_ratio: 1, base_lr: 1 };
  const all = await run(worsening, { changes });
  const { measurements, outcome } = await run(worsening, { changes: { ...changes, earlyStoppingPatience: 2 } });
  expect(measurements.length).toBeLessThan(all.measurements.length);
  const losses = measurements.map(({ validation }) => validation.loss!);
  const best = losses.indexOf(Math.min(...losses));
  expect(measurements.length).toBe(best + 1 + 2);
  expect(outcome).toEqual({ state: "complete", value: losses[best], bestStep: best + 1 });
});

test("evaluates every eval_steps steps and after the last; the value is the best evaluation's", async () => {
  const { measurements, outcome } = await run({ lr_ratio: 10 });
  expect(measurements.map(({ step }) => step)).toEqual([3, 6, 7]);
  const losses = measurements.map(({ validation }) => validation.loss!);
  const value = Math.min(...losses);
  expect(outcome).toEqual({ state: "complete", value, bestStep: measurements[losses.indexOf(value)]!.step });
  for (const { validation, groups } of measurements) {
    expect(validation.loss_introduced).toBeGreaterThan(0);
    expect(validation.loss_base).toBeGreaterThan(0);
    expect(groups.introduced!.lr / groups.base!.lr).toBeCloseTo(10, 9);
    expect(groups.introduced!.gradNorm).toBeGreaterThan(0);
    expect(groups.base!.updateRatio).toBeGreaterThan(0);
  }
});

test("the same trial gives the same numbers to the last bit; another seed does not", async () => {
  const first = withoutTime(await run({ lr_ratio: 10 }));
  expect(withoutTime(await run({ lr_ratio: 10 }))).toEqual(first);
  expect(withoutTime(await run({ lr_ratio: 10 }, { seed: 12 }))).not.toEqual(first);
});

test("loss on introduced and on base tokens average to the loss over all", async () => {
  const { measurements } = await run({ lr_ratio: 1 });
  for (const { validation } of measurements) {
    const { loss, loss_introduced, loss_base } = validation as Record<MetricName, number>;
    expect(Math.min(loss_introduced, loss_base)).toBeLessThanOrEqual(loss);
    expect(Math.max(loss_introduced, loss_base)).toBeGreaterThanOrEqual(loss);
  }
});

/** A checkpoint and a weights file in a folder of their own. */
function temporaryFiles(): Required<TrainingFiles> {
  const folder = mkdtempSync(join(tmpdir(), "dualrate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { fingerprint: "f", checkpoint: join(folder, "c", "1.safetensors"), weights: join(folder, "w.safetensors") };
}

/** Stops at the `calls`th time that it is asked. */
function stopAfter(calls: number): () => boolean {
  let left = calls;
  return () => left-- <= 0;
}

// Asked before steps and evaluation batches: 2 is within the first stretch, 4 within its evaluation, 9 in the second.
test.each([1, 2, 4, 5, 6, 9, 12])(
  "stopped at the %ith look, a trial with dropout goes on bit-identically",
  async (n) => {
    const whole = temporaryFiles();
    const undisturbed = await run({ lr_ratio: 10 }, { files: whole });
    const files = temporaryFiles();
    const stopped = run({ lr_ratio: 10 }, { files, stopped: stopAfter(n) });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    const notices: Notice[] = [];
    expect(withoutTime(await run({ lr_ratio: 10 }, { files, notices }))).toEqual(withoutTime(undisturbed));
    expect(notices).toEqual([{ kind: "trial", message: expect.stringMatching(/^goes on after step \d$/) }]);
    expect(readFileSync(files.weights).equals(readFileSync(whole.weights))).toBe(true);
  },
);

test("stopped because it is another process's by now, a trial leaves its files as they are", async () => {
  const files = temporaryFiles();
  await run({ lr_ratio: 10 }, { files, stopped: stopAfter(9) }).catch(() => {});
  const before = readFileSync(files.checkpoint);
  const stopped = run({ lr_ratio: 10 }, { files, stopped: stopAfter(1), abandoned: () => true });
  await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  expect(readFileSync(files.checkpoint).equals(before)).toBe(true);
  const others = temporaryFiles();
  await run({ lr_ratio: 10 }, { files: others, stopped: stopAfter(2), abandoned: () => true }).catch(() => {});
  expect(existsSync(others.checkpoint)).toBe(false);
});

test.each([
  ["cut off", (file: string) => truncateSync(file, 3000), /possible in this file/],
  ["overwritten", (file: string) => writeFileSync(file, "no checkpoint"), /header/],
  ["of another trial", () => {}, /another trial's/],
])("a checkpoint that is %s is not used: the trial says so and starts over", async (name, damage, reason) => {
  const undisturbed = await run({ lr_ratio: 10 });
  const files = temporaryFiles();
  await run({ lr_ratio: 10 }, { files, stopped: stopAfter(2) }).catch(() => {});
  damage(files.checkpoint);
  const notices: Notice[] = [];
  const again = name === "of another trial" ? { ...files, fingerprint: "g" } : files;
  expect(withoutTime(await run({ lr_ratio: 10 }, { files: again, notices }))).toEqual(withoutTime(undisturbed));
  expect(notices).toEqual([{ kind: "warning", message: expect.stringMatching(reason) }]);
});

test("the kept weights are those of the best evaluation, not of the last", async () => {
  const files = temporaryFiles();
  // As little accuracy as can be had: that of the first evaluation.
  const { outcome } = await run({ lr_ratio: 1000 }, { files, metric: "accuracy" });
  const best = outcome.state === "complete" ? outcome.bestStep : 0;
  expect(best).toBe(3);
  const shorter = temporaryFiles();
  await run({ lr_ratio: 1000 }, { files: shorter, metric: "accuracy", verdict: { action: "stop", reason: "" } });
  expect(readFileSync(files.weights).equals(readFileSync(shorter.weights))).toBe(true);
});

/** Two classes of texts; words from 40 on occur in none. `kept`: ids below it have rows. */
function classification(kept: number): SharedInputs {
  const rowMap = buildRowMap(VOCABULARY, NEW, new Set(Array.from({ length: kept }, (_, id) => id)));
  const row = (id: number) => rowMap.rowOfId[id < VOCABULARY && id >= 40 ? id - 30 : id]!;
  const classed = (from: EncodedSplit): EncodedSplit => {
    return { ...from, rows: from.rows.map(row), labels: from.offsets.slice(1).map((_, i) => i % 2) };
  };
  const { data, ...rest } = inputs();
  const splits = { train: classed(data.train), validation: classed(data.validation) };
  return { ...rest, rowMap, data: { ...data, ...splits, classes: ["a", "b"] } };
}

test.each(["adamw", "lion"])(
  "%s: rows that compaction left out come out as if they had been trained: decayed, and nothing else",
  async (optim) => {
    const weights = await Promise.all(
      [VOCABULARY, 45].map(async (kept) => {
        const files = temporaryFiles();
        const changed: Settings = { ...settings, task: "sequence-classification" };
        const config = resolveConfig(
          changed,
          { lr_ratio: 10, weight_decay: 5, optim },
          { seed: 11, trainExamples: 40 },
        );
        const metric = { name: "loss", goal: "minimize" } as const;
        const training = { settings: changed, config, inputs: classification(kept), metric, studySeed: 5, files };
        const trial = train(training, runtime);
        for (let next = await trial.next(); !next.done; next = await trial.next());
        return readSafetensors(files.weights);
      }),
    );
    const [full, compact] = weights.map((all) => new Map(all.map(({ name, data }) => [name, data])));
    const words = "bert.embeddings.word_embeddings.weight";
    const before = tensors.find(({ name }) => name === words)!.data;
    expect(full!.get(words)!.at(-65)! / before.at(-1)!).toBeLessThan(0.99);
    for (const [name, data] of full!) {
      const difference = data.map((value, i) => Math.abs(value - compact!.get(name)![i]!));
      expect(Math.max(...difference), name).toBeLessThan(1e-6);
    }
  },
);

test("introduced rows of an output layer of its own start by the same rule, on its own rows and with draws of its own", async () => {
  const folder = fileURLToPath(new URL("../golden/tiny-llama-untied/", import.meta.url));
  const own = await readSafetensors(`${folder}model.safetensors`);
  const base = inputs();
  const config = JSON.parse(readFileSync(`${folder}config.json`, "utf8"));
  const rowMap = buildRowMap(config.vocab_size, [41, 42], "all");
  const llama: SharedInputs = { ...base, modelConfig: config, tensors: own, rowMap };
  const causal: Settings = { ...settings, task: "causal-lm" };
  const starts = async (init: string) => {
    const trial = resolveConfig(causal, { lr_ratio: 1, init }, { seed: 11, trainExamples: 40 });
    const metric = { name: "loss", goal: "minimize" } as const;
    const engine = createEngine({ settings: causal, config: trial, inputs: llama, metric, studySeed: 5 }, runtime);
    const { tensors } = await engine.save();
    return ["embeddings.word", "output.word"].map((name) => tensors.get(name)!.value.slice(-16));
  };
  const means = ["model.embed_tokens.weight", "lm_head.weight"].map((name) => {
    const { data } = own.find((tensor) => tensor.name === name)!;
    return Array.from({ length: 16 }, (_, i) => data.filter((_, at) => at % 16 === i).reduce((a, b) => a + b) / 41);
  });
  (await starts("mean")).forEach((row, table) => {
    row.forEach((value, i) => expect(value).toBeCloseTo(means[table]![i]!, 6));
  });
  const [words, output] = await starts("random");
  expect(words).not.toEqual(output);
});

test("a paused trial goes on from its checkpoint, with the numbers of one that never was", async () => {
  const whole = await run({ lr_ratio: 10 });
  const files = temporaryFiles();
  const paused = await run({ lr_ratio: 10 }, { files, verdict: { action: "pause", reason: "rank 2 of 2" } });
  const [first] = whole.measurements;
  expect(paused.outcome).toEqual({ state: "paused", step: first?.step, reason: "rank 2 of 2" });
  expect(paused.measurements).toHaveLength(1);
  expect(withoutTime(await run({ lr_ratio: 10 }, { files }))).toEqual(withoutTime(whole));
});

test("a verdict ends a trial where it was given, with its reason", async () => {
  const { measurements, outcome } = await run({ lr_ratio: 1 }, { verdict: { action: "stop", reason: "worst half" } });
  expect(measurements).toHaveLength(1);
  expect(outcome).toEqual({ state: "pruned", step: 3, reason: "worst half" });
});

test("divergence ends a trial with the step and the reason", async () => {
  const { outcome } = await run({ intro_lr: 1e38 });
  expect(outcome).toMatchObject({ state: "failed", failure: { kind: "diverged", step: expect.any(Number) } });
  if (outcome.state === "failed") expect(outcome.failure.message).toMatch(/(loss|norm) is (NaN|Infinity)/);
});

test("a metric that nothing is measured by is a failure that says so", async () => {
  const { outcome } = await run({ lr_ratio: 1 }, { metric: "loss_base", changes: { maskProbability: 0 } });
  expect(outcome).toMatchObject({
    state: "failed",
    failure: { kind: "error", message: expect.stringMatching(/loss_base has nothing/) },
  });
});

test("a model that cannot be trained as asked is refused", () => {
  const longer = { ...settings, trainer: { ...settings.trainer, maxLength: 64 } };
  expect(() => checkModel(longer, inputs())).toThrow(/max_length is 64, but the model has 40 positions/);
  const headless = { ...inputs(), tensors: tensors.filter(({ name }) => !name.startsWith("cls.")) };
  expect(() => checkModel(settings, headless)).toThrow(/no tensor "cls\.predictions\.transform\.dense\.weight"/);
  const lazy: Settings = { ...settings, trainer: { ...settings.trainer, rowUpdates: "lazy" } };
  expect(() => checkModel(lazy, inputs())).toThrow(
    /^row_updates: lazy needs a word table of the input's own; in masked-lm/,
  );
  expect(() => checkModel({ ...lazy, task: "sequence-classification" }, classification(VOCABULARY))).not.toThrow();
  const misshapen = inputs();
  const smaller = { ...misshapen, modelConfig: { ...misshapen.modelConfig, intermediate_size: 40 } };
  expect(() => checkModel(settings, smaller)).toThrow(
    /layer\.0\.intermediate\.dense\.weight" is 48 x 32, expected 40 x 32/,
  );
  expect(() => checkModel(settings, inputs())).not.toThrow();
});
