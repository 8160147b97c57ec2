// The model behind what is said of a study's parameters: fitted once, read by the ratio curve, the importances and the ridge.
import { type Model, modelOf } from "../planner/belief.js";
import type { Sweep } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";

export type StudyModel = Model | undefined;

/** Of the trials that have ended; undefined before two configurations have a value. */
export function studyModel(
  { space, metric, seed }: Pick<Sweep, "space" | "metric" | "seed">,
  trials: readonly Trial[],
): StudyModel {
  const finished = trials.filter((trial) => "endedAt" in trial);
  return modelOf(space, { finished, running: [], goal: metric.goal, seed });
}
