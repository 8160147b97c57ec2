// A stored trial as a work order: for the study's loop, and for whoever trains a trial once more.
import type { StudyRecord } from "../store/records.js";
import type { TrialCommon } from "../sweep/trial.js";
import type { TrialJob } from "./protocol.js";

/** Without files and rungs: the same numbers, nothing kept. */
export function jobOf({ name, inputs, sweep }: StudyRecord, trial: TrialCommon): TrialJob {
  const { settings, metric, seed: studySeed } = sweep;
  const { number, replicate, seed, parameters } = trial;
  return { study: name, trial: number, replicate, seed, studySeed, inputs, settings, metric, parameters, rungs: [] };
}
