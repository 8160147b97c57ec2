// The trials that `plan` lists: a grid's first and last ones, and of any other search those that are known ahead.
import { initialDesignSize } from "../planner/bayes.js";
import type { Sampler } from "../planner/sampler.js";
import { formatParameter } from "../report/format.js";
import { allParameters } from "../report/ranking.js";
import type { Column } from "../report/table.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import { resolveRates } from "../sweep/resolve.js";
import type { Sweep } from "../sweep/settings.js";
import { type Parameters, sizeOf } from "../sweep/space.js";
import { type Trial, trialSeed } from "../sweep/trial.js";
import { resolveConfig } from "../trainer/config.js";

export interface PlannedTrial {
  readonly number: number;
  readonly steps: number;
  /** Searched, fixed, and the rates. */
  readonly parameters: Parameters;
}

export interface PlannedTrials {
  readonly first: readonly PlannedTrial[];
  /** A grid's last ones, where it is longer than what is listed. */
  readonly last: readonly PlannedTrial[];
}

/** A longer grid's end is shown by so many. */
const LAST = 3;

/** At most `limit` configurations; a DualrateError where one of them cannot be trained as the settings ask. */
export function plannedTrials(sweep: Sweep, sampler: Sampler, summary: PreparedSummary, limit: number): PlannedTrials {
  const { size = Number.POSITIVE_INFINITY } = sampler;
  const isCut = sweep.method === "grid" && size > limit;
  const atEnd = isCut ? Math.min(LAST, Math.floor(limit / 3)) : 0;
  const first = listed(sweep, sampler, summary, range(1, Math.min(limit - atEnd, knownAhead(sweep, size))));
  return { first, last: listed(sweep, sampler, summary, range(size - atEnd + 1, isCut ? size : 0)) };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

/** Configurations by their numbers, which count from 1. */
function listed(
  sweep: Sweep,
  sampler: Sampler,
  summary: PreparedSummary,
  numbers: readonly number[],
): readonly PlannedTrial[] {
  const { settings, space, seed, replicates = 1 } = sweep;
  const planned: Trial[] = [];
  const facts = { seed: trialSeed(seed, 0), trainExamples: summary.trainExamples };
  return numbers.flatMap((number) => {
    const history = { finished: [], running: planned, goal: sweep.metric.goal, seed };
    const parameters = sampler.suggest(space, history, number);
    if (parameters === undefined) return [];
    const rates = resolveRates({ ...settings.fixed, ...parameters });
    planned.push({ number, replicate: 0, seed: facts.seed, parameters, rates, state: "running", startedAt: 0 });
    const steps = resolveConfig(settings, parameters, facts).totalSteps;
    const all = allParameters({ parameters, rates }, settings.fixed);
    return [{ number: (number - 1) * replicates + 1, steps, parameters: all }];
  });
}

/** Trials that do not depend on others' values. */
function knownAhead({ method, space, enqueued = [] }: Sweep, size: number): number {
  return method === "bayes" ? Math.min(size, enqueued.length + initialDesignSize(space)) : size;
}

export function planColumns({ space }: Sweep, { first, last }: PlannedTrials): readonly Column<PlannedTrial>[] {
  const searched = space.filter(({ distribution }) => sizeOf(distribution) > 1).map(({ name }) => name);
  const names = [...new Set(["lr_ratio", "base_lr", "intro_lr", ...searched])];
  const oneLength = new Set([...first, ...last].map(({ steps }) => steps)).size === 1;
  return [
    { title: "trial", cell: ({ number }) => String(number) },
    ...names.map((name) => ({
      title: name,
      cell: ({ parameters }: PlannedTrial) => formatParameter(name, parameters[name] ?? "-"),
    })),
    ...(oneLength ? [] : [{ title: "steps", cell: ({ steps }: PlannedTrial) => String(steps) }]),
  ];
}
