// YAML with the lines that its parts stand on, so that every problem of a sweep file can name its place.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { DualrateError, messageOf, type SourcePlace } from "../errors.js";

/** Keys and list indices from the top of the file. */
export type Path = readonly PropertyKey[];

export interface Source {
  /** As the user named it. */
  readonly file: string;
  readonly data: unknown;
  /** The line of a path's last key or list item, or of the nearest one above it that is there. */
  lineOf(path: Path): number;
}

/** Parses YAML 1.2 (core schema, no custom tags); a DualrateError names the line of what is not YAML. */
export function parseSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parsed(text, file, lines);
  const [error] = [...document.errors, ...document.warnings];
  if (error) throw notYaml(error, text, { file, line: lines.linePos(error.pos[0]).line });
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const data = toData(document, (offset) => ({ file, line: lineAt(offset) }));
  return { file, data, lineOf: (path) => lineAt(offsetOf(document, path)) };
}

function parsed(text: string, file: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, { version: "1.2", schema: "core", stringKeys: true, prettyErrors: false, lineCounter });
  } catch (cause) {
    // The parser calls itself for each level of nesting, until the stack ends.
    throw new DualrateError("sweep-file", `the file cannot be parsed as YAML: ${messageOf(cause)}`, {
      hint: "No sweep file needs more than a few levels of brackets or indentation.",
      place: { file },
      cause,
    });
  }
}

function toData(document: Document, placeOf: (offset: number) => SourcePlace): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // An alias without its anchor, or aliases that multiply.
    throw new DualrateError("sweep-file", `the file's aliases cannot be resolved: ${messageOf(cause)}`, {
      hint: "Write the aliased parts out.",
      place: placeOf(aliasOffset(document)),
      cause,
    });
  }
}

/** Where the first alias without an anchor stands, else the last alias. */
function aliasOffset(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_, alias) {
      offset = alias.range?.[0] ?? offset;
      return alias.resolve(document) ? undefined : visit.BREAK;
    },
  });
  return offset;
}

const HINTS: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  DUPLICATE_KEY: "Keep one of the two.",
  TAB_AS_INDENT: "Indent with spaces.",
  TAG_RESOLVE_FAILED: "Leave the !tag out.",
};

function notYaml(error: YAMLError, text: string, place: SourcePlace): DualrateError {
  const [key] = text.slice(error.pos[0]).split(/[:\s]/, 1);
  const message =
    error.code === "DUPLICATE_KEY" ? `${key} is given twice` : `the file is not valid YAML: ${error.message}`;
  const hint = HINTS[error.code] ?? "Check indentation, colons, quotes and brackets around this line.";
  return new DualrateError("sweep-file", message, { hint, place });
}

/** Where in the text the deepest part of `path` begins that the document has. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const step of path) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, step);
    if (child === undefined) break;
    offset = child.place?.range?.[0] ?? offset;
    node = child.value;
  }
  return offset;
}

interface Child {
  readonly value: unknown;
  /** The key of a map's entry, the item of a list. */
  readonly place: Node | undefined;
}

function childOf(parent: unknown, step: PropertyKey): Child | undefined {
  if (isSeq(parent)) {
    const item = parent.items[Number(step)] as Node | undefined;
    return item && { value: item, place: item };
  }
  const pair = isMap(parent) && parent.items.find(({ key }) => isScalar(key) && key.value === step);
  return pair ? { value: pair.value, place: pair.key as Node } : undefined;
}
