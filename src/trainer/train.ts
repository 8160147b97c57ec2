// The training loop of one trial: an async generator of measurements, whose return value is how the trial ended.
import { DualrateError } from "../errors.js";
import { deriveKey } from "../random.js";
import type { Metric, MetricName, Settings } from "../sweep/settings.js";
import type { GroupReport, Measurement, MetricValues, TrialOutcome, Verdict } from "../sweep/trial.js";
import type { ByGroup, GroupConfig, TrainConfig } from "./config.js";
import type { Batch } from "./data/batch.js";
import { createTrainingBatches, type TrainingBatches, validationBatches } from "./data/batches.js";
import type { NamedTensor, SharedInputs } from "./data/inputs.js";
import type { Engine, GroupNorms, StepRates, StepResult } from "./engine/engine.js";
import { OnnxEngine } from "./engine/onnx/engine.js";
import type { Runtime } from "./engine/runtime.js";
import { trainedTensors } from "./exported.js";
import { createF1, type F1, NO_F1 } from "./f1.js";
import { writeSafetensors } from "./files/safetensors.js";
import { introducedBias, introducedRows } from "./introduce.js";
import { metricValues, Tally } from "./metrics.js";
import { type Model, WORD_TABLE } from "./models/model.js";
import { buildModel } from "./models/registry.js";
import { layOut } from "./optim/layout.js";
import { scheduleMultiplier } from "./optim/schedule.js";
import { type Notice, type Progress, resume, type TrainingFiles } from "./progress.js";
import { checkTensors, openCheckpoint, writeInitialValues, writeTrainedValues } from "./weights.js";

/** A trial, as the trainer needs it. */
export interface Training {
  readonly settings: Settings;
  readonly config: TrainConfig;
  readonly inputs: SharedInputs;
  readonly metric: Metric;
  /** Seeds what all trials share: the masks of the validation set. */
  readonly studySeed: number;
  /** Asked before each step and each evaluation batch; true ends the training with an "interrupted" error. */
  readonly stopped?: () => boolean;
  /** Asked before anything is written; true leaves the files as they are. */
  readonly abandoned?: () => boolean;
  /** Nothing is written where none are given. */
  readonly files?: TrainingFiles;
  readonly notify?: (notice: Notice) => void;
}

type Generator = AsyncGenerator<Measurement, TrialOutcome, Verdict | undefined>;

/**
 * Trains one configuration. Evaluates every `evalSteps` steps and after the last, and stops early where patience runs out:
 * a trial's value and its weights are the best evaluation's anyway. The verdict sent back for a
 * measurement may end the trial, or pause it. The outcome is `failed` with kind "diverged" where a loss or a gradient is no longer
 * finite; other faults are thrown. A checkpoint is written after every evaluation and when the training is stopped; where
 * there is one, its measurements come first, at once, and the training goes on after them.
 */
export async function* train(training: Training, runtime: Runtime): Generator {
  const { config, files } = training;
  const engine = createEngine(training, runtime);
  const batches = trainingBatches(training);
  const { settings } = training;
  const progress = await resume(engine, files, training.notify ?? (() => {}));
  try {
    for (const measurement of [...progress.measurements]) {
      const left = leaving(measurement, yield measurement);
      if (left) return left;
    }
    while (progress.due || (progress.step < config.totalSteps && !outOfPatience(settings, progress))) {
      checkStop(training);
      const ended = progress.due ? undefined : await takeStep(training, engine, batches, progress);
      if (ended) return ended;
      if (!progress.due) continue;

      const measured = await measure(training, engine, progress, progress.due);
      if ("state" in measured) return measured;
      const left = leaving(measured, yield measured);
      // Not before the measurement is stored: it may turn out that the files are another process's.
      if (progress.best?.bestStep === measured.step) await keepWeights(training, engine);
      if (left?.state === "pruned") return left;
      if (progress.step < config.totalSteps) await save(training, engine, progress);
      if (left) return left;
    }
  } catch (error) {
    if (error instanceof DualrateError && error.code === "interrupted") await save(training, engine, progress);
    throw error;
  } finally {
    engine.dispose();
  }
  if (progress.best === null) throw new Error("the trial ended without an evaluation");
  return { state: "complete", ...progress.best };
}

