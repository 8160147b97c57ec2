// What the database holds, as plain data, and what can be asked of it. The writer and the readers implement these.
import type { InputHashes, PreparedSummary } from "../sweep/inputs.js";
import type { Metric, Sweep } from "../sweep/settings.js";
import type {
  Evaluation,
  Measurement,
  MetricValues,
  Pause,
  Trial,
  TrialCommon,
  TrialEnd,
  TrialProgress,
} from "../sweep/trial.js";

/** What makes a study itself: the same name with another definition or other inputs is another study. */
export interface StudyDefinition {
  readonly sweep: Sweep;
  readonly inputs: InputHashes;
  readonly summary: PreparedSummary;
  /** Trials that the search plans, where that is known. */
  readonly plannedTrials: number | undefined;
}

export interface StudyRecord extends StudyDefinition {
  readonly id: number;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A study for lists: its record, counts by state, and whether a coordinator runs it now. */
export interface StudyOverview {
  readonly study: StudyRecord;
  readonly counts: Readonly<Record<Trial["state"], number>>;
  readonly owner: StudyOwner | undefined;
}

export interface StudyOwner {
  readonly host: string;
  readonly pid: number;
  /** Start of that process, so that a reused pid is not taken for it: clock ticks after boot; 0 where the system does not tell. */
  readonly processStartedAt: number;
  /** Last sign of life, milliseconds since the epoch. */
  readonly heartbeatAt: number;
  readonly workers: number;
}

/** How the event of an extension begins. It happens between two runs. */
export const EXTENDED = "extended: ";

/** `lease`: who runs the study, and who only looks on. */
export const EVENT_KINDS = ["study", "trial", "warning", "error", "lease"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface StudyEvent {
  readonly id: number;
  readonly at: number;
  readonly kind: EventKind;
  readonly trial: number | undefined;
  readonly message: string;
}

/**
 * The single writer. Every call is one synchronous transaction; failures are DualrateErrors of code "store" or "study", and of
 * code "lease" where this writer has held the study's lease and another process has taken it over: then nothing is changed.
 */
export interface StoreWriter {
  /**
   * Creates the study, or opens it again; a changed definition is an error that says what changed. A study that a living process
   * runs comes as it is stored.
   */
  openStudy(definition: StudyDefinition): StudyRecord;
  /**
   * Replaces a stored study's definition by one that extends it, and logs that. The changes, as `key: old -> new`; none where there are
   * none. A DualrateError where the study is not there, where it runs, or where something changed that may not (extension.ts).
   */
  extendStudy(definition: StudyDefinition): readonly string[];
  /** Takes the study's lease, from a dead owner too (an event says so); undefined when taken, the living owner where there is one. */
  acquireLease(studyId: number, workers: number): StudyOwner | undefined;
  /** A sign of life; a DualrateError where this writer does not hold the lease (any more). */
  heartbeat(studyId: number): void;
  releaseLease(studyId: number): void;
  /** Trials that were running when their coordinator died, each as `requeueTrial`. Their numbers. */
  requeueRunning(studyId: number): readonly number[];
  /** Sets how many trials the study plans, where that has become known. */
  planTrials(studyId: number, plannedTrials: number): void;
  /** Inserts the trial in state queued; a queued trial of that number is left as it is. */
  addTrial(studyId: number, trial: TrialCommon): void;
  /** `startedAt`, and `endedAt` below: now, where the caller does not keep the time as well. */
  startTrial(studyId: number, number: number, startedAt?: number): void;
  recordMeasurement(studyId: number, number: number, measurement: Measurement): void;
  endTrial(studyId: number, number: number, outcome: TrialEnd, endedAt?: number): void;
  /** A running trial waits, with its measurements, for `resumeTrial`. */
  pauseTrial(studyId: number, number: number, pause: Pause): void;
  /** A paused trial runs again, as if it had begun at `startedAt`: now, less the time that it has run already. */
  resumeTrial(studyId: number, number: number, startedAt: number): void;
  /**
   * Back to queued, its measurements removed: for a trial that was stopped or is retried. One that was resumed is paused
   * again, and keeps what it measured before.
   */
  requeueTrial(studyId: number, number: number): void;
  /** Failed trials but diverged ones: back to queued, their measurements removed. Their numbers. */
  requeueFailed(studyId: number): readonly number[];
  /** What a complete trial came to on the test split; a trial that has been tested keeps its first result. */
  recordTest(studyId: number, number: number, values: MetricValues): void;
  logEvent(studyId: number, kind: EventKind, message: string, trial?: number): void;
  /** Removes the study with all that is stored of it; a DualrateError unless this writer holds its lease. */
  deleteStudy(studyId: number): void;
  /** Releases the leases that this writer holds. */
  close(): void;
}

/** A read-only connection; never blocks the writer. */
export interface StoreReader {
  /** Newest first. */
  studies(): readonly StudyOverview[];
  /** By name, or the newest where none is given. */
  study(name?: string): StudyOverview | undefined;
  /**
   * In the order of their numbers. Of `before`, an earlier answer, trials in the same state are the same objects, and where none
   * has changed it is the same array: of a large study little is read then.
   */
  trials(studyId: number, before?: readonly Trial[]): readonly Trial[];
  /** By trial number, each in the order of steps. All of them: of a large study a gigabyte. */
  measurements(studyId: number): ReadonlyMap<number, readonly Measurement[]>;
  measurementsOf(studyId: number, number: number): readonly Measurement[];
  /** Results on the test split, by trial number. */
  tests(studyId: number): ReadonlyMap<number, MetricValues>;
  /** The metric alone of all measurements, as `measurements`. */
  evaluations(studyId: number, metric: Metric): ReadonlyMap<number, readonly Evaluation[]>;
  /** How far each trial has come that has a measurement, by number; without a metric, none has a best value. */
  progress(studyId: number, metric?: Metric): ReadonlyMap<number, TrialProgress>;
  progressOf(studyId: number, number: number, metric: Metric): TrialProgress | undefined;
  events(studyId: number, afterId?: number): readonly StudyEvent[];
  /** Grows whenever anything of the study but its owner's heartbeat changes: a cheap way to poll. */
  version(studyId: number): number;
  close(): void;
}
