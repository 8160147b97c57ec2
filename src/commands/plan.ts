// `dualrate plan`: what a sweep file would run, with its inputs checked; trains and stores nothing.
import { resultsFlag } from "../dashboard/format.js";
import { initialDesignSize } from "../planner/bayes.js";
import { createPruner, createSampler } from "../planner/planner.js";
import { rungWarning } from "../planner/rung-warning.js";
import type { Pruner, Sampler } from "../planner/sampler.js";
import { createStudyPlan } from "../planner/study-plan.js";
import { formatBytes, formatCount, formatDistribution, plural } from "../report/format.js";
import { textTable } from "../report/table.js";
import type { LocalExecutor } from "../runner/executor.js";
import { createHostExecutor } from "../runner/host-executor.js";
import { defaultWorkers, thisMachine } from "../runner/workers.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Sweep } from "../sweep/settings.js";
import { type Space, sizeOf } from "../sweep/space.js";
import { readSweep } from "../sweep/sweep-file.js";
import { calibrateSweep, calibrationLines } from "./calibrate.js";
import { modelText } from "./hub-model.js";
import { placed, prepareInputs } from "./inputs.js";
import { note, print, printJson } from "./output.js";
import { storedLines, storedStudy } from "./plan-stored.js";
import { type PlannedTrial, type PlannedTrials, planColumns, plannedTrials } from "./plan-trials.js";
import { introducedText, splitText, tokenGroupTexts } from "./show.js";
import type { ResultsOption } from "./studies-folder.js";
import { plannedWarmStart } from "./warm-start.js";

export interface PlanOptions extends ResultsOption {
  readonly json?: boolean;
  /** Configurations to list. */
  readonly limit: number;
  /** Trains a few steps to tell time and memory. */
  readonly calibrate?: boolean;
}

export async function plan(file: string, options: PlanOptions): Promise<void> {
  const stated = await plannedWarmStart(readSweep(file), options);
  const sampler = createSampler(stated);
  // Threads that live no longer than that.
  const executor = createHostExecutor({ workers: 1 });
  try {
    await planWith(executor, stated, sampler, file, options);
  } finally {
    await executor.close();
  }
}

async function planWith(
  executor: LocalExecutor,
  stated: Sweep,
  sampler: Sampler,
  file: string,
  options: PlanOptions,
): Promise<void> {
  const { sweep, summary } = await prepareInputs(stated, file, executor);
  const pruner = await placed(file, () => createPruner(sweep, summary.trainExamples));
  const rungs = rungWarning(sweep, summary.trainExamples);
  const history = { finished: [], running: [], goal: sweep.metric.goal, seed: sweep.seed };
  const total = createStudyPlan(sweep, sampler).total(history, []);
  const trials = await placed(file, () => plannedTrials(sweep, sampler, summary, options.limit));
  const workers = defaultWorkers(summary, total);
  const definition = { sweep, inputs: summary.hashes, summary, plannedTrials: total };
  const stored = await storedStudy(definition, workers, options);
  if (options.calibrate) note("calibrating: a few steps of the largest configuration");
  const calibrated = options.calibrate
    ? await calibrateSweep(sweep, summary, sampler, { trials: total, workers }, executor)
    : undefined;
  if (options.json) {
    return printJson({
      name: sweep.name,
      plannedTrials: total ?? null,
      workers,
      secondsLeft: stored?.time ? stored.time.milliseconds / 1000 : null,
      ...(calibrated && { calibration: calibrated }),
      warnings: [...(stored?.edge === undefined ? [] : [stored.edge]), ...(rungs ? [rungs] : [])],
      summary,
      trials: [...trials.first, ...trials.last],
    });
  }
  print([
    ...overviewLines(sweep, total, [...trials.first, ...trials.last]),
    ...limitLines(sweep, pruner),
    ...(rungs ? [`warning     ${rungs}`] : []),
    ...inputLines(sweep, summary),
    workersLine(workers, summary),
    ...(calibrated ? calibrationLines(calibrated, workers, summary) : []),
    ...(stored ? storedLines(stored) : []),
    "",
  ]);
  printTrials(sweep, sampler, trials);
  const extend = stored?.extension?.refused.length === 0;
  note(`next: dualrate run ${file}${extend ? " --extend" : ""}${resultsFlag(options.results)}`);
}

/** One table, with a gap where a long grid was cut. */
function printTrials(sweep: Sweep, { size = Number.POSITIVE_INFINITY }: Sampler, trials: PlannedTrials): void {
  const { first, last } = trials;
  const [...lines] = textTable(planColumns(sweep, trials), [...first, ...last]);
  const more = size - first.length - last.length;
  const text = `and ${Number.isFinite(more) ? formatCount(more) : "any number"} more${ofWhat(sweep)}`;
  if (more > 0) lines.splice(lines.length - last.length, 0, text);
  print(lines);
}

