// The trials of the study that runs: in memory as they are stored. Every change goes to the store first.
import { DualrateError } from "../errors.js";
import { courseOf } from "../planner/course.js";
import { prunedValues } from "../planner/pruned-values.js";
import type { History, Standing } from "../planner/sampler.js";
import type { StoreReader, StoreWriter, StudyRecord } from "../store/records.js";
import type { Measurement, Pause, Trial, TrialCommon, TrialEnd } from "../sweep/trial.js";

type RunningTrial = Extract<Trial, { state: "running" }>;
type PausedTrial = Extract<Trial, { state: "paused" }>;

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
    const isPruned = trials.some(({ state }) => state === "pruned" || state === "paused");
    const course = courseOf(sweep, summary.trainExamples);
    return {
      finished: trials.filter((trial) => "endedAt" in trial),
      running: trials.filter(({ state }) => state === "running" || state === "paused"),
      ...(isPruned && { prunedValues: prunedValues(course, this.standings()) }),
      goal: metric.goal,
      seed,
    };
  }

  /** Those that wait for a promotion. */
  get paused(): readonly PausedTrial[] {
    return this.trials.filter((trial) => trial.state === "paused");
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

  /** Begins a trial, or goes on with a paused one. */
  start(trial: TrialCommon): RunningTrial {
    const known = this.#trials.get(trial.number);
    const running = known?.state === "paused" ? this.#resumed(known) : this.#begun(trial);
    this.#trials.set(trial.number, running);
    return running;
  }

  #begun(trial: TrialCommon): RunningTrial {
    this.#writer.addTrial(this.#study.id, trial);
    this.#writer.startTrial(this.#study.id, trial.number);
    this.#queue = this.#queue.filter((number) => number !== trial.number);
    return { ...common(trial), state: "running", startedAt: Date.now() };
  }

  #resumed(trial: PausedTrial): RunningTrial {
    const startedAt = Date.now() - Math.round(1000 * (this.measurementsOf(trial.number).at(-1)?.seconds ?? 0));
    this.#writer.resumeTrial(this.#study.id, trial.number, startedAt);
    const { step, reason, checkpoint } = trial;
    return { ...common(trial), state: "running", startedAt, resumed: { step, reason, checkpoint } };
  }

  /** A running trial waits, with what it has measured. */
  pause(number: number, pause: Pause): void {
    this.#writer.pauseTrial(this.#study.id, number, pause);
    const trial = this.#trial(number);
    const startedAt = "startedAt" in trial ? trial.startedAt : Date.now();
    this.#trials.set(number, { ...common(trial), state: "paused", startedAt, ...pause });
  }

  record(number: number, measurement: Measurement): void {
    this.#writer.recordMeasurement(this.#study.id, number, measurement);
    this.#measurements.set(number, [...this.measurementsOf(number), measurement]);
  }

  /** Ends a running or a paused trial. */
  end(number: number, outcome: TrialEnd): void {
    // So that the time in which it waited is not part of the time that it took.
    if (this.#trial(number).state === "paused") this.start(this.#trial(number));
    this.#writer.endTrial(this.#study.id, number, outcome);
    const trial = this.#trial(number);
    const endedAt = Date.now();
    const startedAt = "startedAt" in trial ? trial.startedAt : endedAt;
    this.#trials.set(number, { ...common(trial), startedAt, endedAt, ...outcome });
  }

  /** Puts a trial back, to run before all others; one that was resumed is paused again. */
  requeue(number: number): void {
    const trial = this.#trial(number);
    this.#writer.requeueTrial(this.#study.id, number);
    if (trial.state === "running" && trial.resumed) {
      const { resumed, ...rest } = trial;
      this.#trials.set(number, { ...rest, ...resumed, state: "paused" });
      const kept = this.measurementsOf(number).filter(({ step }) => step <= resumed.step);
      this.#measurements.set(number, kept);
      return;
    }
    this.#trials.set(number, { ...common(trial), state: "queued" });
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

  trial(number: number): Trial {
    return this.#trial(number);
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
