// A study for the dashboard's tests: trials in every state, and a store that holds them in memory.

import type { StudySnapshot } from "../../src/dashboard/watch.js";
import type { StoreReader, StudyOwner, StudyRecord } from "../../src/store/records.js";
import type { MetricName, Sweep } from "../../src/sweep/settings.js";
import type { Space, Value } from "../../src/sweep/space.js";
import type { Measurement, Trial, TrialProgress, TrialState } from "../../src/sweep/trial.js";

/** When the fixture's first trial starts; a later `now` is this plus the time that passed. */
export const START = Date.UTC(2026, 0, 1);

export function study(changes: Partial<Sweep> = {}, plannedTrials: number | undefined = 120): StudyRecord {
  const hashes = { model: "m", tokenizer: "t", data: "d" };
  return {
    id: 1,
    name: changes.name ?? "reaction-classes",
    createdAt: START,
    plannedTrials,
    inputs: hashes,
    summary: {
      hashes,
      trainExamples: 100,
      trainTokens: 1000,
      validationExamples: 20,
      introducedCounts: [5],
      parameterCount: 1000,
      vocabularyRows: 50,
      keptRows: 50,
      workerBytes: 1e6,
      warnings: [],
    },
    sweep: {
      name: "reaction-classes",
      file: "/sweeps/rxn.yaml",
      seed: 0,
      method: "grid",
      metric: { name: "loss", goal: "minimize" },
      space: space({ base_lr: [1e-4, 2e-4, 4e-4], lr_ratio: [0.1, 1, 8.2, 60, 1000], warmup_ratio: [0, 0.03] }),
      settings: {
        model: "/models/rxn",
        task: "masked-lm",
        data: { train: "/d/t.jsonl", validation: "/d/v.jsonl", text: "text", label: "label" },
        introduced: { tokens: ["<RX_1>"], special: false },
        trainer: {
          length: { maxSteps: 2000 },
          evalSteps: 100,
          evalBatchSize: 32,
          maxLength: 64,
          maskProbability: 0.15,
          introducedMaskProbability: 0.15,
          maskReplacement: [0.8, 0.1, 0.1],
          dropout: true,
          groupByLength: true,
        },
        fixed: {},
      },
      ...changes,
    },
  };
}

export function space(values: Readonly<Record<string, readonly Value[]>>): Space {
  return Object.entries(values).map(([name, list]) => ({ name, distribution: { kind: "categorical", values: list } }));
}

export const owner: StudyOwner = { host: "here", pid: 1, processStartedAt: 1, heartbeatAt: START, workers: 2 };

/** A trial of ratio `ratio`; numbers differ, so may warmup and base_lr. */
export function trial(number: number, ratio: number, state: TrialState, parameters: Trial["parameters"] = {}): Trial {
  const base_lr = 2e-4;
  const rates = { base_lr, lr_ratio: ratio, intro_lr: base_lr * ratio };
  return {
    number,
    replicate: 0,
    seed: 7,
    parameters: { base_lr, lr_ratio: ratio, warmup_ratio: 0.03, ...parameters },
    rates,
    ...state,
  };
}

/** Runs from `start` to `end`, in seconds after START. */
export function complete(value: number, start = 0, end = 60): TrialState {
  return { state: "complete", startedAt: START + 1000 * start, endedAt: START + 1000 * end, value, bestStep: 1800 };
}

export function running(start = 0): TrialState {
  return { state: "running", startedAt: START + 1000 * start };
}

export function pruned(step: number, start = 0, end = 20): TrialState {
  const [startedAt, endedAt] = [START + 1000 * start, START + 1000 * end];
  return { state: "pruned", startedAt, endedAt, step, reason: "behind the median" };
}

export function diverged(step: number, start = 0, end = 10): TrialState {
  const failure = { kind: "diverged", message: "the loss became NaN", step } as const;
  return { state: "failed", startedAt: START + 1000 * start, endedAt: START + 1000 * end, failure };
}

