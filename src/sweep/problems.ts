// What can be wrong with a sweep file, and how that is said: zod's findings in the file's own terms, and the one error.
import type { z } from "zod";
import { DualrateError } from "../errors.js";
import { parameterNames, splitGroupName } from "./parameters.js";
import { SECTIONS, sweepSchema } from "./schema.js";
import type { Path, Source } from "./source.js";
import type { Value } from "./space.js";

export interface Problem {
  readonly path: Path;
  /** The rule and what came. */
  readonly message: string;
  /** What to do, in the imperative. */
  readonly hint?: string;
}

const SCHEMA_HINT = "`dualrate schema` describes every key.";

/** One error for all problems of a file, in the order of their lines. */
export function problemsError(source: Source, problems: readonly Problem[]): DualrateError {
  const placed = problems.map((problem) => ({ ...problem, line: source.lineOf(problem.path) }));
  const [first, ...others] = placed.sort((a, b) => a.line - b.line);
  const place = { file: source.file, ...(first && { line: first.line }) };
  if (first && others.length === 0) {
    return new DualrateError("sweep-file", first.message, { place, hint: first.hint ?? SCHEMA_HINT });
  }
  const list = placed.map(({ line, message, hint }) => `  line ${line}: ${message}${hint ? `. ${hint}` : ""}`);
  const message = `the sweep file has ${placed.length} problems:\n${list.join("\n")}`;
  return new DualrateError("sweep-file", message, { place, hint: `Correct these lines. ${SCHEMA_HINT}` });
}

/** A path as a user would write it: `introduced_tokens.tokens[2]`. */
export function pathText(path: Path): string {
  if (path.length === 0) return "the sweep file";
  return path
    .map((step, i) => (typeof step === "number" ? `[${step}]` : `${i > 0 ? "." : ""}${String(step)}`))
    .join("");
}

/** A value as it may stand in a message: JSON, cut where it gets long. */
export function show(value: unknown): string {
  if (value === null) return "nothing";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Entries of a list that came before in it. */
export function repeated(items: readonly Value[], path: Path, reason: string): readonly Problem[] {
  return items.flatMap((item, i) =>
    items.indexOf(item) === i
      ? []
      : [{ path: [...path, i], message: `${pathText(path)} has ${show(item)} twice; ${reason}`, hint: "Remove one." }],
  );
}

/** A key that is given though nothing would come of it. */
export function unused(path: Path | undefined, reason: string): readonly Problem[] {
  return path ? [{ path, message: `${pathText(path)} would have no effect: ${reason}`, hint: "Remove it." }] : [];
}

type Issue = z.core.$ZodIssue;

const NESTED_HINT = "Parameters cannot be nested: name each of them directly under `parameters:`.";

/** Whether a parameter of that name has parameters of its own, as W&B allows. */
function isNested({ path, input }: Issue, key: string): boolean {
  const value = path[0] === "parameters" ? (input as Readonly<Record<string, unknown>>)[key] : undefined;
  return typeof value === "object" && value !== null && "parameters" in value;
}

/** What zod found, with `input` reported, in a file with these token groups. */
export function problemsOf(issues: readonly Issue[], tokenGroups: readonly string[] = []): readonly Problem[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          ...unknownKey(issue.path, key, tokenGroups),
          ...(isNested(issue, key) && { hint: NESTED_HINT }),
        }))
      : [{ path: issue.path, message: messageOf(issue), ...hintOf(issue) }],
  );
}

function messageOf(issue: Issue): string {
  const name = pathText(issue.path);
  if (issue.input === undefined) return `${name} is missing; it must be ${ruleOf(issue)}`;
  return `${name} must be ${ruleOf(issue)}; got ${show(issue.input)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  array: "a list",
  tuple: "a list of three numbers",
  object: "a mapping of keys to values",
};

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length > 1 ? `one of ${issue.values.join(", ")}` : String(issue.values[0]);
    case "too_small":
      return boundOf(issue.origin, issue.minimum, issue.inclusive ? "at least" : "greater than");
    case "too_big":
      return boundOf(issue.origin, issue.maximum, issue.inclusive ? "at most" : "less than");
    default:
      return issue.message;
  }
}

function boundOf(origin: string, bound: number | bigint, relation: string): string {
  if (origin === "string") return "non-empty text";
  if (origin === "array") return `a list of ${relation} ${bound} ${bound === 1 ? "entry" : "entries"}`;
  return `${relation} ${bound}`;
}

function hintOf(issue: Issue): Pick<Problem, "hint"> {
  const hint = issue.input === undefined ? missingHint(issue.path) : valueHint(issue);
  return hint === undefined ? {} : { hint };
}

function missingHint(path: Path): string {
  return path.length > 1 ? `Add \`${String(path.at(-1))}:\` under ${pathText(path.slice(0, -1))}.` : "Add it.";
}

const VALUES_HINT =
  "Give `{values: [...]}`, `{value: ...}`, or a distribution, e.g. `{distribution: uniform, min: 0, max: 0.3}`.";

