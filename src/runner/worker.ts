// What a worker thread does: `prepare` a sweep's inputs and `train` trials on them. This file is all that Piscina loads;
// TensorFlow.js, ONNX Runtime and the tokenizer come with the first task, so that their failing to load is an answer.
import { writeFile } from "node:fs/promises";
import type { MessagePort } from "node:worker_threads";
import { errorToData } from "../errors.js";
import type { Measurement, TrialOutcome, Verdict } from "../sweep/trial.js";
import type { SharedInputs } from "../trainer/data/inputs.js";
import type { Notice } from "../trainer/progress.js";
import type { Training } from "../trainer/train.js";
import {
  ABANDON,
  type CalibrateReply,
  type ExportReply,
  type ExportRequest,
  type MessageFromWorker,
  type MessageToWorker,
  type PrepareReply,
  type PrepareTask,
  type StartRequest,
  type TestReply,
  type TrainReply,
  type TrialJob,
} from "./protocol.js";
import { Rungs } from "./rungs.js";
import { fingerprintOf } from "./trial-files.js";

/** A trial's job with what only this process can hand over. */
export interface TrainTask {
  readonly job: TrialJob;
  /** Over shared memory: receiving them copies nothing. */
  readonly inputs: SharedInputs;
  readonly port: MessagePort;
  /** Over shared memory: STOP or ABANDON once the trial is to stop before its next step. */
  readonly stop: Int32Array;
}

/** An export with what only this process can hand over. */
export interface ExportTask extends ExportRequest {
  readonly inputs: SharedInputs;
}

/** As ExportTask. */
export interface StartTask extends StartRequest {
  readonly inputs: SharedInputs;
}

/** As ExportTask. */
export interface TestTask {
  readonly job: TrialJob;
  readonly inputs: SharedInputs;
}

/** As ExportTask. */
export interface CalibrateTask {
  readonly job: TrialJob;
  readonly inputs: SharedInputs;
}

/** Checks, reads and encodes a sweep's inputs. */
export async function prepare(task: PrepareTask): Promise<PrepareReply> {
  try {
    quiet();
    const { prepareInputs } = await import("../trainer/data/prepare.js");
    const prepared = await prepareInputs(task.settings, task.seed);
    const { checkModel } = await import("../trainer/train.js");
    checkModel(task.settings, prepared.inputs);
    return { type: "prepared", ...prepared };
  } catch (error) {
    return { type: "broken", error: errorToData(error) };
  }
}

/** Trains one trial, posting its measurements to the task's port. */
export async function train(task: TrainTask): Promise<TrainReply> {
  try {
    quiet();
    return { type: "finished", outcome: await trainTrial(task) };
  } catch (error) {
    return { type: "broken", error: errorToData(error) };
  }
}

/** Writes a trained model's folder, and the validation batches where they are asked for. */
export async function exportModel({ job, inputs, folder, batches, texts = {} }: ExportTask): Promise<ExportReply> {
  try {
    quiet();
    const { writeModelFolder } = await import("../trainer/model-folder.js");
    await writeModelFolder(folder, job.settings, inputs, job.weights ?? "", texts);
    if (batches !== undefined) await writeBatches(batches, job, inputs);
    return { type: "exported" };
  } catch (error) {
    return { type: "broken", error: errorToData(error) };
  }
}

async function writeBatches(file: string, { settings, studySeed }: TrialJob, inputs: SharedInputs): Promise<void> {
  const { validationBatches } = await import("../trainer/data/batches.js");
  const { toHuggingFaceBatch } = await import("../trainer/data/exported-batches.js");
  const { task, trainer } = settings;
  const options = { ...trainer, task, batchSize: trainer.evalBatchSize, studySeed };
  const lines = validationBatches(inputs, "validation", options).map(
    (batch) => `${JSON.stringify(toHuggingFaceBatch(batch, task, inputs.rowMap))}\n`,
  );
  await writeFile(file, lines.join(""));
}

/** Writes a trial's first training batches, and the model before its first step where that is asked for. */
export async function exportStart({ job, inputs, ...files }: StartTask): Promise<ExportReply> {
  try {
    quiet();
    const [{ writeTrainingStart }, runtime] = await Promise.all([import("../trainer/start.js"), runtimeOfThread()]);
    await writeTrainingStart(files, await trainingOf(job, inputs), runtime);
    return { type: "exported" };
  } catch (error) {
    return { type: "broken", error: errorToData(error) };
  }
}

