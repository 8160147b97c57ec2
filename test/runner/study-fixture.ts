// A study of six ratios in a store of its own, and what its trials may do, for the tests of the study loop.
import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { createSampler } from "../../src/planner/planner.js";
import type { Pruner, Sampler } from "../../src/planner/sampler.js";
import type { Executor } from "../../src/runner/executor.js";
import { StopSignal } from "../../src/runner/stop.js";
import { runStudy, type StudyEnd } from "../../src/runner/study.js";
import { TrialFiles } from "../../src/runner/trial-files.js";
import { openReader } from "../../src/store/reader.js";
import type { StoreReader, StoreWriter } from "../../src/store/records.js";
import { openWriter } from "../../src/store/writer.js";
import type { Budget, Sweep } from "../../src/sweep/settings.js";
import type { FailureKind, TrialEnd, TrialOutcome } from "../../src/sweep/trial.js";
import { definition, measurement, temporaryFolder } from "../store/fixture.js";
import type { Run } from "./fake-executor.js";

export const RATIOS = [0.1, 1, 10, 100, 1000, 10000];
const noPruner: Pruner = { rungs: [], judge: () => ({ action: "continue" }) };

export interface Changes {
  readonly pruner?: Pruner;
  readonly sampler?: Sampler;
  readonly writer?: StoreWriter;
  readonly stop?: StopSignal;
  /** Of the budget, as in a sweep file that was edited. */
  readonly budget?: Budget;
}

export interface Setup {
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly id: number;
  readonly stop: StopSignal;
  run(executor: Executor, changes?: Changes): Promise<StudyEnd>;
  states(): readonly string[];
  messages(): readonly string[];
}

/** A grid of six ratios in a store of its own, with `more` in its sweep; `run` may be called again, as a resume. */
export function setup(more: Partial<Sweep> = {}): Setup {
  const folder = temporaryFolder();
  const writer = openWriter(folder);
  const space = [{ name: "lr_ratio", distribution: { kind: "categorical", values: RATIOS } }] as const;
  const study = writer.openStudy({ ...definition({ space, ...more }), plannedTrials: RATIOS.length });
  writer.acquireLease(study.id, 2);
  const reader = openReader(folder);
  onTestFinished(() => {
    writer.close();
    reader.close();
  });
  const stop = new StopSignal();
  const files = new TrialFiles(folder, study.name);
  const common = { study, sampler: createSampler(study.sweep), pruner: noPruner, writer, reader, files, stop };
  return {
    writer,
    reader,
    id: study.id,
    stop,
    run: (executor, { budget = more.budget, ...changes } = {}) => {
      const edited = { ...study, sweep: { ...study.sweep, ...(budget && { budget }) } };
      return runStudy({ ...common, study: edited, ...changes, executor });
    },
    states: () => reader.trials(study.id).map(({ state }) => state),
    messages: () => reader.events(study.id).map(({ message }) => message),
  };
}

export const complete: TrialEnd = { state: "complete", value: 0.5, bestStep: 20 };
export const failed = (kind: FailureKind): TrialEnd => ({
  state: "failed",
  failure: { kind, message: `${kind}!` },
});

/** Two evaluations, then its end. */
export async function train({ handlers }: Run): Promise<TrialOutcome> {
  for (const step of [10, 20]) {
    await setImmediate();
    handlers.onMeasurement(measurement(step), false);
  }
  return complete;
}

export const forever = () => new Promise<never>(() => {});

/** Waits until trials have begun and measured. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await setImmediate();
}

/** The writer with one method replaced. */
export function wrapped<Name extends keyof StoreWriter>(
  writer: StoreWriter,
  name: Name,
  replacement: StoreWriter[Name],
): StoreWriter {
  return new Proxy(writer, {
    get(target, key) {
      if (key === name) return replacement;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
