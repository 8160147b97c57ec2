// `dualrate train`: one configuration, trained once; an exported one is compared with the trial that it came from.
import { DualrateError } from "../errors.js";
import { formatDifference, formatDuration, formatMetric } from "../report/format.js";
import { reasonOfFailure } from "../report/ranking.js";
import type { Executor } from "../runner/executor.js";
import type { TrialJob } from "../runner/protocol.js";
import type { InputHashes } from "../sweep/inputs.js";
import { resolveRates } from "../sweep/resolve.js";
import type { ExportedFrom, MetricName, Sweep } from "../sweep/settings.js";
import { gridPoint, gridSize, type Parameters } from "../sweep/space.js";
import { readSweep } from "../sweep/sweep-file.js";
import { type Measurement, type TrialOutcome, trialSeed } from "../sweep/trial.js";
import { prepareInputs } from "./inputs.js";
import { withOneWorker } from "./one-worker.js";
import { note, print, printJson } from "./output.js";

export interface TrainOptions {
  readonly json?: boolean;
  /** A result other than the exported one is a failure. */
  readonly strict?: boolean;
}

/** How a result relates to the one that its configuration was exported with. */
type Reproduction =
  | { readonly kind: "exact"; readonly from: ExportedFrom }
  | { readonly kind: "different"; readonly from: ExportedFrom; readonly difference: number }
  | { readonly kind: "other-metric"; readonly from: ExportedFrom };

/** Returns the exit status. */
export async function train(file: string, options: TrainOptions): Promise<number> {
  const sweep = readSweep(file);
  const parameters = onlyPoint(sweep, file);
  return withOneWorker(async (executor) => {
    const outcome = await trainOnce(sweep, file, parameters, executor);
    return report(sweep, parameters, outcome, options);
  });
}

function onlyPoint({ space }: Sweep, file: string): Parameters {
  const size = gridSize(space);
  if (size === 1) return gridPoint(space, 0);
  const came = Number.isFinite(size) ? `this file's grid has ${size}` : "this file searches a range";
  throw new DualrateError("sweep-file", `train takes one configuration; ${came}`, {
    hint: `Run them all (dualrate run ${file}), or give one value to each parameter.`,
    place: { file },
  });
}

async function trainOnce(
  stated: Sweep,
  file: string,
  parameters: Parameters,
  executor: Executor,
): Promise<TrialOutcome> {
  const { sweep, summary } = await prepareInputs(stated, file, executor);
  note(...summary.warnings.map((warning) => `warning: ${warning}`));
  return executor.run(jobOf(sweep, parameters, summary.hashes), {
    onMeasurement: (measurement) => {
      note(measurementLine(measurement, sweep.metric.name));
      return { action: "continue" };
    },
  });
}

function jobOf(sweep: Sweep, parameters: Parameters, inputs: InputHashes): TrialJob {
  const { name, seed, settings, metric, exportedFrom } = sweep;
  const replicate = exportedFrom?.replicate ?? 0;
  const identity = { study: name, trial: 1, replicate, seed: trialSeed(seed, replicate), studySeed: seed };
  return { ...identity, inputs, settings, metric, parameters, rungs: [] };
}

function measurementLine({ step, trainLoss, validation, seconds }: Measurement, metric: MetricName): string {
  const others = metric === "loss" ? [] : [`${metric} ${formatMetric(validation[metric])}`];
  const losses = [`training loss ${formatMetric(trainLoss)}`, `validation loss ${formatMetric(validation.loss)}`];
  return [`step ${step}`, ...losses, ...others, formatDuration(1000 * seconds)].join("  ");
}

function report(sweep: Sweep, parameters: Parameters, outcome: TrialOutcome, { json, strict }: TrainOptions): number {
  const reproduction = outcome.state === "complete" ? compareWithExport(sweep, outcome) : undefined;
  const rates = resolveRates({ ...sweep.settings.fixed, ...parameters });
  if (json) {
    const all = { ...rates, ...sweep.settings.fixed, ...parameters };
    printJson({
      name: sweep.name,
      metric: sweep.metric,
      parameters: all,
      ...outcome,
      reproduction: reproduction ?? null,
    });
  } else {
    print([outcomeLine(outcome, sweep.metric.name), ...(reproduction ? [reproductionLine(reproduction)] : [])]);
    if (reproduction) note(nextCommand(reproduction));
  }
  const failed =
    outcome.state !== "complete" || (strict && reproduction !== undefined && reproduction.kind !== "exact");
  return failed ? 1 : 0;
}

function outcomeLine(outcome: TrialOutcome, metric: MetricName): string {
  if (outcome.state === "complete") return `${metric} ${outcome.value} after step ${outcome.bestStep}`;
  return outcome.state === "failed" ? `failed: ${reasonOfFailure(outcome.failure)}` : `stopped: ${outcome.reason}`;
}

function compareWithExport(
  { exportedFrom: from, metric }: Sweep,
  outcome: Extract<TrialOutcome, { state: "complete" }>,
): Reproduction | undefined {
  if (from === undefined) return undefined;
  if (from.metric !== metric.name) return { kind: "other-metric", from };
  const exact = outcome.value === from.value && outcome.bestStep === from.step;
  return exact ? { kind: "exact", from } : { kind: "different", from, difference: outcome.value - from.value };
}

function nextCommand({ kind, from }: Reproduction): string {
  const { study, trial } = from;
  if (kind !== "exact") return `next: dualrate show ${study} ${trial}`;
  return `next: dualrate export ${study} --trial ${trial} --checkpoint best-model`;
}

function reproductionLine(reproduction: Reproduction): string {
  const { from } = reproduction;
  const trial = `trial ${from.trial} of ${from.study}`;
  if (reproduction.kind === "exact") return `reproduced exactly: the same value at the same step as ${trial}`;
  if (reproduction.kind === "other-metric") return `not comparable: ${trial} was ranked by ${from.metric}`;
  const { difference } = reproduction;
  return `differs from ${trial}: ${from.metric} was ${from.value} after step ${from.step} (${formatDifference(difference)})`;
}