/** Writes a checkpoint, unless the files are another process's by now. */
async function save(training: Training, engine: Engine, progress: Progress): Promise<void> {
  if (!training.abandoned?.()) await progress.save(engine, training.files);
}

/** How the trial leaves after a measurement, where the verdict on it says so. A paused one goes on from its checkpoint. */
function leaving({ step }: Measurement, verdict: Verdict | undefined): TrialOutcome | undefined {
  if (verdict === undefined || verdict.action === "continue") return undefined;
  return { state: verdict.action === "stop" ? "pruned" : "paused", step, reason: verdict.reason };
}

/** A trial's batches by step. */
export function trainingBatches({ settings, config, inputs }: Training): TrainingBatches {
  const { batchSize, accumulationSteps, seed } = config;
  const options = { ...settings.trainer, task: settings.task, batchSize, accumulationSteps, seed };
  return createTrainingBatches(inputs, options);
}

/** The next optimizer step; the outcome where the trial diverges. */
async function takeStep(
  { config }: Training,
  engine: Engine,
  batches: TrainingBatches,
  progress: Progress,
): Promise<TrialOutcome | undefined> {
  const batch = batches(progress.step);
  const result = await engine.step(batch, ratesAt(config, progress.step));
  if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradNorm)) return diverged(progress.step + 1, result);
  progress.step++;
  const targets = batch.reduce((sum, { targetCount }) => sum + targetCount, 0);
  progress.trainLoss.add(result.loss, targets);
  if (progress.step % config.evalSteps === 0 || progress.step === config.totalSteps) progress.due = result;
  return undefined;
}

/** Whether so many evaluations in a row were no better than the best (Hugging Face's EarlyStoppingCallback, threshold 0). */
function outOfPatience({ trainer }: Settings, { best, measurements }: Progress): boolean {
  const { earlyStoppingPatience: patience } = trainer;
  if (patience === undefined || best === null) return false;
  return measurements.filter(({ step }) => step > best.bestStep).length >= patience;
}

/** The evaluation after a step with this result; the outcome where it ends the trial. */
async function measure(
  training: Training,
  engine: Engine,
  progress: Progress,
  result: StepResult,
): Promise<Measurement | TrialOutcome> {
  const { config, metric } = training;
  const { step } = progress;
  const f1 = createF1(training.settings.task, training.inputs.data.classes);
  const validation = await evaluate(engine, evaluationBatches(training), f1, () => checkStop(training));
  const { seconds } = progress;
  const value = validation[metric.name];
  if (value === null) return nothingToMeasure(step, metric.name);
  if (!Number.isFinite(value)) return failed("diverged", step, `the validation ${metric.name} is ${value}`);
  if (progress.best === null || isBetter(metric, value, progress.best.value)) {
    progress.best = { value, bestStep: step };
  }
  const groups = groupReports(config, result, step - 1);
  const measurement = { step, trainLoss: progress.trainLoss.take(), validation, groups, seconds };
  progress.measurements.push(measurement);
  progress.due = null;
  return measurement;
}

/** Writes the model as it is now to the trial's weights file, where it has one. */
async function keepWeights(training: Training, engine: Engine): Promise<void> {
  const { files } = training;
  if (!files?.weights || training.abandoned?.()) return;
  await writeSafetensors(files.weights, await modelTensors(training, engine), { fingerprint: files.fingerprint });
}

