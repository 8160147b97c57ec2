// The trials of the study that runs: in memory as they are stored. Every change goes to the store first.
import { DualrateError } from "../errors.js";
import { type Course, courseOf } from "../planner/course.js";
import { prunedValues } from "../planner/pruned-values.js";
import type { History, Standing } from "../planner/sampler.js";
import type { StoreReader, StoreWriter, StudyRecord } from "../store/records.js";
import type { Evaluation, Measurement, Pause, Trial, TrialCommon, TrialEnd } from "../sweep/trial.js";
import type { Taken } from "./budget.js";

type RunningTrial = Extract<Trial, { state: "running" }>;
type PausedTrial = Extract<Trial, { state: "paused" }>;

export type TrialCounts = Readonly<Record<Trial["state"], number>>;

export class Ledger {
  readonly #study: StudyRecord;
  readonly #writer: StoreWriter;
  readonly #reader: StoreReader;
  /** By number, in the order of the numbers; trials that are planned but not begun are not there. */
  readonly #trials = new Map<number, Trial>();
  /** Of trials that have not ended; others are read when they are asked for, since a large study has a million. */
  readonly #measurements = new Map<number, readonly Measurement[]>();
  /** Of all other trials, once a pruner or a surrogate asks. */
  #evaluations: Map<number, readonly Evaluation[]> | undefined;
  /** Of the last measurement by number, once a budget asks. */
  #steps: Map<number, number> | undefined;
  /** Numbers that were put back, the next one first. */
  #queue: readonly number[];

  /** Takes up what is stored. No trial may be running. */
  constructor(study: StudyRecord, writer: StoreWriter, reader: StoreReader) {
    this.#study = study;
    this.#writer = writer;
    this.#reader = reader;
    for (const trial of reader.trials(study.id)) this.#trials.set(trial.number, trial);
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
    const history: History = {
      finished: trials.filter((trial) => "endedAt" in trial),
      running: trials.filter(({ state }) => state === "running" || state === "paused"),
      goal: metric.goal,
      seed,
    };
    const isPruned = trials.some(({ state }) => state === "pruned" || state === "paused");
    return isPruned ? this.#withPrunedValues(history, courseOf(sweep, summary.trainExamples)) : history;
  }

  /** Read when they are asked for: a surrogate alone does, and a large study's take a second. */
  #withPrunedValues(history: History, course: Course): History {
    const standings = () => this.standings();
    let values: History["prunedValues"];
    return {
      ...history,
      get prunedValues() {
        values ??= prunedValues(course, standings());
        return values;
      },
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
    const startedAt = Date.now();
    this.#writer.startTrial(this.#study.id, trial.number, startedAt);
    this.#queue = this.#queue.filter((number) => number !== trial.number);
    this.#measurements.set(trial.number, []);
    return { ...common(trial), state: "running", startedAt };
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
    this.#settle(number);
  }

  record(number: number, measurement: Measurement): void {
    const before = this.measurementsOf(number);
    this.#writer.recordMeasurement(this.#study.id, number, measurement);
    this.#measurements.set(number, [...before, measurement]);
    this.#steps?.set(number, measurement.step);
  }

  /** Ends a running or a paused trial. */
  end(number: number, outcome: TrialEnd): void {
    // So that the time in which it waited is not part of the time that it took.
    if (this.#trial(number).state === "paused") this.start(this.#trial(number));
    const endedAt = Date.now();
    this.#writer.endTrial(this.#study.id, number, outcome, endedAt);
    const trial = this.#trial(number);
    const startedAt = "startedAt" in trial ? trial.startedAt : endedAt;
    this.#trials.set(number, { ...common(trial), startedAt, endedAt, ...outcome });
    this.#settle(number);
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
      this.#steps?.set(number, kept.at(-1)?.step ?? 0);
      this.#settle(number);
      return;
    }
    this.#trials.set(number, { ...common(trial), state: "queued" });
    this.#measurements.set(number, []);
    this.#steps?.delete(number);
    this.#settle(number);
    this.#queue = [number, ...this.#queue];
  }

  /** All trials with what they measured. */
  standings(): readonly Standing[] {
    this.#evaluations ??= new Map(this.#reader.evaluations(this.#study.id, this.#study.sweep.metric));
    const known = this.#evaluations;
    return this.trials.map((trial) => {
      return { trial, measurements: this.#measurements.get(trial.number) ?? known.get(trial.number) ?? [] };
    });
  }

  /** All trials with the step of their last measurement. */
  lastSteps(): readonly Taken[] {
    this.#steps ??= new Map(
      [...this.#reader.progress(this.#study.id)].map(([number, { step }]) => [number, step] as const),
    );
    const steps = this.#steps;
    return this.trials.map((trial) => ({ trial, step: steps.get(trial.number) ?? 0 }));
  }

  /** Of a trial that does not run any more, the evaluations stay in memory, where anybody has asked for them. */
  #settle(number: number): void {
    const { name } = this.#study.sweep.metric;
    const measured = this.#measurements.get(number);
    if (measured === undefined) return;
    const evaluations = measured.map(({ step, validation }) => ({ step, validation: { [name]: validation[name] } }));
    this.#evaluations?.set(number, evaluations);
    this.#measurements.delete(number);
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
    return this.#measurements.get(number) ?? this.#reader.measurementsOf(this.#study.id, number);
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
