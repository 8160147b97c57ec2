// A searched parameter as the sweep file states it, in W&B's syntax: which distribution it means, and what is wrong with it.
import {
  type Distribution,
  type NormalDistribution,
  type NormalKind,
  normalLimits,
  type RangeKind,
  type Value,
} from "./distributions.js";
import { normalProbability } from "./normal.js";
import type { DISTRIBUTIONS } from "./parameter-schemas.js";
import type { Domain, NumberDomain } from "./parameters.js";
import { type Problem, pathText, show } from "./problems.js";
import type { Searched } from "./schema.js";
import type { Path } from "./source.js";

type Kind = (typeof DISTRIBUTIONS)[number];
type Key = Exclude<keyof Searched, "distribution">;

const RANGE: readonly Key[] = ["min", "max"];
const KEYS: Readonly<Record<Kind, { readonly needs: readonly Key[]; readonly may?: readonly Key[] }>> = {
  constant: { needs: ["value"] },
  categorical: { needs: ["values"], may: ["probabilities"] },
  int_uniform: { needs: RANGE },
  uniform: { needs: RANGE },
  q_uniform: { needs: RANGE, may: ["q"] },
  log_uniform: { needs: RANGE },
  q_log_uniform: { needs: RANGE, may: ["q"] },
  inv_log_uniform: { needs: RANGE },
  log_uniform_values: { needs: RANGE },
  q_log_uniform_values: { needs: RANGE, may: ["q"] },
  inv_log_uniform_values: { needs: RANGE },
  normal: { needs: [], may: ["mu", "sigma"] },
  q_normal: { needs: [], may: ["mu", "sigma", "q"] },
  log_normal: { needs: [], may: ["mu", "sigma"] },
  q_log_normal: { needs: [], may: ["mu", "sigma", "q"] },
};
const ALL_KEYS: readonly Key[] = ["value", "values", "probabilities", "min", "max", "mu", "sigma", "q"];

/** As named; without a name as W&B has it: min and max that are both integers mean int_uniform, else uniform. */
function kindOf({ distribution, value, values, min, max }: Searched): Kind {
  if (distribution) return distribution;
  if (value !== undefined) return "constant";
  if (values !== undefined) return "categorical";
  return Number.isInteger(min) && Number.isInteger(max) ? "int_uniform" : "uniform";
}

/** The distribution of a parameter that `checkSearched` has found no problem with. W&B's defaults: mu 0, sigma 1, q 1. */
export function distributionOf(searched: Searched, domain: Domain): Distribution {
  const { value, values, probabilities, min, max, mu = 0, sigma = 1, q } = searched;
  const kind = kindOf(searched);
  if (kind === "constant") return { kind, value: value as Value };
  if (kind === "categorical") {
    return { kind, values: values as readonly Value[], ...(probabilities && { probabilities }) };
  }
  const step = kind.startsWith("q_") ? { q: q ?? 1 } : {};
  if (isNormal(kind)) return { kind, mu, sigma, ...step, ...(domain.kind !== "choice" && closedBounds(domain)) };
  return { kind, min: min as number, max: max as number, ...step };
}

function isNormal(kind: RangeKind | NormalKind): kind is NormalKind {
  return kind.endsWith("normal");
}

/** The domain's bounds; of open ones, the nearest value that is worth a trial. */
function closedBounds({ min, max, above, below }: NumberDomain): Pick<NormalDistribution, "least" | "greatest"> {
  const least = above === undefined ? min : above + Number.EPSILON;
  const greatest = below === undefined ? max : below - Number.EPSILON;
  return { ...(least !== undefined && { least }), ...(greatest !== undefined && { greatest }) };
}

/** The smallest and the greatest value of a numeric range; infinite where nothing bounds it. */
export function rangeOf(
  distribution: Exclude<Distribution, { kind: "constant" | "categorical" }>,
): readonly [number, number] {
  if ("mu" in distribution) {
    return [distribution.least ?? Number.NEGATIVE_INFINITY, distribution.greatest ?? Number.POSITIVE_INFINITY];
  }
  const { kind, min, max, q } = distribution;
  if (kind === "inv_log_uniform") return [Math.exp(-max), Math.exp(-min)];
  const [low, high] = kind === "log_uniform" || kind === "q_log_uniform" ? [Math.exp(min), Math.exp(max)] : [min, max];
  return q === undefined ? [low, high] : [Math.round(low / q) * q, Math.round(high / q) * q];
}

/** What is wrong with a searched parameter at `path` whose keys have the right types. */
export function checkSearched(path: Path, searched: Searched, domain: Domain): readonly Problem[] {
  const form = checkForm(path, searched);
  if (form.length > 0) return form;
  const kind = kindOf(searched);
  const keys = checkKeys(path, searched, kind);
  if (keys.length > 0) return keys;
  const numbers = [...checkProbabilities(path, searched), ...checkNumbers(path, searched, kind)];
  if (numbers.length > 0 || kind === "constant" || kind === "categorical") return numbers;
  return checkDomain(path, searched, domain);
}

function checkForm(path: Path, { distribution, value, values, min, max }: Searched): readonly Problem[] {
  const forms = [
    ...(value === undefined ? [] : ["value"]),
    ...(values === undefined ? [] : ["values"]),
    ...(min === undefined && max === undefined ? [] : ["min and max"]),
  ];
  if (distribution !== undefined || forms.length === 1) return [];
  const came = forms.length === 0 ? "it has none of them" : `it has ${forms.join(" and ")}`;
  const message = `${pathText(path)} must have one of value, values, min with max, or a distribution; ${came}`;
  const hint = "Give `value: x` for one value, `values: [x, y]` for several, or `min: x` and `max: y` for a range.";
  return [{ path, message, hint }];
}

