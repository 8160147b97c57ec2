// What crosses the border between the study and its workers. Everything here is plain data.
import type { ErrorData } from "../errors.js";
import type { InputHashes } from "../sweep/inputs.js";
import type { Metric, Settings } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import type { Measurement, TrialOutcome, Verdict } from "../sweep/trial.js";

/** One trial's work order. */
export interface TrialJob {
  readonly study: string;
  readonly trial: number;
  readonly replicate: number;
  readonly seed: number;
  readonly inputs: InputHashes;
  readonly settings: Settings;
  readonly metric: Metric;
  readonly parameters: Parameters;
  /** A checkpoint to go on from. */
  readonly checkpoint?: string;
}

export type MessageFromWorker =
  | { readonly type: "started" }
  | { readonly type: "measured"; readonly measurement: Measurement; readonly atRung: boolean }
  | { readonly type: "finished"; readonly outcome: TrialOutcome }
  | { readonly type: "broken"; readonly error: ErrorData };

export type MessageToWorker = { readonly type: "verdict"; readonly verdict: Verdict } | { readonly type: "stop" };
