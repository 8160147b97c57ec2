// Values as Python writes them, and text put together from the parts that a script needs.

/** A value as a Python literal: of JSON's kinds, objects as dicts on one line. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${literal(key)}: ${literal(inner)}`)
      .join(", ")}}`;
  }
  // Python reads JSON's strings and numbers as its own: the same escapes, the same digits.
  return JSON.stringify(value);
}

const WIDTH = 100;

/** `name = value`, a list or dict over several lines where one is too long. */
export function constant(name: string, value: unknown): string {
  const line = `${name} = ${literal(value)}`;
  if (line.length <= WIDTH || typeof value !== "object" || value === null) return line;
  if (Array.isArray(value)) return `${name} = [\n${value.map((item) => `    ${literal(item)},\n`).join("")}]`;
  return dict(name, value as Readonly<Record<string, unknown>>);
}

/** `name = {...}` with a line for each entry. */
export function dict(name: string, value: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(value).map(([key, inner]) => `    ${literal(key)}: ${literal(inner)},\n`);
  return `${name} = {\n${entries.join("")}}`;
}

const MODULES = ["argparse", "collections", "csv", "hashlib", "json", "math", "random", "re"] as const;

/** The modules of Python's own that code uses, in the order in which imports are sorted. */
export function usedModules(code: string): readonly string[] {
  return MODULES.filter((name) => new RegExp(`\\b${name}\\.`).test(code));
}

/** The parts that are there, one after the other. */
export function join(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join("\n");
}