/** Keys that the distribution needs and lacks, and keys that it would ignore. */
function checkKeys(path: Path, searched: Searched, kind: Kind): readonly Problem[] {
  const { needs, may = [] } = KEYS[kind];
  const missing = needs.filter((key) => searched[key] === undefined);
  const unused = ALL_KEYS.filter((key) => searched[key] !== undefined && ![...needs, ...may].includes(key));
  const takes = [...needs, ...may].join(", ");
  return [
    ...missing.map((key) => ({ path, message: `${pathText(path)} (${kind}) lacks ${key}`, hint: `Give it ${takes}.` })),
    ...unused.map((key) => ({
      path: [...path, key],
      message: `${pathText([...path, key])} would have no effect: ${kind} takes ${takes}`,
      hint: "Remove it, or name another distribution.",
    })),
  ];
}

function checkProbabilities(path: Path, { values, probabilities }: Searched): readonly Problem[] {
  if (probabilities === undefined || values === undefined) return [];
  const at = [...path, "probabilities"];
  const sum = probabilities.reduce((a, b) => a + b, 0);
  if (probabilities.length !== values.length) {
    const message = `${pathText(at)} must have one probability a value (${values.length}); got ${probabilities.length}`;
    return [{ path: at, message, hint: "Give as many as there are values, in their order." }];
  }
  if (Math.abs(sum - 1) <= 1e-6) return [];
  const message = `${pathText(at)} must sum to 1; got ${show(probabilities)}, which sums to ${Number(sum.toPrecision(6))}`;
  return [{ path: at, message, hint: "Divide each by their sum." }];
}

function checkNumbers(path: Path, { min, max }: Searched, kind: Kind): readonly Problem[] {
  if (min === undefined || max === undefined) return [];
  const wrong = (key: Key, rule: string, hint: string) => [
    { path: [...path, key], message: `${pathText([...path, key])} must be ${rule}`, hint },
  ];
  if (min >= max) return wrong("max", `greater than min (${min}); got ${max}`, "For a single value, give `value`.");
  if (kind.endsWith("log_uniform_values") && min <= 0) {
    return wrong("min", `greater than 0 for ${kind}; got ${min}`, "A logarithmic range has no zero: start above it.");
  }
  if (kind !== "int_uniform") return [];
  const fraction = (["min", "max"] as const).find((key) => !Number.isInteger({ min, max }[key]));
  if (fraction === undefined) return [];
  return wrong(fraction, `an integer for int_uniform; got ${{ min, max }[fraction]}`, "Use uniform for all numbers.");
}

/** Whether the distribution can give a value that the parameter must not have. */
function checkDomain(path: Path, searched: Searched, domain: Domain): readonly Problem[] {
  const distribution = distributionOf(searched, domain);
  if (distribution.kind === "constant" || distribution.kind === "categorical") return [];
  const name = pathText(path);
  if (domain.kind === "choice") {
    const message = `${name} must be one of ${domain.choices.join(", ")}; ${distribution.kind} gives numbers`;
    return [{ path, message, hint: "List them: `values: [...]`." }];
  }
  if (
    domain.kind === "integer" &&
    distribution.kind !== "int_uniform" &&
    !Number.isInteger("q" in distribution ? distribution.q : 0.5)
  ) {
    const message = `${name} must be an integer; ${distribution.kind} gives others too`;
    return [{ path, message, hint: "Use int_uniform, or a distribution with q: 1." }];
  }
  if ("mu" in distribution) return checkNormal(path, distribution);
  return checkEnds(path, rangeOf(distribution), domain, distribution.kind);
}

function checkEnds(
  path: Path,
  [low, high]: readonly [number, number],
  domain: NumberDomain,
  kind: RangeKind,
): readonly Problem[] {
  const lowRule = brokenRule(low, domain);
  const rule = lowRule ?? brokenRule(high, domain);
  if (rule === undefined) return [];
  const value = lowRule === undefined ? high : low;
  // The inverse's lowest bound gives the highest value.
  const key = (lowRule === undefined) === (kind !== "inv_log_uniform") ? "max" : "min";
  const message = `${pathText([...path, key])} gives the value ${Number(value.toPrecision(6))}, which must be ${rule}`;
  const exponents = kind.endsWith("log_uniform")
    ? ` ${kind}'s bounds are exponents of e; ${kind}_values takes values.`
    : "";
  return [{ path: [...path, key], message, hint: `Narrow the range.${exponents}` }];
}

function brokenRule(value: number, { min, max, above, below }: NumberDomain): string | undefined {
  if (!Number.isFinite(value)) return "finite";
  if (min !== undefined && value < min) return `at least ${min}`;
  if (max !== undefined && value > max) return `at most ${max}`;
  if (above !== undefined && value <= above) return `greater than ${above}`;
  return below !== undefined && value >= below ? `less than ${below}` : undefined;
}

/** A normal distribution is truncated to the domain; one that lies almost wholly outside is a slip. */
const LEAST_SHARE = 0.01;

function checkNormal(path: Path, distribution: NormalDistribution): readonly Problem[] {
  const { low, high } = normalLimits(distribution);
  const share = low < high ? normalProbability(high) - normalProbability(low) : 0;
  if (share >= LEAST_SHARE) return [];
  const percent = Number((100 * share).toPrecision(2));
  const message = `${pathText(path)} (${distribution.kind}) would have ${percent} % of its draws within the parameter's bounds; it needs at least 1 %`;
  const logs = distribution.kind.includes("log_") ? " Those of a log kind are of the natural logarithm." : "";
  return [{ path, message, hint: `Correct mu and sigma.${logs}` }];
}
