// The rules between the keys of `data` and of `introduced_tokens`: where examples and tokens come from, in one way each.
import { type DataFormat, formatOf } from "./data-format.js";
import { type Problem, pathText, repeated, show, unused } from "./problems.js";
import type { SweepInput } from "./schema.js";
import { predictsTokens } from "./settings.js";
import type { Path } from "./source.js";

/** Whether the splits come from one file or from several, and whether their format can hold what the task needs. */
export function checkData(input: SweepInput): readonly Problem[] {
  return [...checkSplits(input.data), ...checkFormat(input), ...checkPair(input)];
}

const OWN_FILES = ["train", "validation", "test"] as const;

function checkSplits(data: SweepInput["data"]): readonly Problem[] {
  if (data.file === undefined) {
    if (data.split) return [missing("file", "train", "data.split splits the one file that data.file names")];
    const absent = (["train", "validation"] as const).filter((key) => data[key] === undefined);
    return absent.map((key) =>
      missing(key, "file", "each split needs a file, unless data.file and data.split give one for all"),
    );
  }
  const both = OWN_FILES.filter((key) => data[key] !== undefined);
  return [
    ...both.map((key) => ({
      path: ["data", key],
      message: `data.file names one file for all splits, and data.${key} another; it can be one of the two`,
      hint: "Remove one: data.split takes the splits out of data.file.",
    })),
    ...(data.split ? checkShares(data.split) : [missing("split", "train", "a file for all splits must be split")]),
  ];
}

function missing(key: string, other: string, reason: string): Problem {
  const example = { file: "all.jsonl", split: "{validation: 0.1}" }[key] ?? `${key}.jsonl`;
  const message = `data.${key} is missing: ${reason}`;
  return { path: ["data"], message, hint: `Add \`${key}: ${example}\` under data (or \`${other}:\`).` };
}

function checkShares({ validation, test = 0 }: NonNullable<SweepInput["data"]["split"]>): readonly Problem[] {
  if (validation + test < 1) return [];
  const message = `data.split must leave texts for training; validation ${validation} and test ${test} take them all`;
  return [{ path: ["data", "split"], message, hint: "Lower the shares: 0.1 for validation, say." }];
}

function checkFormat({ data, task }: SweepInput): readonly Problem[] {
  const given = data.format === "auto" ? undefined : data.format;
  for (const key of [...OWN_FILES, "file"] as const) {
    const file = data[key];
    const problem = file === undefined ? undefined : wrongFormat(task, formatOf(file, given));
    if (problem) return [{ path: ["data", given ? "format" : key], ...problem }];
  }
  return [];
}

/** Why a format cannot hold what the task needs. */
function wrongFormat(task: SweepInput["task"], format: DataFormat): Omit<Problem, "path"> | undefined {
  const ending = "data.format says so where a file's ending does not.";
  if (task === "token-classification") {
    if (format === "jsonl" || format === "parquet" || format === "conll") return undefined;
    const what = format === "text" ? "plain text has none of" : `the fields of ${format.toUpperCase()} cannot hold`;
    const message = `task ${task} needs words and their tags, which ${what}`;
    return { message, hint: `Use JSONL or Parquet with lists, or conll: a word and its tag a line; ${ending}` };
  }
  if (format === "conll") {
    const message = `task ${task} needs whole texts; conll has a word and its tag in each line`;
    return { message, hint: `Use task token-classification, or another format; ${ending}` };
  }
  if (predictsTokens(task) || format !== "text") return undefined;
  const message = `task ${task} needs labels, which plain text has none of`;
  return { message, hint: `Use JSONL, CSV, TSV or Parquet; ${ending}` };
}

function checkPair({ data, task }: SweepInput): readonly Problem[] {
  if (data.text_pair === undefined || task === "sequence-classification") return [];
  return unused(["data", "text_pair"], `${task} reads one text an example`);
}

const TOKEN_SOURCES = ["tokens", "file", "pattern"] as const;

/** Whether the introduced tokens come from one place, and whether a list or pattern can be right. */
export function checkTokens({ introduced_tokens: given }: SweepInput): readonly Problem[] {
  const sources = TOKEN_SOURCES.filter((key) => given[key] !== undefined);
  if (sources.length !== 1) return [wrongSources(sources)];
  return [
    ...(given.max_tokens !== undefined && given.pattern === undefined
      ? unused(["introduced_tokens", "max_tokens"], "only a pattern may find too many tokens")
      : []),
    ...checkList(given.tokens ?? []),
    ...checkTokenInit(given),
    ...(given.pattern === undefined ? [] : checkPattern(given.pattern)),
  ];
}

function wrongSources(sources: readonly string[]): Problem {
  const path = ["introduced_tokens", ...sources.slice(-1)];
  const message = `exactly one of tokens, file and pattern must be given under introduced_tokens; got ${sources.join(", ") || "none of them"}`;
  const hint = sources.length > 1 ? "Keep one of them." : 'Add `tokens: ["<NEW_1>", "<NEW_2>"]`, say.';
  return { path, message, hint };
}

function checkList(tokens: readonly string[]): readonly Problem[] {
  const path: Path = ["introduced_tokens", "tokens"];
  const blank = tokens.flatMap((token, i) => (token.trim() === "" ? [i] : []));
  return [
    ...blank.map((i) => ({
      path: [...path, i],
      message: `${pathText([...path, i])} must be a token that is not blank; got ${show(tokens[i])}`,
      hint: "Remove it.",
    })),
    ...repeated(tokens, path, "a token is introduced once"),
  ];
}

function checkTokenInit({ tokens, file, token_init: inits }: SweepInput["introduced_tokens"]): readonly Problem[] {
  const path = ["introduced_tokens", "token_init"];
  if (inits === undefined) return [];
  if (tokens === undefined) {
    const instead = file === undefined ? "List the tokens" : "Give the file a column `init`";
    return [{ path, message: `${pathText(path)} is for tokens that are listed`, hint: `${instead} instead.` }];
  }
  const others = Object.keys(inits).filter((token) => !tokens.includes(token));
  return others.map((token) => ({
    path: [...path, token],
    message: `${pathText(path)} names ${show(token)}, which introduced_tokens.tokens does not list`,
    hint: "Remove it, or correct its spelling.",
  }));
}

function checkPattern(pattern: string): readonly Problem[] {
  const path = ["introduced_tokens", "pattern"];
  try {
    if (!new RegExp(pattern, "u").test("")) return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : String(error);
    const message = `introduced_tokens.pattern must be a regular expression (JavaScript's, Unicode); ${show(pattern)}: ${reason}`;
    return [{ path, message, hint: "Put it in single quotes, and escape special characters alone: '<RX_\\d+>', say." }];
  }
  const message = `introduced_tokens.pattern must not match empty text; got ${show(pattern)}`;
  return [{ path, message, hint: "Use + instead of *, say." }];
}
