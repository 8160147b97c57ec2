// What is typed after `/`: terms that a row must all fulfil, such as `status:failed ratio>3 #12 cosine`.
import type { MetricName } from "../sweep/settings.js";
import type { Row } from "./rows.js";
import { stateWord } from "./theme.js";

export interface Filter {
  readonly matches: (row: Row) => boolean;
  /** Why a term can never match. */
  readonly problem: string | undefined;
}

type Predicate = Filter["matches"];

const COMPARISONS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  "=": (left, right) => Math.abs(left - right) <= 1e-9 * Math.abs(right),
};

const ALL: Predicate = () => true;

/** A term that is not typed to its end (`ratio>`) lets all rows pass. An unknown field lets none, and is the problem. */
export function parseFilter(text: string, metric: MetricName, parameters: readonly string[]): Filter {
  const terms = text.trim().split(/\s+/);
  const known = new Set([
    "ratio",
    "base",
    "value",
    "step",
    "number",
    "lr_ratio",
    "base_lr",
    "intro_lr",
    metric,
    ...parameters,
  ]);
  const unknown = terms
    .map((term) => comparisonOf(term)?.field)
    .find((field) => field !== undefined && !known.has(field));
  const predicates = terms.map((term) => predicateOf(term, metric));
  return {
    matches: (row) => predicates.every((predicate) => predicate(row)),
    problem: unknown === undefined ? undefined : `no field "${unknown}"; there are ${[...known].join(", ")}`,
  };
}

function predicateOf(term: string, metric: MetricName): Predicate {
  if (term === "") return ALL;
  if (/^#\d*$/.test(term)) return term === "#" ? ALL : ({ trial }) => trial.number === Number(term.slice(1));
  if (term.startsWith("status:")) return statusIs(term.slice("status:".length).toLowerCase());
  const comparison = comparisonOf(term);
  if (comparison === undefined) return containsText(term.toLowerCase());
  const { field, operator, right } = comparison;
  if (right === "" || Number.isNaN(Number(right))) return right === "" ? ALL : () => false;
  return (row) => {
    const left = fieldOf(row, field, metric);
    return left !== undefined && (COMPARISONS[operator]?.(left, Number(right)) ?? false);
  };
}

function comparisonOf(term: string) {
  const [, field, operator, right] = /^([a-z]\w*)(>=|<=|>|<|=)(.*)$/.exec(term) ?? [];
  if (field === undefined || operator === undefined || right === undefined) return undefined;
  // `mean=` would be a text, `init=mean` too: only numbers compare.
  return operator === "=" && right !== "" && Number.isNaN(Number(right)) ? undefined : { field, operator, right };
}

function statusIs(status: string): Predicate {
  return ({ trial }) => trial.state.startsWith(status) || stateWord(trial).startsWith(status);
}

function fieldOf({ trial, value, step }: Row, field: string, metric: MetricName): number | undefined {
  const { base_lr, lr_ratio, intro_lr } = trial.rates;
  const own = { ratio: lr_ratio, lr_ratio, base: base_lr, base_lr, intro_lr, number: trial.number, value, step };
  if (field === metric) return value;
  const found = field in own ? own[field as keyof typeof own] : trial.parameters[field];
  return typeof found === "number" ? found : undefined;
}

/** Plain text is looked for in the state, the parameters (`init=mean`) and the reason of a failure. */
function containsText(text: string): Predicate {
  return ({ trial }) => {
    const parameters = Object.entries(trial.parameters).map(([name, value]) => `${name}=${value}`);
    const reason = trial.state === "failed" ? trial.failure.message : trial.state === "pruned" ? trial.reason : "";
    return [trial.state, stateWord(trial), ...parameters, reason].some((part) => part.toLowerCase().includes(text));
  };
}
