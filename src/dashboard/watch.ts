// A study as one look at the store finds it, and the cheap way to look again: only what changed is read.
import { DualrateError } from "../errors.js";
import type { StoreReader, StudyOverview } from "../store/records.js";
import type { Measurement, MetricValues, Trial } from "../sweep/trial.js";

export interface StudySnapshot {
  readonly overview: StudyOverview;
  /** In the order of their numbers. */
  readonly trials: readonly Trial[];
  /** By trial number, each in the order of steps. */
  readonly measurements: ReadonlyMap<number, readonly Measurement[]>;
  /** Results on the test split, by trial number. */
  readonly tests: ReadonlyMap<number, MetricValues>;
}

export class StudyWatch {
  readonly #reader: StoreReader;
  readonly #studyId: number;
  #version: number;
  #last: StudySnapshot;

  /** Reads all of the study once. A study that is not there is a DualrateError of code "study". */
  constructor(reader: StoreReader, studyId: number) {
    this.#reader = reader;
    this.#studyId = studyId;
    this.#version = reader.version(studyId);
    this.#last = {
      overview: found(
        reader.studies().find(({ study }) => study.id === studyId),
        studyId,
      ),
      trials: reader.trials(studyId),
      measurements: reader.measurements(studyId),
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
    const before = new Map(this.#last.trials.map((trial) => [trial.number, trial]));
    const trials = this.#reader.trials(this.#studyId);
    const measurements = new Map(
      trials.map((trial) => [trial.number, this.#measurementsOf(trial, before.get(trial.number))] as const),
    );
    return { overview, trials, measurements, tests: this.#reader.tests(this.#studyId) };
  }

  /** An ended trial gets no more measurements, unless it was run again and ended at another time. */
  #measurementsOf(trial: Trial, before: Trial | undefined): readonly Measurement[] {
    const known = this.#last.measurements.get(trial.number);
    if (trial.state === "queued") return [];
    if (known && before && endOf(before) !== undefined && endOf(before) === endOf(trial)) return known;
    return this.#reader.measurementsOf(this.#studyId, trial.number);
  }
}

function found(overview: StudyOverview | undefined, studyId: number): StudyOverview {
  if (overview?.study.id === studyId) return overview;
  throw new DualrateError("study", `study ${studyId} is not in the database any more`, {
    hint: "List the studies that are there with `dualrate studies`.",
  });
}

function endOf(trial: Trial): number | undefined {
  return "endedAt" in trial ? trial.endedAt : undefined;
}
