// The end of a study that has a test split: it is evaluated once, for the winner and for the best with a single learning rate.
// Nothing is chosen by it, and nobody has seen it before.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DualrateError, messageOf } from "../errors.js";
import type { StoreReader, StoreWriter, StudyRecord } from "../store/records.js";
import { trialsToTest } from "../sweep/configuration.js";
import type { CompleteTrial, MetricValues, Trial } from "../sweep/trial.js";
import type { Executor } from "./executor.js";
import type { StopSignal } from "./stop.js";
import { trainedJob } from "./trained.js";
import type { TrialFiles } from "./trial-files.js";

export interface TestOptions {
  readonly study: StudyRecord;
  readonly executor: Executor;
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly files: TrialFiles;
  readonly stop: StopSignal;
}

/** Trials of a finished study that are to be tested and were not yet. */
export function untested(
  study: StudyRecord,
  trials: readonly Trial[],
  tested: ReadonlyMap<number, MetricValues>,
): readonly CompleteTrial[] {
  return beforeTest(study, trials).filter(({ number }) => !tested.has(number));
}

/** Trials whose weights the test needs, as things stand. */
export function beforeTest({ sweep }: StudyRecord, trials: readonly Trial[]): readonly CompleteTrial[] {
  return sweep.settings.data.test === undefined ? [] : trialsToTest(trials, sweep.metric.goal);
}

/** Tests them, as many at once as there are workers. A test that fails is an event, and open again in the next run. */
export async function testWinner(options: TestOptions): Promise<void> {
  const { study, reader, executor, files, stop } = options;
  const trials = reader.trials(study.id);
  const open = [...untested(study, trials, reader.tests(study.id))];
  if (open.length === 0) return;
  const scratch = mkdtempSync(join(tmpdir(), "dualrate-test-"));
  const work = async () => {
    for (let trial = open.shift(); trial && stop.level === "none"; trial = open.shift()) {
      await testTrial(options, trial, scratch);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(executor.slots, open.length) }, work));
    files.clear(trials, study.sweep.metric.goal, untested(study, trials, reader.tests(study.id)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function testTrial({ study, executor, writer, files }: TestOptions, trial: CompleteTrial, scratch: string) {
  const { number } = trial;
  const log = (kind: "trial" | "warning", message: string) => writer.logEvent(study.id, kind, message, number);
  const onTraining = () =>
    log("trial", `trial ${number} is trained again for the test split: its weights were not kept`);
  try {
    const job = await trainedJob({ study, trial, executor, files, scratch, onTraining });
    const values = await executor.test(job);
    writer.recordTest(study.id, number, values);
    const { name } = study.sweep.metric;
    log("trial", `trial ${number} on the test split: ${name} ${values[name]}`);
  } catch (error) {
    // Nothing is stored once the store fails or the lease is lost; a signal ends the workers.
    if (error instanceof DualrateError && (error.code === "store" || error.code === "interrupted")) throw error;
    log("warning", `trial ${number} could not be tested, and will be in the next run: ${messageOf(error)}`);
  }
}
