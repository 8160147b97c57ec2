// `dualrate export --train-batches`: what a trial starts from, for another trainer that is to compute the same losses.
import { resolve } from "node:path";
import { trialToExport } from "../export/configuration.js";
import { plural } from "../report/format.js";
import { jobOf } from "../runner/job.js";
import { checkInputs, checkTarget } from "./export-model.js";
import { withOneWorker } from "./one-worker.js";
import { note } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface ExportStartOptions extends ResultsOption {
  /** The best trial where none is given. */
  readonly trial?: number;
  /** The file to write: JSON lines of batches, each with its step. */
  readonly trainBatches: string;
  /** The first so many steps; all where none are given. */
  readonly steps?: number;
  /** Where to write the model before the first step, as safetensors. */
  readonly startWeights?: string;
  readonly force?: boolean;
}

/** Returns the exit status. */
export async function exportStart(name: string | undefined, options: ExportStartOptions): Promise<number> {
  const { trainBatches, startWeights, steps, force = false } = options;
  const targets = [trainBatches, ...(startWeights === undefined ? [] : [startWeights])];
  for (const target of targets) checkTarget(target, "file", force);
  const [study, trial] = await withReader(options, (reader) => {
    const { study } = findStudy(reader, name, options);
    return [study, trialToExport(study, reader.trials(study.id), options.trial)] as const;
  });
  return withOneWorker(async (executor) => {
    await checkInputs(study, executor);
    await executor.exportStart({
      job: jobOf(study, trial),
      batches: resolve(trainBatches),
      ...(steps !== undefined && { steps }),
      ...(startWeights !== undefined && { weights: resolve(startWeights) }),
    });
    const which = steps === undefined ? "all steps" : `the first ${plural(steps, "step")}`;
    note(`trial ${trial.number} of ${study.name}: the training batches of ${which}`, `wrote ${targets.join(" and ")}`);
    const start = startWeights === undefined ? "" : ` --start ${startWeights}`;
    note(`next, with the script of --format python: python train.py --batches ${trainBatches}${start}`);
    return 0;
  });
}