/** What a trial costs on this machine. */
export async function calibrate({ job, inputs }: CalibrateTask): Promise<CalibrateReply> {
  try {
    quiet();
    const [{ calibrate }, runtime] = await Promise.all([import("../trainer/calibrate.js"), runtimeOfThread()]);
    return { type: "calibrated", calibration: await calibrate(await trainingOf(job, inputs), runtime) };
  } catch (error) {
    return { type: "broken", error: errorToData(error) };
  }
}

/** Evaluates a trial's trained model, its `weights` file, on the test split. */
export async function test({ job, inputs }: TestTask): Promise<TestReply> {
  try {
    quiet();
    const [{ test }, { readSafetensors }, runtime] = await Promise.all([
      import("../trainer/train.js"),
      import("../trainer/files/safetensors.js"),
      runtimeOfThread(),
    ]);
    const tensors = await readSafetensors(job.weights ?? "");
    return { type: "tested", values: await test(await trainingOf(job, inputs), tensors, runtime) };
  } catch (error) {
    return { type: "broken", error: errorToData(error) };
  }
}

/** A job and its inputs as the trainer takes them. */
async function trainingOf(job: TrialJob, inputs: SharedInputs): Promise<Training> {
  const { resolveConfig } = await import("../trainer/config.js");
  const { settings, metric, studySeed, parameters, seed } = job;
  const shared = sameInputs(job, inputs);
  const trainExamples = shared.data.train.offsets.length - 1;
  return {
    settings,
    config: resolveConfig(settings, parameters, { seed, trainExamples }),
    inputs: shared,
    metric,
    studySeed,
  };
}

async function trainTrial({ job, inputs, port, stop }: TrainTask): Promise<TrialOutcome> {
  const [{ train }, runtime] = await Promise.all([import("../trainer/train.js"), runtimeOfThread()]);
  const training = await trainingOf(job, inputs);
  const stopped = () => Atomics.load(stop, 0) !== 0;
  const abandoned = () => Atomics.load(stop, 0) === ABANDON;
  const notify = (notice: Notice) => post(port, { type: "notice", notice });
  const { checkpoint, weights } = job;
  const files = { fingerprint: fingerprintOf(job), ...(checkpoint && { checkpoint }), ...(weights && { weights }) };
  const measurements = train({ ...training, stopped, abandoned, files, notify }, runtime);
  return follow(measurements, port, new Rungs(job.rungs, training.config.totalSteps), job.after ?? 0);
}

/**
 * Passes measurements past step `after` on, and verdicts back, until the trainer is done. Each is waited for: the trial writes
 * what it keeps of an evaluation once that is stored, and not where the study has become another process's.
 */
async function follow(
  measurements: AsyncGenerator<Measurement, TrialOutcome, Verdict | undefined>,
  port: MessagePort,
  rungs: Rungs,
  after: number,
): Promise<TrialOutcome> {
  // Where nobody answers any more, the trial goes on, and finds that it is to stop.
  const left = new Promise<Verdict>((resolve) => port.once("close", () => resolve({ action: "continue" })));
  let next = await measurements.next();
  while (!next.done) {
    const isNew = next.value.step > after;
    const atRung = rungs.reached(next.value.step) && isNew;
    if (isNew) post(port, { type: "measured", measurement: next.value, atRung });
    next = await measurements.next(isNew ? await Promise.race([verdictFrom(port), left]) : undefined);
  }
  return next.value;
}

function post(port: MessagePort, message: MessageFromWorker): void {
  port.postMessage(message);
}

function verdictFrom(port: MessagePort): Promise<Verdict> {
  return new Promise((resolve) => port.once("message", (message: MessageToWorker) => resolve(message.verdict)));
}

type Runtime = Awaited<ReturnType<typeof createRuntime>>;

let runtime: Promise<Runtime> | undefined;

/** Holds what trials share, the compiled steps above all, for the thread's life. */
function runtimeOfThread(): Promise<Runtime> {
  runtime ??= createRuntime();
  return runtime;
}

async function createRuntime() {
  const { createRuntime } = await import("../trainer/engine/runtime.js");
  return createRuntime();
}

let known: { readonly key: string; readonly inputs: SharedInputs } | undefined;

/** The same object for the same inputs: each message brings a new wrapper, and the trainer may cache by identity. */
function sameInputs(job: TrialJob, inputs: SharedInputs): SharedInputs {
  const key = [...Object.values(job.inputs), inputs.rowMap.idOfRow.length].join();
  if (known?.key !== key) known = { key, inputs };
  return known.inputs;
}

/** Libraries greet on the terminal, which belongs to the dashboard and to results. */
function quiet(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  process.env.ORT_LOG_LEVEL ??= "error";
}