/** Evaluations every 100 steps, each with the value of all losses. */
export function measured(...values: readonly number[]): readonly Measurement[] {
  return values.map((value, index) => ({
    step: 100 * (index + 1),
    trainLoss: value + 0.1,
    validation: { loss: value, loss_introduced: value, loss_base: value, accuracy: 0.5, f1: null } satisfies Record<
      MetricName,
      number | null
    >,
    groups: {
      base: { lr: 2e-4, gradNorm: 1, updateRatio: 1e-3 },
      introduced: { lr: 1e-3, gradNorm: 1, updateRatio: 1e-2 },
    },
    seconds: index + 1,
  }));
}

type Measured = ReadonlyMap<number, readonly Measurement[]>;
type Changes = Partial<Omit<StudySnapshot, "progress" | "measurements">> & { readonly measurements?: Measured };

/** The mock-up of the design in small: best, live, single rate, pruned, diverged and queued trials. */
export function snapshot({ measurements = MEASURED, ...changes }: Changes = {}): StudySnapshot & Stored {
  const overview = changes.overview ?? overviewOf(study(), changes.trials ?? TRIALS, owner);
  const { metric } = overview.study.sweep;
  const best = minimumOf(measurements, metric.name, metric.goal);
  const progress = new Map<number, TrialProgress>();
  for (const [number, all] of measurements) {
    const last = all.at(-1);
    if (last) progress.set(number, { step: last.step, seconds: last.seconds, best: best(number) });
  }
  return { trials: TRIALS, tests: new Map(), ...changes, overview, progress, measurements };
}

/** What the store in memory needs beside a snapshot. */
interface Stored {
  readonly measurements: Measured;
}

function minimumOf(measurements: Measured, name: MetricName, goal: "minimize" | "maximize") {
  return (number: number): number | null => {
    const values = (measurements.get(number) ?? []).flatMap(({ validation }) => validation[name] ?? []);
    if (values.length === 0) return null;
    return goal === "minimize" ? Math.min(...values) : Math.max(...values);
  };
}

const MEASURED: Measured = new Map([
  [47, measured(3, 2.2, 2.143)],
  [77, measured(2.88)],
  [88, measured(2.5, 2.19)],
]);

const TRIALS: readonly Trial[] = [
  trial(3, 1, complete(2.204)),
  trial(19, 1000, diverged(300)),
  trial(47, 8.2, complete(2.143)),
  trial(50, 0.1, complete(2.9)),
  trial(77, 60, pruned(300)),
  trial(88, 7.5, running(60)),
  trial(89, 30, running(70)),
  trial(90, 31, { state: "queued" }),
];

export function overviewOf(record: StudyRecord, trials: readonly Trial[], by: StudyOwner | undefined) {
  const counts = { queued: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 };
  for (const { state } of trials) counts[state]++;
  return { study: record, counts, owner: by };
}

/** A store in memory: `set` changes what it holds, as a writer in another process would. */
export class FakeReader implements StoreReader {
  #snapshot: StudySnapshot & Stored;
  #version = 1;
  /** How often trials were read. */
  reads = 0;

  /** How often a single trial's progress was read. */
  progressReads = 0;

  constructor(initial: StudySnapshot & Stored) {
    this.#snapshot = initial;
  }

  set(next: StudySnapshot & Stored): void {
    this.#snapshot = next;
    this.#version++;
  }

  /** A heartbeat changes the owner alone. */
  setOwner(by: StudyOwner | undefined): void {
    this.#snapshot = { ...this.#snapshot, overview: { ...this.#snapshot.overview, owner: by } };
  }

  studies = () => [this.#snapshot.overview];
  study = () => this.#snapshot.overview;
  trials = () => {
    this.reads++;
    return this.#snapshot.trials;
  };
  measurements = () => this.#snapshot.measurements;
  evaluations = () => this.#snapshot.measurements;
  progress = () => this.#snapshot.progress;
  progressOf = (_: number, number: number) => {
    this.progressReads++;
    return this.#snapshot.progress.get(number);
  };
  measurementsOf = (_: number, number: number) => this.#snapshot.measurements.get(number) ?? [];
  tests = () => this.#snapshot.tests;
  events = () => [];
  version = () => this.#version;
  close = () => {};
}