function overviewLines(sweep: Sweep, size: number | undefined, trials: readonly PlannedTrial[]): readonly string[] {
  const { final } = sweep;
  const lengths = trials.map(({ steps }) => steps);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  const steps = shortest === longest ? plural(longest, "step") : `${shortest} to ${longest} steps`;
  const most = final === undefined ? "" : "at most ";
  const count = size === undefined ? "trials without end" : `${most}${plural(size, "trial")}`;
  return [`${sweep.name}: ${count} of ${steps}, ranked by ${sweep.metric.name}`, ...searchLines(sweep)];
}

function searchLines(sweep: Sweep): readonly string[] {
  const { constraints = [], enqueued = [], method, space, warmStart } = sweep;
  return [
    ...methodLines(sweep),
    ...(enqueued.length > 0 ? [`            first ${plural(enqueued.length, "enqueued configuration")}`] : []),
    ...(method === "bayes" ? [`            ${designText(initialDesignSize(space), warmStart?.study)}`] : []),
    ...constraints.map((constraint) => `            with ${constraint}`),
    ...seedLines(sweep),
  ];
}

/** Where configurations and trials are not the same number. */
function ofWhat({ replicates, final }: Sweep): string {
  return replicates === undefined && final === undefined ? "" : " configurations";
}

/** The trials that come on top of the search's configurations. */
function seedLines({ replicates = 1, final }: Sweep): readonly string[] {
  return [
    ...(replicates > 1 ? [`seeds       every configuration with ${replicates} seeds, a trial each`] : []),
    ...(final
      ? [
          `final       after the search, and not counted in run_cap: ${plural(final.top, "leader")} and the best at ratio 1, each to ${final.seeds} seeds`,
        ]
      : []),
  ];
}

function designText(size: number, warmStart: string | undefined): string {
  const where = warmStart === undefined ? "spread over the space" : `where the trials of ${warmStart} promise most`;
  return `${plural(size, "configuration")} ${where}, then each where the ended trials promise most`;
}

function methodLines({ method, space, runCap }: Sweep): readonly string[] {
  const searched = searchedParameters(space);
  const cap = runCap === undefined ? "" : `, run_cap ${runCap}`;
  if (method === "grid" || searched.length === 0) {
    const factors = searched.map(({ name, distribution }) => `${sizeOf(distribution)} ${name}`).join(" x ");
    return [`search      ${method}: ${factors || "one configuration"}${cap}`];
  }
  const texts = searched.map(({ name, distribution }) => `${name} (${formatDistribution(name, distribution)})`);
  return texts.map((text, i) => (i === 0 ? `search      ${method}${cap}: ${text}` : `            ${text}`));
}

function searchedParameters(space: Space): Space {
  return space.filter(({ distribution }) => sizeOf(distribution) > 1);
}

/** What ends a trial or the study before its time. */
function limitLines({ earlyTerminate, budget = {} }: Sweep, { rungs }: Pruner): readonly string[] {
  const shares = rungs.map((rung) => `${Number((100 * rung).toPrecision(3))} %`);
  const at = shares.length > MOST_RUNGS ? `${shares[0]} to ${shares.at(-1)}` : shares.join(", ");
  const spent = [
    ...(budget.minutes === undefined ? [] : [plural(budget.minutes, "minute")]),
    ...(budget.steps === undefined ? [] : [plural(budget.steps, "step")]),
    ...(budget.tokens === undefined ? [] : [plural(budget.tokens, "token")]),
  ];
  return [
    ...(earlyTerminate ? [`stopping    ${earlyTerminate.type}, judged at ${at} of a trial's steps`] : []),
    ...(spent.length > 0 ? [`budget      no trial begins after ${spent.join(" or ")} of all trials`] : []),
  ];
}

const MOST_RUNGS = 6;

function inputLines({ settings }: Sweep, summary: PreparedSummary): readonly string[] {
  const { split } = settings.data;
  const rows = `${formatCount(summary.keptRows)} of ${formatCount(summary.vocabularyRows)} embedding rows trained`;
  return [
    `model       ${modelText(settings)}, ${formatCount(summary.parameterCount)} parameters, ${rows}`,
    `data        ${plural(summary.trainExamples, "training example")}, ${formatCount(summary.validationExamples)} for validation`,
    ...(split ? [`split       ${settings.data.train} ${splitText(split)}`] : []),
    `introduced  ${introducedText(settings.introduced.tokens, summary.introducedCounts)}`,
    ...tokenGroupTexts(settings).map((text) => `group       ${text}`),
    ...summary.warnings.map((warning) => `warning     ${warning}`),
  ];
}

function workersLine(workers: number, { workerBytes }: PreparedSummary): string {
  const short = workers * workerBytes > thisMachine().memory ? ", which is more than is free" : "";
  return `workers     ${workers}, about ${formatBytes(workerBytes)} each${short}`;
}
