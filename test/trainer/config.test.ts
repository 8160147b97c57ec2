import { describe, expect, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import type { Settings, TrainerSettings } from "../../src/sweep/settings.js";
import type { Parameters } from "../../src/sweep/space.js";
import { resolveConfig } from "../../src/trainer/config.js";

function settings(fixed: Parameters = {}, trainer: Partial<TrainerSettings> = {}): Settings {
  return {
    model: "/model",
    task: "masked-lm",
    data: { train: "/train.jsonl", validation: "/valid.jsonl", text: "text", label: "label" },
    introduced: { tokens: ["<new>"], special: false },
    trainer: {
      length: { maxSteps: 100 },
      evalSteps: 10,
      evalBatchSize: 32,
      maxLength: 64,
      maskProbability: 0.15,
      introducedMaskProbability: 0.15,
      maskReplacement: [0.8, 0.1, 0.1],
      dropout: true,
      groupByLength: true,
      ...trainer,
    },
    fixed,
  };
}

const RATES = { base_lr: 1e-4, lr_ratio: 10 };
const FACTS = { seed: 7, trainExamples: 100 };

describe("resolveConfig", () => {
  test("fills in every default", () => {
    const schedule = { type: "linear", totalSteps: 100, warmupSteps: 0, delaySteps: 0, startFactor: 0 };
    expect(resolveConfig(settings(), RATES, FACTS)).toEqual({
      groups: {
        base: { lr: 1e-4, weightDecay: 0.01, schedule },
        head: { lr: 1e-4, weightDecay: 0.01, schedule },
        introduced: { lr: 1e-3, weightDecay: 0.01, schedule },
      },
      layerLrDecay: 1,
      optimizer: { name: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      rowUpdates: "dense",
      baseFrozenSteps: 0,
      maxGradNorm: 1,
      gradClipping: "global",
      batchSize: 16,
      accumulationSteps: 1,
      totalSteps: 100,
      evalSteps: 10,
      init: "mean",
      biasInit: "mean",
      dropout: true,
      seed: 7,
    });
  });

  test("gives token groups and the head rates, schedules and decays of their own, by default the base's", () => {
    const grouped = {
      ...settings({ weight_decay: 0.1, warmup_ratio: 0.1 }),
      tokenGroups: { special: ["a"], digits: ["1"] },
    };
    const given = {
      special_lr_ratio: 0.5,
      special_lr_scheduler_type: "cosine",
      special_delay_ratio: 0.2,
      special_start_factor: 0.3,
      special_weight_decay: 0,
      head_warmup_ratio: 0.4,
    };
    const { groups } = resolveConfig(grouped, { ...RATES, ...given }, FACTS);
    expect(groups.special).toEqual({
      lr: 5e-5,
      weightDecay: 0,
      schedule: { type: "cosine", totalSteps: 100, warmupSteps: 10, delaySteps: 20, startFactor: 0.3 },
    });
    expect(groups.digits).toEqual(groups.base);
    expect(groups.head).toEqual({ ...groups.base, schedule: { ...groups.base.schedule, warmupSteps: 40 } });
  });

  test("lets a token group's rate be 0, whatever its schedule's end", () => {
    const grouped = { ...settings({ lr_scheduler_type: "polynomial" }), tokenGroups: { special: ["a"] } };
    const { groups } = resolveConfig(grouped, { ...RATES, special_lr_ratio: 0 }, FACTS);
    expect(groups.special).toMatchObject({ lr: 0, schedule: { endFactor: 0 } });
  });

  test("lets a trial's parameters add to the fixed ones", () => {
    const fixed = { base_lr: 1e-4, weight_decay: 0, batch_size: 4, init: "random" };
    const config = resolveConfig(settings(fixed), { intro_lr: 2e-3, head_lr_ratio: 5 }, FACTS);
    expect(config).toMatchObject({ batchSize: 4, init: "random" });
    expect(config.groups.head).toMatchObject({ lr: 5e-4, weightDecay: 0 });
    expect(config.groups.introduced).toMatchObject({ lr: 2e-3, weightDecay: 0 });
  });

  test("gives each optimizer its own settings, and Lion a second beta of 0.99 unless told otherwise", () => {
    const optimizer = (given: Parameters) => resolveConfig(settings(), { ...RATES, ...given }, FACTS).optimizer;
    expect(optimizer({ optim: "adam", adam_beta2: 0.9 })).toEqual({
      name: "adam",
      beta1: 0.9,
      beta2: 0.9,
      epsilon: 1e-8,
    });
    expect(optimizer({ optim: "sgd" })).toEqual({ name: "sgd", momentum: 0.9 });
    expect(optimizer({ optim: "sgd", momentum: 0 })).toEqual({ name: "sgd", momentum: 0 });
    expect(optimizer({ optim: "lion" })).toEqual({ name: "lion", beta1: 0.9, beta2: 0.99 });
    expect(optimizer({ optim: "lion", adam_beta2: 0.999 })).toEqual({ name: "lion", beta1: 0.9, beta2: 0.999 });
  });

  test("gives the introduced tokens the base's schedule, warmup and decay unless told otherwise", () => {
    const shared = { ...RATES, lr_scheduler_type: "cosine", warmup_ratio: 0.1, weight_decay: 0.1 };
    const same = resolveConfig(settings(), shared, FACTS).groups;
    expect(same.introduced).toEqual({ ...same.base, lr: same.introduced.lr });
    const own = { introduced_lr_scheduler_type: "constant", introduced_warmup_ratio: 0.3, introduced_weight_decay: 0 };
    const { base, introduced } = resolveConfig(settings(), { ...shared, ...own }, FACTS).groups;
    expect(base.schedule).toMatchObject({ type: "cosine", warmupSteps: 10 });
    expect(introduced).toMatchObject({ weightDecay: 0, schedule: { type: "constant", warmupSteps: 30 } });
  });

  test("delays and lifts the introduced tokens alone", () => {
    const ramp = { warmup_ratio: 0.1, introduced_delay_ratio: 0.255, introduced_start_factor: 0.2 };
    const { base, head, introduced } = resolveConfig(settings(), { ...RATES, ...ramp }, FACTS).groups;
    expect(introduced.schedule).toMatchObject({ delaySteps: 26, startFactor: 0.2 });
    for (const group of [base, head]) expect(group.schedule).toMatchObject({ delaySteps: 0, startFactor: 0 });
  });

  test("gives each schedule its own options, with Hugging Face's and PyTorch's defaults", () => {
    const scheduleWith = (given: Parameters) => resolveConfig(settings(given), RATES, FACTS).groups.base.schedule;
    expect(scheduleWith({ lr_scheduler_type: "cosine_with_restarts" })).toMatchObject({ numCycles: 1 });
    expect(scheduleWith({ lr_scheduler_type: "cosine_with_min_lr", min_lr_ratio: 0.1 })).toMatchObject({
      endFactor: 0.1,
      startFactor: 0,
    });
    const stable = { lr_scheduler_type: "warmup_stable_decay", decay_ratio: 0.205, min_lr_ratio: 0.1 };
    expect(scheduleWith(stable)).toMatchObject({
      warmupType: "linear",
      decayType: "cosine",
      decaySteps: 21,
      endFactor: 0.1,
      startFactor: 0.1,
    });
    const cycle = scheduleWith({ lr_scheduler_type: "one_cycle", warmup_ratio: 0.3 });
    expect(cycle).toMatchObject({ warmupSteps: 30, startFactor: 0.04, endFactor: 0.04 / 1e4 });
  });

  test("ends every group's polynomial at the same lr_end", () => {
    const given = { lr_scheduler_type: "polynomial", lr_end: 1e-5, head_lr_ratio: 5 };
    const { base, head, introduced } = resolveConfig(settings(given), RATES, FACTS).groups;
    for (const { lr, schedule } of [base, head, introduced]) {
      expect(schedule).toMatchObject({ type: "polynomial", power: 1 });
      expect("endFactor" in schedule && schedule.endFactor * lr).toBeCloseTo(1e-5, 18);
    }
  });

  test("refuses a polynomial that would rise", () => {
    const rising = () =>
      resolveConfig(
        settings({ lr_scheduler_type: "polynomial", lr_end: 1e-4 }),
        { base_lr: 1e-4, lr_ratio: 10 },
        FACTS,
      );
    expect(rising).toThrow(DualrateError);
    expect(rising).toThrow(/lr_end must be less than every group's learning rate \(0.0001\); got 0.0001/);
  });

  test("prefers a given start factor to the schedule's own", () => {
    const given = { lr_scheduler_type: "one_cycle", warmup_ratio: 0.3, introduced_start_factor: 0 };
    const { base, introduced } = resolveConfig(settings(given), RATES, FACTS).groups;
    expect([base.schedule.startFactor, introduced.schedule.startFactor]).toEqual([0.04, 0]);
  });

  test("leaves a decay that is rounded up the steps after the warmup", () => {
    const given = {
      introduced_lr_scheduler_type: "warmup_stable_decay",
      decay_ratio: 0.5,
      introduced_warmup_ratio: 0.5,
    };
    const { introduced } = resolveConfig(settings(given, { length: { maxSteps: 33 } }), RATES, FACTS).groups;
    expect(introduced.schedule).toMatchObject({ warmupSteps: 17, decaySteps: 16 });
  });

  test("rounds warmup up, as Hugging Face does", () => {
    const config = resolveConfig(settings({}, { length: { maxSteps: 33 } }), { ...RATES, warmup_ratio: 0.1 }, FACTS);
    expect(config.groups.base.schedule.warmupSteps).toBe(4);
  });

  test.each([
    [1, 7],
    [3, 21],
    [1.5, 11],
    [0.1, 1],
  ])("%d epochs of 100 examples in batches of 16 are %d steps", (numTrainEpochs, steps) => {
    const trainer = { length: { numTrainEpochs }, evalSteps: 1 };
    expect(resolveConfig(settings({}, trainer), RATES, FACTS).totalSteps).toBe(steps);
  });

  test("an accumulated step takes several batches, and an epoch's last one what is left", () => {
    const trainer = { length: { numTrainEpochs: 3 }, evalSteps: 1 };
    const accumulated = { ...RATES, gradient_accumulation_steps: 4 }; // 7 batches an epoch
    expect(resolveConfig(settings({}, trainer), accumulated, FACTS).totalSteps).toBe(6);
  });

  test("refuses epochs that end before the first evaluation", () => {
    const trainer = { length: { numTrainEpochs: 1 }, evalSteps: 10 };
    expect(() => resolveConfig(settings({}, trainer), RATES, FACTS)).toThrow(/eval_steps.* 7 steps.*got 10/);
  });

  test("refuses other than two of the three rates", () => {
    const wrong = () => resolveConfig(settings({ base_lr: 1e-4 }), { lr_ratio: 2, intro_lr: 1e-3 }, FACTS);
    expect(wrong).toThrow(DualrateError);
    expect(wrong).toThrow(/exactly two of .*got base_lr, lr_ratio, intro_lr/);
  });
});
