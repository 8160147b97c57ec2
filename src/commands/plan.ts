// `dualrate plan`: what a sweep file would run, with its inputs checked; trains and stores nothing.
import { existsSync } from "node:fs";
import { formatClock, resultsFlag } from "../dashboard/format.js";
import { initialDesignSize } from "../planner/bayes.js";
import { createPruner, createSampler } from "../planner/planner.js";
import type { Pruner, Sampler } from "../planner/sampler.js";
import { createStudyPlan } from "../planner/study-plan.js";
import { formatBytes, formatCount, formatDistribution, formatParameter, plural } from "../report/format.js";
import { allParameters } from "../report/ranking.js";
import { type Column, textTable } from "../report/table.js";
import { estimateTimeLeft, type TimeLeft } from "../report/time-left.js";
import { createPiscinaExecutor } from "../runner/piscina.js";
import { defaultWorkers, thisMachine } from "../runner/workers.js";
import { databaseFile } from "../store/database.js";
import { definitionChanges } from "../store/definition.js";
import type { StudyDefinition } from "../store/records.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import { resolveRates } from "../sweep/resolve.js";
import type { Sweep } from "../sweep/settings.js";
import { type Parameters, type Space, sizeOf } from "../sweep/space.js";
import { readSweep } from "../sweep/sweep-file.js";
import { type Trial, trialSeed } from "../sweep/trial.js";
import { resolveConfig } from "../trainer/config.js";
import { modelText } from "./hub-model.js";
import { type PreparedSweep, placed, prepareInputs } from "./inputs.js";
import { note, print, printJson } from "./output.js";
import { introducedText, splitText, tokenGroupTexts } from "./show.js";
import { type ResultsOption, withReader } from "./studies-folder.js";

export interface PlanOptions extends ResultsOption {
  readonly json?: boolean;
  /** Configurations to list. */
  readonly limit: number;
}

interface PlannedTrial {
  readonly number: number;
  readonly steps: number;
  readonly parameters: Parameters;
}

export async function plan(file: string, options: PlanOptions): Promise<void> {
  const stated = readSweep(file);
  const sampler = createSampler(stated);
  const { sweep, summary } = await prepareAlone(stated, file);
  const pruner = await placed(file, () => createPruner(sweep, summary.trainExamples));
  const history = { finished: [], running: [], goal: sweep.metric.goal, seed: sweep.seed };
  const total = createStudyPlan(sweep, sampler).total(history, []);
  const trials = await placed(file, () => firstTrials(sweep, sampler, summary, options.limit));
  const workers = defaultWorkers(summary, total);
  const left = await timeLeft({ sweep, inputs: summary.hashes, summary, plannedTrials: total }, workers, options);
  if (options.json) {
    const secondsLeft = left ? left.milliseconds / 1000 : null;
    return printJson({ name: sweep.name, plannedTrials: total ?? null, workers, secondsLeft, summary, trials });
  }
  print([
    ...overviewLines(sweep, total, trials),
    ...limitLines(sweep, pruner),
    ...inputLines(sweep, summary),
    workersLine(workers, summary),
    ...(left ? [timeLine(left)] : []),
    "",
  ]);
  print(textTable(planColumns(sweep, trials), trials));
  const more = (sampler.size ?? Number.POSITIVE_INFINITY) - trials.length;
  if (more > 0) print([`and ${Number.isFinite(more) ? formatCount(more) : "any number"} more${ofWhat(sweep)}`]);
  note(`next: dualrate run ${file}${resultsFlag(options.results)}`);
}

/** Checks the inputs in a thread that lives no longer than that. */
async function prepareAlone(sweep: Sweep, file: string): Promise<PreparedSweep> {
  const executor = createPiscinaExecutor({ workers: 1 });
  try {
    return await prepareInputs(sweep, file, executor);
  } finally {
    await executor.close();
  }
}