/** The model as it is now, in Hugging Face's names. */
export async function modelTensors(
  { settings, config, inputs }: Training,
  engine: Engine,
): Promise<readonly NamedTensor[]> {
  const { step, tensors } = await engine.view();
  const model = modelFor(settings, inputs);
  const weightDecay = config.groups.base.weightDecay * config.layerLrDecay ** model.layersAbove(WORD_TABLE);
  const decays = Array.from({ length: step }, (_, s) => 1 - ratesAt(config, s).lr.base * weightDecay);
  return trainedTensors({
    model,
    rowMap: inputs.rowMap,
    checkpoint: openCheckpoint(inputs.tensors),
    parameter: (name: string) => tensors.get(name)?.value,
    unusedRowsFactor: decays.reduce((product, decay) => product * decay, 1),
  });
}

/** Throws a DualrateError where the model cannot be trained as the settings ask: before anything is stored. */
export function checkModel(settings: Settings, inputs: SharedInputs): void {
  const model = modelFor(settings, inputs);
  const { trainer } = settings;
  const { maxLength } = trainer;
  if (maxLength > model.maxPositions) {
    throw new DualrateError("model", `max_length is ${maxLength}, but the model has ${model.maxPositions} positions`, {
      hint: `Set max_length to ${model.maxPositions} or less.`,
    });
  }
  if (trainer.rowUpdates === "lazy" && model.tied) {
    throw new DualrateError(
      "sweep-file",
      `row_updates: lazy needs a word table of the input's own; in ${settings.task} the output layer shares it, and gives ` +
        "every row a gradient in every step",
      { hint: "Leave row_updates out, or use a task that classifies.", key: ["trainer", "row_updates"] },
    );
  }
  checkTensors(model, { checkpoint: openCheckpoint(inputs.tensors), rowMap: inputs.rowMap });
}

function modelFor(settings: Settings, inputs: SharedInputs): Model {
  const checkpoint = openCheckpoint(inputs.tensors);
  const { baseRows, introducedRows } = inputs.rowMap;
  return buildModel(inputs.modelConfig, {
    task: settings.task,
    rows: baseRows + introducedRows,
    ...(settings.trainer.problemType === "regression"
      ? { classes: 1, regression: true }
      : { classes: inputs.data.classes.length }),
    has: (tensor) => checkpoint.find(tensor) !== undefined,
  });
}

/** An engine at the trial's first step. */
export function createEngine({ settings, config, inputs }: Training, runtime: Runtime): Engine {
  const model = modelFor(settings, inputs);
  const layout = layOut(model, inputs.rowMap, config.layerLrDecay);
  const { introduced } = inputs.data;
  const seed = deriveKey(config.seed, "introduced");
  const source = {
    checkpoint: openCheckpoint(inputs.tensors),
    rowMap: inputs.rowMap,
    introducedPart: (tensor: NamedTensor, parameter: string) =>
      tensor.shape.length === 1
        ? introducedBias(tensor, introduced, config.biasInit)
        : introducedRows(tensor, introduced, config.init, {
            // An output layer that is not tied has draws of its own.
            seed: parameter === WORD_TABLE ? seed : deriveKey(seed, parameter),
            initializerRange: model.initializerRange,
          }),
    seed: config.seed,
  };
  const initialize = (values: Float32Array) => writeInitialValues(values, model, layout, source);
  return new OnnxEngine({ runtime, model, layout, initialize });
}

/** Every metric of a trained model, whose tensors are given, on the test split. */
export async function test(
  { settings, config, inputs, studySeed }: Training,
  tensors: readonly NamedTensor[],
  runtime: Runtime,
): Promise<MetricValues> {
  const model = modelFor(settings, inputs);
  const layout = layOut(model, inputs.rowMap, config.layerLrDecay);
  const source = { checkpoint: openCheckpoint(tensors), rowMap: inputs.rowMap };
  const initialize = (values: Float32Array) => writeTrainedValues(values, model, layout, source);
  const engine = new OnnxEngine({ runtime, model, layout, initialize });
  const { task, trainer } = settings;
  const options = { ...trainer, task, batchSize: trainer.evalBatchSize, studySeed };
  try {
    return await evaluate(engine, validationBatches(inputs, "test", options), createF1(task, inputs.data.classes));
  } finally {
    engine.dispose();
  }
}

