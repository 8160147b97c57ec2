// A warm start: what another study's trials say of the points of this one's space.
import { DualrateError } from "../errors.js";
import { quantile } from "./distributions.js";
import { isParameterName, parameterSpec } from "./parameters.js";
import type { PriorTrial, Sweep, WarmStart } from "./settings.js";
import { createInside, type Parameters, sizeOf, type Value } from "./space.js";
import type { Trial } from "./trial.js";

/** `STUDY`, or `FOLDER:STUDY` with another results folder; `resolve` makes the folder absolute. */
export function parseWarmStart(text: string, resolve: (folder: string) => string): WarmStart {
  const at = text.lastIndexOf(":");
  if (at < 0) return { study: text, trials: [] };
  return { study: text.slice(at + 1), results: resolve(text.slice(0, at)), trials: [] };
}

/** Trials that inform a search, and how many do not, by why. */
export interface Prior {
  readonly trials: readonly PriorTrial[];
  /** Out of the space. */
  readonly outside: number;
  /** By the name of a parameter that the other study searched, where this one has one other value for it. */
  readonly otherwise: ReadonlyMap<string, number>;
}

/** A Gaussian process over more takes seconds. */
const MOST_TRIALS = 200;

/** With fewer values there is nothing to fit. */
const LEAST_COMPLETE = 2;

/**
 * The source's complete and its diverged trials as points of the target's space: a parameter that the source did not search has its
 * fixed value there, or its default. Left out are points outside of the space, and trials that differ from the target in what
 * only the source searched. Of more than 200, 200 spread evenly from the best to the worst. A DualrateError where the metric is
 * another, where a parameter has no value, or where fewer than two complete trials are left.
 */
export function priorOf(source: Sweep, trials: readonly Trial[], target: Sweep): Prior {
  expectMetric(source, target);
  const isInside = createInside(target.space);
  const otherwise = new Map<string, number>();
  const known: PriorTrial[] = [];
  let outside = 0;
  for (const trial of trials) {
    const value = measured(trial);
    if (value === undefined) continue;
    const parameters = pointOf(source, trial, target);
    const differs = differing(source, trial, target);
    if (differs !== undefined) otherwise.set(differs, (otherwise.get(differs) ?? 0) + 1);
    else if (!isInside(parameters)) outside++;
    else known.push({ parameters, replicate: trial.replicate, value });
  }
  if (known.filter(({ value }) => value !== null).length < LEAST_COMPLETE) throw tooFew(source, outside, otherwise);
  return { trials: spread(known, target), outside, otherwise };
}

function expectMetric(source: Sweep, target: Sweep): void {
  const [there, here] = [source, target].map(({ metric: { name, goal } }) => `${name} (${goal})`);
  if (there === here) return;
  throw new DualrateError(
    "study",
    `a warm start needs the same metric: ${source.name} has ${there}, this sweep ${here}`,
    {
      hint: "Rank by the same metric, or start without it.",
    },
  );
}

/** Null where it diverged; undefined where it says nothing. */
function measured(trial: Trial): number | null | undefined {
  if (trial.state === "failed") return trial.failure.kind === "diverged" ? null : undefined;
  if (trial.state !== "complete") return undefined;
  return Number.isFinite(trial.value) ? trial.value : null;
}

function pointOf(source: Sweep, trial: Trial, { space }: Sweep): Parameters {
  return Object.fromEntries(
    space.map(({ name }) => {
      const value = valueIn({ ...source.settings.fixed, ...trial.parameters, ...trial.rates }, name);
      if (value !== undefined) return [name, value];
      throw new DualrateError(
        "study",
        `the trials of ${source.name} have no value of ${name}, which this sweep searches`,
        {
          hint: `A warm start needs one for every searched parameter: fix ${name} here, or start without it.`,
        },
      );
    }),
  );
}

/** Given, or the default; undefined where there is neither. */
function valueIn(parameters: Parameters, name: string): Value | undefined {
  if (parameters[name] !== undefined || !isParameterName(name)) return parameters[name];
  const fallback = parameterSpec(name).default;
  if (fallback === "none") return undefined;
  return "value" in fallback ? fallback.value : valueIn(parameters, fallback.sameAs);
}

/** The first parameter that the source searched and the target gives another, single value. */
function differing(source: Sweep, trial: Trial, { space, settings }: Sweep): string | undefined {
  const constants = space.filter(({ distribution }) => sizeOf(distribution) === 1);
  const fixed = {
    ...settings.fixed,
    ...Object.fromEntries(constants.map((one) => [one.name, quantile(one.distribution, 0)])),
  };
  const varied = source.space
    .map(({ name }) => name)
    .filter((name) => !space.some((one) => one.name === name && sizeOf(one.distribution) > 1));
  return varied.find((name) => {
    const value = valueIn(fixed, name);
    return value !== undefined && !isSame(value, trial.parameters[name]);
  });
}

/** Rates may differ in their last bits. */
function isSame(a: Value, b: Value | undefined): boolean {
  if (typeof a !== "number" || typeof b !== "number") return a === b;
  return Math.abs(a - b) <= 1e-9 * Math.abs(a);
}

/** In the order of their numbers; of too many, evenly from the best to the worst, diverged ones last. */
function spread(known: readonly PriorTrial[], { metric }: Sweep): readonly PriorTrial[] {
  if (known.length <= MOST_TRIALS) return known;
  const cost = ({ value }: PriorTrial) => {
    if (value === null) return Number.POSITIVE_INFINITY;
    return metric.goal === "minimize" ? value : -value;
  };
  const ranked = known.toSorted((a, b) => (cost(a) === cost(b) ? 0 : cost(a) - cost(b)));
  const step = (ranked.length - 1) / (MOST_TRIALS - 1);
  const taken = new Set(Array.from({ length: MOST_TRIALS }, (_, i) => ranked[Math.round(i * step)]));
  return known.filter((trial) => taken.has(trial));
}

function tooFew(source: Sweep, outside: number, otherwise: Prior["otherwise"]): DualrateError {
  const why = leftOut({ outside, otherwise });
  return new DualrateError(
    "study",
    `a warm start needs at least ${LEAST_COMPLETE} complete trials within this sweep's space; ${source.name} has fewer${why && ` (${why})`}`,
    { hint: "Widen the ranges, warm-start from another study, or start without it." },
  );
}

/** Which trials inform nothing, in words; empty where all do. */
export function leftOut({ outside, otherwise }: Pick<Prior, "outside" | "otherwise">): string {
  const others = [...otherwise].map(([name, count]) => `${count} with another ${name}`);
  return [...(outside > 0 ? [`${outside} out of range`] : []), ...others].join(", ");
}