function valueHint({ path, code, input, ...issue }: Issue): string | undefined {
  if (code === "too_small" && path.includes("base_lr")) {
    return "To freeze the pretrained weights, set base_freeze_ratio: 1 and leave base_lr above 0.";
  }
  if (path[0] === "parameters" && path.length > 1 && typeof path.at(-1) !== "number" && path.at(-1) !== "value") {
    return VALUES_HINT;
  }
  if (pathText(path) === "early_terminate.type" && input === "patience") {
    return "Give `early_stopping_patience` under `trainer:`, which ends a trial that no longer gets better.";
  }
  if (code === "invalid_value" && typeof input === "string" && "values" in issue) {
    return didYouMean(input, issue.values.map(String));
  }
  const needsQuotes = code === "invalid_type" && "expected" in issue && issue.expected === "string";
  return needsQuotes && typeof input !== "object" ? `Put it in quotes: "${String(input)}".` : undefined;
}

const NO_PROGRAM = "dualrate trains the model itself, as `model`, `data` and `trainer` say. Remove it.";
const NO_CLOUD = "Nothing is sent to W&B: studies are kept in the results folder, by `name`. Remove it.";

/** Keys of W&B's sweep files beside the search, and why they cannot be honoured. */
const WANDB: Readonly<Record<string, string>> = {
  program: NO_PROGRAM,
  command: NO_PROGRAM,
  job: NO_PROGRAM,
  image_uri: NO_PROGRAM,
  project: NO_CLOUD,
  entity: NO_CLOUD,
  controller: "dualrate's own planner runs the sweep. Remove it.",
};

function unknownKey(parent: Path, key: string, tokenGroups: readonly string[]): Problem {
  const where = parent.length === 0 ? "" : ` under ${pathText(parent)}`;
  return {
    path: [...parent, key],
    message: `${key} is not a known key${where}`,
    hint: unknownKeyHint(parent, key, tokenGroups),
  };
}

function unknownKeyHint(parent: Path, key: string, tokenGroups: readonly string[]): string {
  if (parent[0] === "parameters" && parent.length > 1) return key === "parameters" ? NESTED_HINT : VALUES_HINT;
  if (parent.length === 0 && Object.hasOwn(WANDB, key)) return WANDB[key] as string;
  if (parent.length === 1 && parent[0] === "metric" && key === "target")
    return "No value ends a sweep; `budget` bounds what it spends. Remove it.";
  const known = keysUnder(parent, tokenGroups);
  const elsewhere = belongsElsewhere(key) ?? groupParameterHint(key, tokenGroups);
  return elsewhere ?? didYouMean(key, known) ?? `Known keys here: ${known.join(", ")}.`;
}

/** Of a key such as special_lr_ratio: that its group does not exist, or where such keys belong. */
function groupParameterHint(key: string, tokenGroups: readonly string[]): string | undefined {
  const split = splitGroupName(key);
  if (!split) return undefined;
  if (tokenGroups.includes(split.group)) return `\`${key}\` belongs under \`parameters:\`, fixed as {value: ...} too.`;
  const others = parameterNames(tokenGroups).map(splitGroupName);
  const having = others.flatMap((other) => (other?.suffix === split.suffix ? [other.group] : []));
  const near = nearest(split.group, having);
  if (near !== undefined) return `Did you mean \`${near}_${split.suffix}\`?`;
  const groups = tokenGroups.length === 0 ? "there are none" : `its groups are ${tokenGroups.join(", ")}`;
  return `token_groups has no group ${split.group}: ${groups}.`;
}

function keysUnder(parent: Path, tokenGroups: readonly string[]): readonly string[] {
  if (pathText(parent) === "parameters") return parameterNames(tokenGroups);
  const section = SECTIONS[pathText(parent) as keyof typeof SECTIONS];
  return Object.keys(parent.length === 0 ? sweepSchema.shape : section.shape);
}

function belongsElsewhere(key: string): string | undefined {
  if (Object.hasOwn(sweepSchema.shape, key)) return `\`${key}\` belongs at the top level of the file.`;
  const section = Object.entries(SECTIONS).find(([, { shape }]) => Object.hasOwn(shape, key))?.[0];
  if (section === undefined) return undefined;
  const searched = Object.hasOwn(SECTIONS.parameters.shape, key) ? ", or searched under `parameters:`" : "";
  return `\`${key}\` belongs under \`${section}:\`${searched}.`;
}

function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const near = nearest(word, candidates);
  return near === undefined ? undefined : `Did you mean \`${near}\`?`;
}

/** The candidate that a slip of the pen may have made the word of. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  const byDistance = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  const [first] = byDistance.sort((a, b) => a.distance - b.distance);
  const near = first && first.distance <= Math.ceil(word.length / 3);
  return near ? first.candidate : undefined;
}

/** Insertions, deletions and substitutions between two words (Levenshtein), by rows of the usual table. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const substituted = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
