// What crosses the border between the study and its workers. Everything here is plain data: a job can be put on a
// queue and run on another machine.
import type { ErrorData } from "../errors.js";
import type { Calibration } from "../sweep/calibration.js";
import type { InputHashes, PreparedSummary } from "../sweep/inputs.js";
import type { Metric, Settings } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Measurement, MetricValues, TrialOutcome, Verdict } from "../sweep/trial.js";
import type { SharedInputs } from "../trainer/data/inputs.js";
import type { Notice } from "../trainer/progress.js";

/** One text for equal inputs. */
export function inputsKey({ model, tokenizer, data }: InputHashes): string {
  return `${model} ${tokenizer} ${data}`;
}

/** One trial's work order. */
export interface TrialJob {
  readonly study: string;
  readonly trial: number;
  readonly replicate: number;
  /** The trial's own seed: head, order, masks and dropout. */
  readonly seed: number;
  /** The study's seed: what all trials share, such as the masks of the validation set. */
  readonly studySeed: number;
  /** Names of the inputs; the executor finds the bytes. */
  readonly inputs: InputHashes;
  readonly settings: Settings;
  readonly metric: Metric;
  readonly parameters: Parameters;
  /** Ascending fractions of the trial's steps; the first evaluation at or past each waits for a verdict. */
  readonly rungs: readonly number[];
  /** The step of the pause that the trial goes on from: what it measures up to there is known, and judged already. */
  readonly after?: number;
  /** Where the trial keeps its checkpoint; what lies there already is gone on from. */
  readonly checkpoint?: string;
  /** Where the trial keeps the weights of its best evaluation. */
  readonly weights?: string;
}

/** What a trial is told in shared memory, where 0 is to go on: to stop before its next step, with a checkpoint. */
export const STOP = 1;
/** To stop before its next step, and to leave its files as they are. */
export const ABANDON = 2;

export interface PrepareTask {
  readonly settings: Settings;
  readonly seed: number;
}

/** A trained model to write as a Hugging Face folder. */
export interface ExportRequest {
  /** Its `weights` file is there. */
  readonly job: TrialJob;
  /** The model's files in it are replaced where it exists. */
  readonly folder: string;
  /** Where to write the validation set's batches, one JSON object a line. */
  readonly batches?: string;
  /** Texts to write into the folder too, by the names of their files. */
  readonly texts?: Readonly<Record<string, string>>;
}

/** What a trial starts from, to write for another trainer. */
export interface StartRequest {
  readonly job: TrialJob;
  /** Where to write the batches of the first steps, one JSON object a line. */
  readonly batches: string;
  /** At most so many; all of the trial's where none are given. */
  readonly steps?: number;
  /** Where to write the model before its first step, as safetensors. */
  readonly weights?: string;
}

export type TestReply =
  | { readonly type: "tested"; readonly values: MetricValues }
  | { readonly type: "broken"; readonly error: ErrorData };

export type ExportReply = { readonly type: "exported" } | { readonly type: "broken"; readonly error: ErrorData };

export type CalibrateReply =
  | { readonly type: "calibrated"; readonly calibration: Calibration }
  | { readonly type: "broken"; readonly error: ErrorData };

export type PrepareReply =
  | { readonly type: "prepared"; readonly summary: PreparedSummary; readonly inputs: SharedInputs }
  | { readonly type: "broken"; readonly error: ErrorData };

/** What a worker posts while a trial runs; its outcome is the task's result. */
export type MessageFromWorker =
  | {
      readonly type: "measured";
      readonly measurement: Measurement;
      /** Whether the verdict, which the worker waits for in any case, may be other than to continue. */
      readonly atRung: boolean;
    }
  | { readonly type: "notice"; readonly notice: Notice };

export type MessageToWorker = { readonly type: "verdict"; readonly verdict: Verdict };

export type TrainReply =
  | { readonly type: "finished"; readonly outcome: TrialOutcome }
  /** The trial's code threw; the worker itself is sound. */
  | { readonly type: "broken"; readonly error: ErrorData };

/** What a coordinator asks of the process that holds its workers; see Executor and LocalExecutor. */
export type HostRequest =
  | { readonly method: "prepare"; readonly settings: Settings; readonly seed: number }
  | { readonly method: "run" | "test" | "calibrate"; readonly job: TrialJob }
  | { readonly method: "exportModel"; readonly request: ExportRequest }
  | { readonly method: "exportStart"; readonly request: StartRequest }
  | { readonly method: "close"; readonly now: boolean; readonly abandon: boolean };

/** `call` numbers the calls of a process's life. */
export interface HostCall {
  readonly type: "call";
  readonly call: number;
  readonly request: HostRequest;
}

export type MessageToHost =
  | HostCall
  /** The answer to a running trial's last measurement. */
  | { readonly type: "verdict"; readonly call: number; readonly verdict: Verdict };

export type MessageFromHost =
  | { readonly type: "done"; readonly call: number; readonly value: unknown }
  | { readonly type: "broken"; readonly call: number; readonly error: ErrorData }
  | ({ readonly call: number } & MessageFromWorker);
