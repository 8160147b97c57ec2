// The files of a study's trials below its results folder: a checkpoint while a trial runs, and the weights of the best.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { rankConfigurations, trialsToTest } from "../sweep/configuration.js";
import type { Goal } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";
import { readVerifiedMetadata, TEMPORARY } from "../trainer/files/safetensors.js";
import type { TrialJob } from "./protocol.js";

/** Configurations of which one trial's weights are kept; any other trial is exported by training it again. */
const KEPT = 1;

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
   * Deletes what a trial that has ended no longer needs, and the weights that its end made second best. `beforeTest`: those
   * that the test split is evaluated for, as things stand, are needed too.
   */
  clear(ended: number, trials: readonly Trial[], goal: Goal, beforeTest = false): void {
    rmSync(this.checkpoint(ended), { force: true });
    this.keepBest(trials, beforeTest ? trialsToTest(trials, goal) : [], goal);
  }

  /**
   * Deletes what a process left that was killed between two steps: files half written, checkpoints of trials that have ended,
   * weights that nothing needs, as `clear`. No other process may run the study.
   */
  tidy(trials: readonly Trial[], goal: Goal, beforeTest = false): void {
    for (const folder of ["checkpoints", "weights"].map((name) => join(this.#folder, name))) {
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
      for (const name of readdirSync(folder)) if (name.endsWith(TEMPORARY)) rmSync(join(folder, name), { force: true });
    }
    for (const trial of trials) if ("endedAt" in trial) rmSync(this.checkpoint(trial.number), { force: true });
    this.keepBest(trials, beforeTest ? trialsToTest(trials, goal) : [], goal);
  }

  /** Deletes all weights of trials that have ended but the best's and those of `others`. */
  keepBest(trials: readonly Trial[], others: readonly Trial[], goal: Goal): void {
    const best = rankConfigurations(trials, goal).slice(0, KEPT);
    const kept = [...best.map(({ trial }) => trial.number), ...others.map(({ number }) => number)];
    for (const trial of trials) {
      if ("endedAt" in trial && !kept.includes(trial.number)) rmSync(this.weights(trial.number), { force: true });
    }
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
