// The introduced tokens of a sweep that does not list them: read from a file, or found in the training texts by a pattern.
import { DualrateError } from "../../errors.js";
import { type DataFormat, formatOf } from "../../sweep/data-format.js";
import type { IntroducedTokens, Settings } from "../../sweep/settings.js";
import { parseTokenInit, TOKEN_INITS } from "../../sweep/token-init.js";
import { readExamples } from "./dataset.js";
import { type Place, placeIn, placeText, wrongLine } from "./lines.js";
import { compareNaturally } from "./natural-order.js";
import { type FileRecord, kindOf, readRecords } from "./records.js";
import { splitSource } from "./splits.js";

export interface ResolvedTokens {
  /** With its tokens listed, whichever way the sweep file stated them: equal tokens make equal settings. */
  readonly introduced: IntroducedTokens;
  readonly origin:
    | { readonly kind: "list" }
    | { readonly kind: "pattern" }
    /** Where each of the tokens stands. */
    | { readonly kind: "file"; readonly places: readonly Place[] };
}

/**
 * The tokens of a file in its order, those that a pattern finds in natural order. Throws a DualrateError of code "tokens" or
 * "data" for a file without tokens, a pattern that finds none or too many, and whatever cannot be read.
 */
export async function resolveTokens(settings: Settings): Promise<ResolvedTokens> {
  const { source, special } = settings.introduced;
  if (source === undefined) return { introduced: settings.introduced, origin: { kind: "list" } };
  if ("pattern" in source) {
    return { introduced: { tokens: await findTokens(settings, source), special }, origin: { kind: "pattern" } };
  }
  const read = await readTokens(source.file);
  const inits = [...read].flatMap(([token, { init }]) => (init === undefined ? [] : [[token, init] as const]));
  const tokenInit = inits.length > 0 && { tokenInit: Object.fromEntries(inits) };
  return {
    introduced: { tokens: [...read.keys()], special, ...tokenInit },
    origin: { kind: "file", places: [...read.values()].map(({ place }) => place) },
  };
}

/** `error` with what it says about a token turned to where that token came from; other errors as they are. */
export function atToken(error: unknown, origin: ResolvedTokens["origin"]): unknown {
  if (!(error instanceof DualrateError)) return error;
  const [section, list, index] = error.key ?? [];
  if (section !== "introduced_tokens" || list !== "tokens") return error;
  if (origin.kind === "pattern") return patternError(error.message, "Have the pattern match new tokens alone.");
  const place = origin.kind === "file" ? origin.places[Number(index)] : undefined;
  return place ? wrongLine(place, error.message, error.hint ?? "Remove it.", "tokens") : error;
}

/** One token a line, unless the ending says otherwise. */
function tokenFormat(file: string): DataFormat {
  const format = formatOf(file);
  return format === "conll" || (format === "jsonl" && !/\.jsonl$/i.test(file)) ? "text" : format;
}

interface ListedToken {
  readonly place: Place;
  /** As the column `init` gives it; undefined where that is empty. */
  readonly init: string | undefined;
}

async function readTokens(file: string): Promise<ReadonlyMap<string, ListedToken>> {
  const listed = new Map<string, ListedToken>();
  const format = tokenFormat(file);
  for await (const record of readRecords(file, format, ["token", "init"])) {
    const place = placeIn(file, record.line, format);
    const token = format === "text" ? String(record.fields.text).trim() : tokenField(record, place);
    const before = listed.get(token);
    if (before) {
      throw wrongLine(
        place,
        `"${token}" is listed already, in ${placeText(before.place)}`,
        "Remove one of them.",
        "tokens",
      );
    }
    listed.set(token, { place, init: format === "text" ? undefined : initField(record, place) });
  }
  if (listed.size > 0) return listed;
  throw new DualrateError("tokens", `${file} must hold at least one token; it is empty`, {
    hint: "Write one token a line; .csv, .tsv, .jsonl and .parquet files have a column `token`.",
    place: { file },
  });
}

function tokenField({ fields }: FileRecord, place: Place): string {
  const hint = 'Give each token as text in the column "token"; a .txt file has one token a line instead.';
  if (!Object.hasOwn(fields, "token")) {
    const columns = Object.keys(fields).map((name) => `"${name}"`);
    throw wrongLine(place, `has no column "token"; it has ${columns.join(", ") || "none"}`, hint, "tokens");
  }
  const { token } = fields;
  if (typeof token !== "string") throw wrongLine(place, `"token" must be text, is ${kindOf(token)}`, hint, "tokens");
  if (token.trim() === "") throw wrongLine(place, '"token" is blank', "Remove the line, or fill it in.", "tokens");
  return token;
}

function initField({ fields }: FileRecord, place: Place): string | undefined {
  const init = Object.hasOwn(fields, "init") ? fields.init : undefined;
  if (init === undefined || init === null || init === "") return undefined;
  if (typeof init === "string" && parseTokenInit(init)) return init;
  const problem = `"init" must be ${TOKEN_INITS}; it is ${JSON.stringify(init)}`;
  throw wrongLine(place, problem, "Leave it empty for tokens that start as introduced_tokens.init says.", "tokens");
}

interface Pattern {
  readonly pattern: string;
  readonly maxTokens: number;
}

async function findTokens(settings: Settings, { pattern, maxTokens }: Pattern): Promise<readonly string[]> {
  const { file, fields, limit } = splitSource(settings, "train");
  const expression = new RegExp(pattern, "gu");
  const found = new Set<string>();
  for await (const example of readExamples(file, { ...fields, label: undefined }, limit)) {
    const { text, textPair = "", words, line } = example;
    const texts = words ? words.map((word) => word.text) : [text, textPair];
    for (const [token] of texts.flatMap((part) => [...part.matchAll(expression)])) {
      if (token.trim() === "") throw blankMatch(pattern, placeIn(file, line, fields.format));
      found.add(token);
    }
    if (found.size > maxTokens) throw tooMany(pattern, maxTokens, placeIn(file, line, fields.format));
  }
  if (found.size > 0) return [...found].sort(compareNaturally);
  throw patternError(
    `the pattern ${pattern} finds no token in the training texts of ${file}`,
    "Check it, and data.text.",
  );
}

function blankMatch(pattern: string, place: Place): DualrateError {
  const message = `the pattern ${pattern} must match tokens, but matches blank text in ${place.file}, ${placeText(place)}`;
  return patternError(message, "Have it match at least one character that is not white space.");
}

function tooMany(pattern: string, maxTokens: number, place: Place): DualrateError {
  const most = `${maxTokens} different tokens`;
  const message = `the pattern ${pattern} may find at most ${most}; it has found more by ${placeText(place)} of ${place.file}`;
  return patternError(message, "Make the pattern narrower, or raise introduced_tokens.max_tokens.");
}

function patternError(message: string, hint: string): DualrateError {
  return new DualrateError("tokens", message, { hint, key: ["introduced_tokens", "pattern"] });
}
