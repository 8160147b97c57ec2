// A trial's trained weights for what comes after its training: those that were kept, or the same once more.
import { join, resolve } from "node:path";
import { DualrateError } from "../errors.js";
import type { StudyRecord } from "../store/records.js";
import type { CompleteTrial } from "../sweep/trial.js";
import type { Executor } from "./executor.js";
import { jobOf } from "./job.js";
import type { TrialJob } from "./protocol.js";
import { hasWeights, type TrialFiles } from "./trial-files.js";

export interface TrainedOptions {
  readonly study: StudyRecord;
  readonly trial: CompleteTrial;
  /** Has prepared the study's inputs. */
  readonly executor: Executor;
  readonly files: TrialFiles;
  /** A folder for the weights of a trial that has to be trained again. */
  readonly scratch: string;
  /** Called before that. */
  readonly onTraining: () => void;
}

/**
 * The trial's job with a weights file that is there. Throws a DualrateError of code "study" where the trial, trained again,
 * does not come to its value.
 */
export async function trainedJob({
  study,
  trial,
  executor,
  files,
  scratch,
  onTraining,
}: TrainedOptions): Promise<TrialJob> {
  const job = jobOf(study, trial);
  const kept = { ...job, weights: resolve(files.weights(trial.number)) };
  if (await hasWeights(kept)) return kept;
  onTraining();
  const again = { ...job, weights: join(scratch, `trial-${trial.number}.safetensors`) };
  const outcome = await executor.run(again, { onMeasurement: () => ({ action: "continue" }) });
  if (outcome.state === "complete" && outcome.value === trial.value) return again;
  const came = outcome.state === "complete" ? `came to ${outcome.value}` : `ended ${outcome.state}`;
  throw new DualrateError("study", `trial ${trial.number}, trained again, ${came}, not to ${trial.value}`, {
    hint: "Do it with the versions of Node and dualrate, and on the kind of processor, that it ran with.",
  });
}
