// Where trials run. Jobs go in, events come out; only an implementation knows of threads, processes or machines.
import type { Calibration } from "../sweep/calibration.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Settings } from "../sweep/settings.js";
import type { Measurement, MetricValues, TrialOutcome, Verdict } from "../sweep/trial.js";
import type { Notice } from "../trainer/progress.js";
import type { ExportRequest, StartRequest, TrialJob } from "./protocol.js";

export interface TrialHandlers {
  /** Called for every measurement, in order. The verdict is waited for, and counts where the trial is at a rung. */
  readonly onMeasurement: (measurement: Measurement, atRung: boolean) => Verdict;
  /** Called for what is worth telling beside measurements. */
  readonly onNotice?: (notice: Notice) => void;
}

export interface Executor {
  /** Trials that can run at the same time. */
  readonly slots: number;
  /** Checks and encodes a sweep's inputs; rejects with a DualrateError that names what is wrong. */
  prepare(settings: Settings, seed: number): Promise<PreparedSummary>;
  /**
   * Runs one trial to its end, on inputs that this executor has prepared. A crash is an outcome; rejection is for a
   * broken executor, one that was closed, or a disk that takes no more files.
   */
  run(job: TrialJob, handlers: TrialHandlers): Promise<TrialOutcome>;
  /**
   * Every metric of a trial's trained model on the test split, on inputs that this executor has prepared; the job's `weights`
   * file is there. Rejects where it cannot be evaluated.
   */
  test(job: TrialJob): Promise<MetricValues>;
  /**
   * Ends all workers: idle ones and those that get idle, or all of them at once if `now`. Trials that are cut off write a
   * checkpoint; not if `abandon`: their files are another process's by then.
   */
  close(now?: boolean, abandon?: boolean): Promise<void>;
}

/** An executor beside the user's files. */
export interface LocalExecutor extends Executor {
  /** Writes a trained model as a Hugging Face folder, on inputs that this executor has prepared. */
  exportModel(request: ExportRequest): Promise<void>;
  /** Writes a trial's first training batches, and its first weights, on inputs that this executor has prepared. */
  exportStart(request: StartRequest): Promise<void>;
  /** Measures what a trial costs here, on inputs that this executor has prepared; writes nothing. */
  calibrate(job: TrialJob): Promise<Calibration>;
}
