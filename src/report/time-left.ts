// How long a study will still take, from what its trials took so far.
import type { StudyRecord } from "../store/records.js";
import { totalSteps } from "../sweep/resolve.js";
import type { Trial, TrialProgress } from "../sweep/trial.js";

export interface TimeLeft {
  readonly milliseconds: number;
  /** Ended trials that the estimate comes from; 0 where it comes from the progress of running ones. */
  readonly endedTrials: number;
}

/** What an estimate is made from. `progress` by trial number; `now` in milliseconds since the epoch. */
export interface Progress {
  readonly study: StudyRecord;
  readonly trials: readonly Trial[];
  readonly progress: ReadonlyMap<number, Pick<TrialProgress, "step" | "seconds">>;
  readonly workers: number;
  readonly now: number;
}

/**
 * The mean time of a trial, times the trials left, over the workers that can share them. Undefined before the first
 * measurement, and where the number of trials is open.
 */
export function estimateTimeLeft(progress: Progress): TimeLeft | undefined {
  const { study, trials, workers, now } = progress;
  const ended = trials.flatMap((trial) => ("endedAt" in trial ? [trial.endedAt - trial.startedAt] : []));
  const times = ended.length > 0 ? ended : projectedTimes(progress);
  if (times.length === 0 || study.plannedTrials === undefined) return undefined;
  const remaining = study.plannedTrials - ended.length;
  if (remaining <= 0) return { milliseconds: 0, endedTrials: ended.length };
  const mean = sum(times) / times.length;
  const done = trials.flatMap((trial) => (trial.state === "running" ? [Math.min(mean, now - trial.startedAt)] : []));
  const work = Math.max(0, mean * remaining - sum(done));
  return { milliseconds: work / Math.min(Math.max(1, workers), remaining), endedTrials: ended.length };
}

/** What each running trial will have taken at its end, were its other steps like those up to its last measurement. */
function projectedTimes({ study, trials, progress }: Progress): readonly number[] {
  return trials.flatMap((trial) => {
    const last = progress.get(trial.number);
    if (trial.state !== "running" || last === undefined) return [];
    const steps = totalSteps(study.sweep.settings, trial.parameters, study.summary.trainExamples);
    return [(1000 * last.seconds * steps) / last.step];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
