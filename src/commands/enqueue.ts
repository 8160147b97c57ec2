// `run --enqueue 'base_lr=1e-4,lr_ratio=16'`: configurations that a person adds to a study.
import { DualrateError } from "../errors.js";
import { createAllowed } from "../sweep/constraints.js";
import { enqueuedPoint, enqueuedProblem } from "../sweep/enqueued.js";
import { resolveRates } from "../sweep/resolve.js";
import type { Sweep } from "../sweep/settings.js";
import type { Parameters, Value } from "../sweep/space.js";
import { type Trial, type TrialCommon, trialSeed } from "../sweep/trial.js";

/** The points of the sweep's space that the flags name. */
export function enqueuedByFlags(sweep: Sweep, texts: readonly string[]): readonly Parameters[] {
  const allowed = createAllowed(sweep.constraints ?? [], sweep.settings.fixed);
  return texts.map((text) => {
    if (sweep.method === "grid") throw wrong(text, "method grid runs every configuration anyway");
    const given = parseConfiguration(text);
    const problem = enqueuedProblem(sweep.space, given);
    if (problem !== undefined) throw wrong(text, problem);
    const point = enqueuedPoint(sweep.space, given);
    if (!allowed(point)) throw wrong(text, "it does not meet the sweep's constraints");
    return point;
  });
}

function parseConfiguration(text: string): Parameters {
  const pairs = text.split(",").map((pair) => pair.split("=").map((part) => part.trim()));
  return Object.fromEntries(
    pairs.map(([name = "", value = "", ...more]) => {
      if (name === "" || value === "" || more.length > 0) throw wrong(text, "it must read name=value,name=value");
      return [name, typed(value)];
    }),
  );
}

function typed(text: string): Value {
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function wrong(text: string, problem: string): DualrateError {
  return new DualrateError("usage", `--enqueue ${text}: ${problem}`, {
    hint: "Give each searched parameter a value of its range or list, e.g. --enqueue 'base_lr=1e-4,lr_ratio=16'.",
  });
}

/** Trials for those of the points that the study does not have yet, numbered on from its own. */
export function newTrials(
  { seed, settings }: Sweep,
  points: readonly Parameters[],
  trials: readonly Trial[],
): readonly TrialCommon[] {
  if (points.length === 0) return [];
  const key = (point: Parameters) => JSON.stringify(Object.entries(point).sort());
  const known = new Set(trials.map(({ parameters }) => key(parameters)));
  const fresh = [...new Map(points.map((point) => [key(point), point]))].filter(([text]) => !known.has(text));
  return fresh.map(([, parameters], i) => ({
    number: trials.length + 1 + i,
    replicate: 0,
    seed: trialSeed(seed, 0),
    parameters,
    rates: resolveRates({ ...settings.fixed, ...parameters }),
  }));
}
