// The trials of the study that runs: in memory as they are stored. Every change goes to the store first.
import { DualrateError } from "../errors.js";
import { courseOf } from "../planner/course.js";
import { prunedValues } from "../planner/pruned-values.js";
import type { History, Standing } from "../planner/sampler.js";
import type { StoreReader, StoreWriter, StudyRecord } from "../store/records.js";
import type { Measurement, Trial, TrialCommon, TrialOutcome } from "../sweep/trial.js";

export type TrialCounts = Readonly<Record<Trial["state"], number>>;

export class Ledger {
  readonly #study: StudyRecord;
  readonly #writer: StoreWriter;
  /** By number, in the order of the numbers; trials that are planned but not begun are not there. */
  readonly #trials = new Map<number, Trial>();
  readonly #measurements = new Map<number, readonly Measurement[]>();
  /** Numbers that were put back, the next one first. */
  #queue: readonly number[];

  /** Takes up what is stored. No trial may be running. */
  constructor(study: StudyRecord, writer: StoreWriter, reader: StoreReader) {
    this.#study = study;
    this.#writer = writer;
    for (const trial of reader.trials(study.id)) this.#trials.set(trial.number, trial);
    for (const [number, measured] of reader.measurements(study.id)) this.#measurements.set(number, measured);
    this.#queue = [...this.#trials.values()].filter(({ state }) => state === "queued").map(({ number }) => number);
  }

  counts(): TrialCounts {
    const counts = { queued: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 };
    for (const { state } of this.#trials.values()) counts[state]++;
    return counts;
  }

  /** As they are stored, in the order of their numbers. */
  get trials(): readonly Trial[] {
    return [...this.#trials.values()];
  }

  /** What a sampler may know. */
  history(): History {
    const { sweep, summary } = this.#study;
    const { seed, metric } = sweep;
    const trials = this.trials;
    const isPruned = trials.some(({ state }) => state === "pruned");
    const course = courseOf(sweep, summary.trainExamples);
    return {
      finished: trials.filter((trial) => "endedAt" in trial),
      running: trials.filter(({ state }) => state === "running"),
      ...(isPruned && { prunedValues: prunedValues(course, this.standings()) }),
      goal: metric.goal,
      seed,
    };
  }

  /** The trial that was put back and runs next. */
  get nextQueued(): Trial | undefined {
    const number = this.#queue[0];
    return number === undefined ? undefined : this.#trial(number);
  }

  /** The number of the next trial that was never begun. */
  get nextNumber(): number {
    // Trials begin in the order of their numbers, from 1.
    return this.#trials.size + 1;
  }

  start(trial: TrialCommon): void {
    this.#writer.addTrial(this.#study.id, trial);
    this.#writer.startTrial(this.#study.id, trial.number);
    this.#queue = this.#queue.filter((number) => number !== trial.number);
    this.#trials.set(trial.number, { ...common(trial), state: "running", startedAt: Date.now() });
  }

  record(number: number, measurement: Measurement): void {
    this.#writer.recordMeasurement(this.#study.id, number, measurement);
    this.#measurements.set(number, [...this.measurementsOf(number), measurement]);
  }

  end(number: number, outcome: TrialOutcome): void {
    this.#writer.endTrial(this.#study.id, number, outcome);
    const trial = this.#trial(number);
    const endedAt = Date.now();
    const startedAt = "startedAt" in trial ? trial.startedAt : endedAt;
    this.#trials.set(number, { ...common(trial), startedAt, endedAt, ...outcome });
  }

  /** Puts a trial back, to run before all others. */
  requeue(number: number): void {
    this.#writer.requeueTrial(this.#study.id, number);
    this.#trials.set(number, { ...common(this.#trial(number)), state: "queued" });
    this.#measurements.delete(number);
    this.#queue = [number, ...this.#queue];
  }

  /** All trials with what they measured. */
  standings(): readonly Standing[] {
    return this.trials.map((trial) => ({ trial, measurements: this.measurementsOf(trial.number) }));
  }

  /** A running trial as a pruner sees it, and each other trial that has measured something. */
  standing(number: number): readonly [Standing, readonly Standing[]] {
    const others = this.standings().filter(({ trial, measurements }) => {
      return trial.number !== number && measurements.length > 0;
    });
    return [{ trial: this.#trial(number), measurements: this.measurementsOf(number) }, others];
  }

  measurementsOf(number: number): readonly Measurement[] {
    return this.#measurements.get(number) ?? [];
  }

  #trial(number: number): Trial {
    const trial = this.#trials.get(number);
    if (trial === undefined) throw new DualrateError("internal", `the study has no trial ${number}`);
    return trial;
  }
}

/** A trial without its state. */
function common({ number, replicate, seed, parameters, rates }: TrialCommon): TrialCommon {
  return { number, replicate, seed, parameters, rates };
}
