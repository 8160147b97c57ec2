// `dualrate plan`: what a sweep file would run, with its inputs checked; trains and stores nothing.

import { createSampler } from "../planner/planner.js";
import type { Sampler } from "../planner/sampler.js";
import { formatBytes, formatCount, formatParameter, plural } from "../report/format.js";
import { allParameters } from "../report/ranking.js";
import { type Column, textTable } from "../report/table.js";
import { createPiscinaExecutor } from "../runner/piscina.js";
import { defaultWorkers } from "../runner/workers.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import { resolveRates } from "../sweep/parameters.js";
import type { Sweep } from "../sweep/settings.js";
import { type Parameters, valuesOf } from "../sweep/space.js";
import { readSweep } from "../sweep/sweep-file.js";
import { trialSeed } from "../sweep/trial.js";
import { resolveConfig } from "../trainer/config.js";
import { placed, prepareInputs } from "./inputs.js";
import { note, print, printJson } from "./output.js";
import { introducedText } from "./show.js";

export interface PlanOptions {
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
  const sweep = readSweep(file);
  const sampler = createSampler(sweep);
  const summary = await prepareAlone(sweep, file);
  const trials = await placed(file, () => firstTrials(sweep, sampler, summary, options.limit));
  const workers = defaultWorkers(summary, sampler.size);
  if (options.json)
    return printJson({ name: sweep.name, plannedTrials: sampler.size ?? null, workers, summary, trials });
  print([
    ...overviewLines(sweep, sampler.size, trials),
    ...inputLines(sweep, summary),
    workersLine(workers, summary),
    "",
  ]);
  print(textTable(planColumns(sweep, trials), trials));
  const more = (sampler.size ?? Number.POSITIVE_INFINITY) - trials.length;
  if (more > 0) print([`and ${Number.isFinite(more) ? formatCount(more) : "any number"} more`]);
  note(`next: dualrate run ${file}`);
}

/** Checks the inputs in a thread that lives no longer than that. */
async function prepareAlone(sweep: Sweep, file: string): Promise<PreparedSummary> {
  const executor = createPiscinaExecutor({ workers: 1 });
  try {
    return await prepareInputs(sweep, file, executor);
  } finally {
    await executor.close();
  }
}

function firstTrials(sweep: Sweep, sampler: Sampler, summary: PreparedSummary, limit: number): readonly PlannedTrial[] {
  const { settings, space, seed } = sweep;
  const history = { finished: [], running: [], goal: sweep.metric.goal, seed };
  const facts = { seed: trialSeed(seed, 0), trainExamples: summary.trainExamples };
  return Array.from({ length: Math.min(limit, sampler.size ?? limit) }, (_, i) => i + 1).flatMap((number) => {
    const parameters = sampler.suggest(space, history, number);
    if (parameters === undefined) return [];
    const rates = resolveRates({ ...settings.fixed, ...parameters });
    const steps = resolveConfig(settings, parameters, facts).totalSteps;
    return [{ number, steps, parameters: allParameters({ parameters, rates }, settings.fixed) }];
  });
}

function overviewLines(sweep: Sweep, size: number | undefined, trials: readonly PlannedTrial[]): readonly string[] {
  const searched = sweep.space.filter(({ distribution }) => valuesOf(distribution).length > 1);
  const factors = searched.map(({ name, distribution }) => `${valuesOf(distribution).length} ${name}`).join(" x ");
  const lengths = trials.map(({ steps }) => steps);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  const steps = shortest === longest ? plural(longest, "step") : `${shortest} to ${longest} steps`;
  const count = size === undefined ? "trials without end" : plural(size, "trial");
  return [
    `${sweep.name}: ${count} of ${steps}, ranked by ${sweep.metric.name}`,
    `search      ${sweep.method}: ${factors || "one configuration"}${sweep.runCap ? `, run_cap ${sweep.runCap}` : ""}`,
  ];
}

function inputLines({ settings }: Sweep, summary: PreparedSummary): readonly string[] {
  const rows = `${formatCount(summary.keptRows)} of ${formatCount(summary.vocabularyRows)} embedding rows trained`;
  return [
    `model       ${settings.model}, ${formatCount(summary.parameterCount)} parameters, ${rows}`,
    `data        ${plural(summary.trainExamples, "training example")}, ${formatCount(summary.validationExamples)} for validation`,
    `introduced  ${introducedText(settings.introduced.tokens, summary.introducedCounts)}`,
    ...summary.warnings.map((warning) => `warning     ${warning}`),
  ];
}

function workersLine(workers: number, { workerBytes }: PreparedSummary): string {
  return `workers     ${workers}, about ${formatBytes(workerBytes)} each`;
}

function planColumns(sweep: Sweep, trials: readonly PlannedTrial[]): readonly Column<PlannedTrial>[] {
  const searched = sweep.space.filter(({ distribution }) => valuesOf(distribution).length > 1).map(({ name }) => name);
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
