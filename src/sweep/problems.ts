// What can be wrong with a sweep file, and how that is said: zod's findings in the file's own terms, and the one error.
import type { z } from "zod";
import { DualrateError } from "../errors.js";
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

/** What zod found, with `input` reported. */
export function problemsOf(issues: readonly Issue[]): readonly Problem[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownKey(issue.path, key))
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
  if (path[0] === "parameters" && path.length > 1 && typeof path.at(-1) !== "number" && path.at(-1) !== "value") {
    return VALUES_HINT;
  }
  if (code === "invalid_value" && typeof input === "string" && "values" in issue) {
    return didYouMean(input, issue.values.map(String));
  }
  const needsQuotes = code === "invalid_type" && "expected" in issue && issue.expected === "string";
  return needsQuotes && typeof input !== "object" ? `Put it in quotes: "${String(input)}".` : undefined;
}

/** Keys that a later version will take. */
const NOT_YET: ReadonlySet<string> = new Set(["early_terminate"]);

function unknownKey(parent: Path, key: string): Problem {
  const where = parent.length === 0 ? "" : ` under ${pathText(parent)}`;
  return { path: [...parent, key], message: `${key} is not a known key${where}`, hint: unknownKeyHint(parent, key) };
}

function unknownKeyHint(parent: Path, key: string): string {
  if (parent[0] === "parameters" && parent.length > 1) return VALUES_HINT;
  if (parent.length === 0 && NOT_YET.has(key)) return "This version does not support it yet; leave it out.";
  const known = keysUnder(parent);
  return belongsElsewhere(key) ?? didYouMean(key, known) ?? `Known keys here: ${known.join(", ")}.`;
}

function keysUnder(parent: Path): readonly string[] {
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
  const byDistance = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  const [nearest] = byDistance.sort((a, b) => a.distance - b.distance);
  const near = nearest && nearest.distance <= Math.ceil(word.length / 3);
  return near ? `Did you mean \`${nearest.candidate}\`?` : undefined;
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
