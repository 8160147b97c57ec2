// Where a command writes: results on standard output, everything else on standard error.

/** Lines of the result. */
export function print(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
}

/** Lines beside the result: progress, notes, what to do next. */
export function note(...lines: readonly string[]): void {
  if (lines.length > 0) process.stderr.write(`${lines.join("\n")}\n`);
}

/** The result as JSON; keys in snake_case, as in sweep files. */
export function printJson(value: unknown): void {
  print([JSON.stringify(snakeKeys(value), null, 2)]);
}

function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeKeys(inner)]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
