// `plan --calibrate`: a few steps of the sweep's largest configuration, and what the whole sweep takes by that.
import type { Sampler } from "../planner/sampler.js";
import { formatBytes, formatDuration, plural } from "../report/format.js";
import type { LocalExecutor } from "../runner/executor.js";
import { type Calibration, largestOf, secondsPerTrial } from "../sweep/calibration.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Sweep } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import { trialSeed } from "../sweep/trial.js";

export interface Calibrated extends Calibration {
  readonly secondsPerTrial: number;
  /** Of the whole sweep at its workers, where no trial is ended early; null where the number of trials is open. */
  readonly totalSeconds: number | null;
}

/** Configurations whose times are averaged. */
const SAMPLED = 64;

/** Trains a few steps in a worker of the executor, which has prepared the inputs; stores nothing. */
export async function calibrateSweep(
  sweep: Sweep,
  summary: PreparedSummary,
  sampler: Sampler,
  planned: { readonly trials: number | undefined; readonly workers: number },
  executor: LocalExecutor,
): Promise<Calibrated> {
  const configurations = sampled(sweep, sampler);
  const parameters = largestOf(sweep, configurations[0] ?? {});
  const { settings, metric, seed: studySeed } = sweep;
  const common = { study: sweep.name, trial: 0, replicate: 0, seed: trialSeed(studySeed, 0), studySeed };
  const calibration = await executor.calibrate({
    ...common,
    inputs: summary.hashes,
    settings,
    metric,
    parameters,
    rungs: [],
  });
  const each = secondsPerTrial(sweep, summary.trainExamples, configurations, parameters, calibration);
  return { ...calibration, secondsPerTrial: each, totalSeconds: totalSeconds(each, calibration, planned) };
}

/** The sampler's first suggestions, or as many as it has: of a grid, spread over the whole of it. */
function sampled({ space, metric, seed, method }: Sweep, sampler: Sampler): readonly Parameters[] {
  const { size = SAMPLED } = sampler;
  const count = Math.min(SAMPLED, size);
  const stride = method === "grid" ? size / count : 1;
  return Array.from({ length: count }, (_, i) => 1 + Math.floor(i * stride)).flatMap((number) => {
    const parameters = sampler.suggest(space, { finished: [], running: [], goal: metric.goal, seed }, number);
    return parameters ? [parameters] : [];
  });
}

function totalSeconds(
  each: number,
  { compileSeconds }: Calibration,
  { trials, workers }: { readonly trials: number | undefined; readonly workers: number },
): number | null {
  if (trials === undefined) return null;
  const atOnce = Math.max(1, Math.min(workers, trials));
  return Math.ceil(trials / atOnce) * each + compileSeconds;
}

export function calibrationLines(calibrated: Calibrated, workers: number, summary: PreparedSummary): readonly string[] {
  const { secondsPerStep, secondsPerEvaluation, compileSeconds, peakBytes, totalSeconds } = calibrated;
  const milliseconds = (seconds: number) => `${Number((1000 * seconds).toPrecision(3))} ms`;
  const trial = `${formatDuration(1000 * calibrated.secondsPerTrial)} a trial`;
  const whole =
    totalSeconds === null
      ? trial
      : `${formatDuration(1000 * totalSeconds)} in all at ${plural(workers, "worker")}, ${trial}`;
  return [
    `calibrated  largest configuration: ${milliseconds(secondsPerStep)} a step, ${milliseconds(secondsPerEvaluation)} an evaluation, ${Number(compileSeconds.toPrecision(2))} s to compile`,
    `            about ${whole}, where none is ended early`,
    `            peak memory ${formatBytes(peakBytes)} a worker, estimated ${formatBytes(summary.workerBytes)}`,
  ];
}