function firstTrials(sweep: Sweep, sampler: Sampler, summary: PreparedSummary, limit: number): readonly PlannedTrial[] {
  const { settings, space, seed, replicates = 1 } = sweep;
  const planned: Trial[] = [];
  const facts = { seed: trialSeed(seed, 0), trainExamples: summary.trainExamples };
  return Array.from({ length: Math.min(limit, knownAhead(sweep, sampler) ?? limit) }, (_, i) => i + 1).flatMap(
    (number) => {
      const history = { finished: [], running: planned, goal: sweep.metric.goal, seed };
      const parameters = sampler.suggest(space, history, number);
      if (parameters === undefined) return [];
      const rates = resolveRates({ ...settings.fixed, ...parameters });
      planned.push({ number, replicate: 0, seed: facts.seed, parameters, rates, state: "running", startedAt: 0 });
      const steps = resolveConfig(settings, parameters, facts).totalSteps;
      return [
        {
          number: (number - 1) * replicates + 1,
          steps,
          parameters: allParameters({ parameters, rates }, settings.fixed),
        },
      ];
    },
  );
}

/** Trials that do not depend on others' values, where that is bounded. */
function knownAhead({ method, space, enqueued = [] }: Sweep, { size }: Sampler): number | undefined {
  if (method !== "bayes") return size;
  return Math.min(size ?? Number.POSITIVE_INFINITY, enqueued.length + initialDesignSize(space));
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
  const { constraints = [], enqueued = [], method, space } = sweep;
  return [
    ...methodLines(sweep),
    ...(enqueued.length > 0 ? [`            first ${plural(enqueued.length, "enqueued configuration")}`] : []),
    ...(method === "bayes" ? [`            ${designText(initialDesignSize(space))}`] : []),
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

function designText(size: number): string {
  return `${plural(size, "configuration")} spread over the space, then each where the ended trials promise most`;
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

interface PlannedTime extends TimeLeft {
  readonly workers: number;
}

/** From the stored trials of this very study; undefined where it has none that tell. */
async function timeLeft(
  definition: StudyDefinition,
  workers: number,
  options: ResultsOption,
): Promise<PlannedTime | undefined> {
  if (!existsSync(databaseFile(options.results))) return undefined;
  return withReader(options, (reader) => {
    const found = reader.study(definition.sweep.name);
    if (!found || definitionChanges(found.study, definition).length > 0) return undefined;
    const { study, owner } = found;
    // What ran when its process died runs again.
    const trials = reader.trials(study.id).filter(({ state }) => owner || state !== "running");
    const shared = { workers: owner?.workers ?? workers, now: Date.now() };
    const left = estimateTimeLeft({
      study,
      trials,
      progress: reader.progress(study.id, study.sweep.metric),
      ...shared,
    });
    return left && { ...left, workers: shared.workers };
  });
}

function timeLine({ milliseconds, endedTrials, workers }: PlannedTime): string {
  if (milliseconds === 0) return `time        nothing left: ${plural(endedTrials, "trial")} ended`;
  const from = endedTrials > 0 ? plural(endedTrials, "trial") : "the running trials' progress";
  return `time        about ${formatClock(milliseconds)} left at ${plural(workers, "worker")}, from ${from}`;
}

function planColumns(sweep: Sweep, trials: readonly PlannedTrial[]): readonly Column<PlannedTrial>[] {
  const searched = searchedParameters(sweep.space).map(({ name }) => name);
  const names = [...new Set(["lr_ratio", "base_lr", "intro_lr", ...searched])];
  const oneLength = new Set(trials.map(({ steps }) => steps)).size === 1;
  return [
    { title: "trial", cell: ({ number }) => String(number) },
    ...names.map((name) => ({
      title: name,
      cell: ({ parameters }: PlannedTrial) => formatParameter(name, parameters[name] ?? "-"),
    })),
    ...(oneLength ? [] : [{ title: "steps", cell: ({ steps }: PlannedTrial) => String(steps) }]),
  ];
}
