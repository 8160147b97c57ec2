// A study as one look at the store finds it, and the cheap way to look again: only what changed is read.
import { DualrateError } from "../errors.js";
import type { StoreReader, StudyOverview } from "../store/records.js";
import type { Measurement, MetricValues, Trial, TrialProgress } from "../sweep/trial.js";

export interface StudySnapshot {
  readonly overview: StudyOverview;
  /** In the order of their numbers; the same array as long as none has changed its state. */
  readonly trials: readonly Trial[];
  /** By trial number. */
  readonly progress: ReadonlyMap<number, TrialProgress>;
  /** A trial's measurements, in the order of steps, are read when they are asked for: there may be a million in all. */
  readonly measurements: { get(number: number): readonly Measurement[] | undefined };
  /** Results on the test split, by trial number. */
  readonly tests: ReadonlyMap<number, MetricValues>;
}

export class StudyWatch {
  readonly #reader: StoreReader;
  readonly #studyId: number;
  #version: number;
  #last: StudySnapshot;

  /** Reads the study once. One that is not there is a DualrateError of code "study". */
  constructor(reader: StoreReader, studyId: number) {
    this.#reader = reader;
    this.#studyId = studyId;
    this.#version = reader.version(studyId);
    const overview = found(
      reader.studies().find(({ study }) => study.id === studyId),
      studyId,
    );
    this.#last = {
      overview,
      trials: reader.trials(studyId),
      progress: reader.progress(studyId, overview.study.sweep.metric),
      measurements: new LastAsked(reader, studyId),
      tests: reader.tests(studyId),
    };
  }

  get last(): StudySnapshot {
    return this.#last;
  }

  /** The study now. Without a change, the trials and measurements are the same objects as before. */
  poll(): StudySnapshot {
    const version = this.#reader.version(this.#studyId);
    // The owner's heartbeat is read always: a study that stands still is just what it must show.
    const overview = found(this.#reader.study(this.#last.overview.study.name), this.#studyId);
    this.#last = version === this.#version ? { ...this.#last, overview } : this.#read(overview);
    this.#version = version;
    return this.#last;
  }

  #read(overview: StudyOverview): StudySnapshot {
    const trials = this.#reader.trials(this.#studyId, this.#last.trials);
    const progress = this.#progressOf(trials, overview);
    const measurements = new LastAsked(this.#reader, this.#studyId);
    return { overview, trials, progress, measurements, tests: this.#reader.tests(this.#studyId) };
  }

  /** Only trials that run come further; one that ran again meanwhile is another object. */
  #progressOf(trials: readonly Trial[], { study }: StudyOverview): StudySnapshot["progress"] {
    const { trials: before, progress } = this.#last;
    const stale = trials.filter((trial, i) => trial !== before[i] || trial.state === "running");
    if (stale.length === 0) return progress;
    const now = new Map(progress);
    for (const { number, state } of stale) {
      const one = state === "queued" ? undefined : this.#reader.progressOf(study.id, number, study.sweep.metric);
      if (one) now.set(number, one);
      else now.delete(number);
    }
    return now;
  }
}

/** Keeps what was asked for last, which is asked for again with every key. */
class LastAsked {
  readonly #reader: StoreReader;
  readonly #studyId: number;
  #last: { readonly number: number; readonly measurements: readonly Measurement[] } | undefined;

  constructor(reader: StoreReader, studyId: number) {
    this.#reader = reader;
    this.#studyId = studyId;
  }

  get(number: number): readonly Measurement[] {
    if (this.#last?.number !== number) {
      this.#last = { number, measurements: this.#reader.measurementsOf(this.#studyId, number) };
    }
    return this.#last.measurements;
  }
}

function found(overview: StudyOverview | undefined, studyId: number): StudyOverview {
  if (overview?.study.id === studyId) return overview;
  throw new DualrateError("study", `study ${studyId} is not in the database any more`, {
    hint: "List the studies that are there with `dualrate studies`.",
  });
}
