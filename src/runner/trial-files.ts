// The files of a study's trials below its results folder: a checkpoint while a trial runs, and the weights of the best.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Goal } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";
import { readVerifiedMetadata } from "../trainer/files/safetensors.js";
import { garbageIn, removeFile } from "./garbage.js";
import type { TrialJob } from "./protocol.js";

/** Changes when a trial's numbers, or what its files hold, change with a new version of this program. */
const VERSION = 1;

export class TrialFiles {
  readonly #folder: string;

  /** `results`: the folder of the database. */
  constructor(results: string, study: string) {
    this.#folder = join(results, study);
  }

  checkpoint(trial: number): string {
    return join(this.#folder, "checkpoints", `trial-${trial}.safetensors`);
  }

  weights(trial: number): string {
    return join(this.#folder, "weights", `trial-${trial}.safetensors`);
  }

  /**
   * Deletes what trials that have ended no longer need, those too whose process was killed before it could do that. `others`: trials
   * whose weights are still needed beside the best's.
   */
  clear(trials: readonly Trial[], goal: Goal, others: readonly Trial[] = []): void {
    for (const { file } of garbageIn(this.#folder, trials, goal, others)) removeFile(file);
  }
}

/** Stands for all that a trial's numbers depend on. Not paths: the hashes stand for what the files hold. */
export function fingerprintOf({ settings, metric, parameters, seed, studySeed, inputs }: TrialJob): string {
  const { model, data, trainer, ...rest } = settings;
  const { maxTrialMinutes, ...counting } = trainer;
  const all = [VERSION, inputs, rest, counting, metric, parameters, seed, studySeed];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

/** Whether the job's weights file holds this very trial's weights, whole. */
export async function hasWeights(job: TrialJob): Promise<boolean> {
  if (job.weights === undefined || !existsSync(job.weights)) return false;
  const metadata = await readVerifiedMetadata(job.weights).catch(() => undefined);
  return metadata?.fingerprint === fingerprintOf(job);
}
