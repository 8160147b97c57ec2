// The training loop on a tiny BERT (test/golden/) with made-up texts.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../src/random.js";
import type { MetricName, Settings } from "../../src/sweep/settings.js";
import type { Measurement, TrialOutcome, Verdict } from "../../src/sweep/trial.js";
import { resolveConfig } from "../../src/trainer/config.js";
import type { EncodedSplit, NamedTensor, SharedInputs } from "../../src/trainer/data/inputs.js";
import { buildRowMap } from "../../src/trainer/data/row-map.js";
import { createRuntime } from "../../src/trainer/engine/runtime.js";
import { readSafetensors } from "../../src/trainer/files/safetensors.js";
import { checkModel, train } from "../../src/trainer/train.js";

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

async function run(
  parameters: Record<string, number>,
  options: { metric?: MetricName; verdict?: Verdict; changes?: Partial<Settings["trainer"]>; seed?: number } = {},
): Promise<Run> {
  const changed = { ...settings, trainer: { ...settings.trainer, ...options.changes } };
  const config = resolveConfig(changed, parameters, { seed: options.seed ?? 11, trainExamples: 40 });
  const metric = { name: options.metric ?? "loss", goal: "minimize" } as const;
  const generator = train({ settings: changed, config, inputs: inputs(), metric, studySeed: 5 }, runtime);
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
  const misshapen = inputs();
  const smaller = { ...misshapen, modelConfig: { ...misshapen.modelConfig, intermediate_size: 40 } };
  expect(() => checkModel(settings, smaller)).toThrow(
    /layer\.0\.intermediate\.dense\.weight" is 48 x 32, expected 40 x 32/,
  );
  expect(() => checkModel(settings, inputs())).not.toThrow();
});