/** The validation set's batches, made once for all trials of a study in this thread. */
export function evaluationBatches(training: Training): readonly Batch[] {
  const known = evaluationCache.get(training.inputs);
  if (known) return known;
  const { task, trainer } = training.settings;
  const options = { ...trainer, task, batchSize: trainer.evalBatchSize, studySeed: training.studySeed };
  const batches = validationBatches(training.inputs, "validation", options);
  evaluationCache.set(training.inputs, batches);
  return batches;
}

const evaluationCache = new WeakMap<SharedInputs, readonly Batch[]>();

/** Every metric over a set of batches, each target counted alike, whatever batch it is in. `f1` must be a new one. */
export async function evaluate(
  engine: Engine,
  batches: readonly Batch[],
  f1: F1 = NO_F1,
  beforeEach = () => {},
): Promise<MetricValues> {
  const tally = new Tally(f1);
  for (const batch of batches) {
    beforeEach();
    tally.add(batch, await engine.evaluate(batch));
  }
  return metricValues(tally);
}

function checkStop({ stopped }: Training): void {
  if (stopped?.()) throw new DualrateError("interrupted", "the trial was stopped");
}

/** Rates at a step, counted from 0. */
export function ratesAt(config: TrainConfig, step: number): StepRates {
  const lr = byGroup(({ lr, schedule }) => lr * scheduleMultiplier(schedule, step), config);
  return {
    lr: { ...lr, ...(step < config.baseFrozenSteps && { base: 0 }) },
    weightDecay: byGroup(({ weightDecay }) => weightDecay, config),
    maxGradNorm: config.maxGradNorm,
    gradClipping: config.gradClipping,
    optimizer: config.optimizer,
    rowUpdates: config.rowUpdates,
    baseFrozenSteps: config.baseFrozenSteps,
    dropoutKey: config.dropout ? deriveKey(config.seed, "dropout", step) : null,
  };
}

function byGroup<T>(pick: (group: GroupConfig) => T, { groups }: TrainConfig): ByGroup<T> {
  return Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, pick(group)])) as ByGroup<T>;
}

function groupReports(config: TrainConfig, result: StepResult, step: number): Record<string, GroupReport> {
  const { lr } = ratesAt(config, step);
  const report = ([group, norms]: [string, GroupNorms]) => {
    const updateRatio = norms.weightNorm > 0 ? norms.updateNorm / norms.weightNorm : 0;
    return [group, { lr: lr[group] as number, gradNorm: norms.gradNorm, updateRatio }] as const;
  };
  return Object.fromEntries(Object.entries(result.groups).map(report));
}

function isBetter({ goal }: Metric, value: number, than: number): boolean {
  return goal === "minimize" ? value < than : value > than;
}

function failed(kind: "diverged" | "error", step: number, message: string): TrialOutcome {
  return { state: "failed", failure: { kind, step, message } };
}

function diverged(step: number, { loss, gradNorm, groups }: StepResult): TrialOutcome {
  if (!Number.isFinite(loss)) return failed("diverged", step, `the training loss is ${loss} at step ${step}`);
  const where = Object.entries(groups).find(([, norms]) => !Number.isFinite(norms.gradNorm))?.[0] ?? "all groups";
  return failed("diverged", step, `the gradient's norm is ${gradNorm} at step ${step} (group ${where})`);
}

function nothingToMeasure(step: number, metric: MetricName): TrialOutcome {
  const message =
    metric === "f1"
      ? "f1 has no value: the tags are not those of entities (O, or B-, I-, E- or S- and a type)"
      : `${metric} has nothing to average: the validation set asks for no such token`;
  return failed("error", step, message);
}
