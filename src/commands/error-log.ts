// The log of unexpected errors: their stacks, for a report. It lies beside the results, or in the temporary folder where there
// are none, and is bounded: a full log is put aside as FILE.1, in place of the one before.
import { closeSync, constants, existsSync, fstatSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../errors.js";

/** Bytes at which a log is full. */
const FULL = 1_000_000;

/** Characters of one error at most. */
const LONGEST = 100_000;

/** Appends the error with its causes; the file's path, or undefined where it cannot be written anywhere. */
export function logError(error: unknown, results: string | undefined): string | undefined {
  const entry = entryOf(error);
  const uid = process.getuid?.();
  const files = [
    ...(results !== undefined && existsSync(results) ? [join(results, "errors.log")] : []),
    // A name for each user: the folder is everybody's.
    join(tmpdir(), uid === undefined ? "dualrate-errors.log" : `dualrate-${uid}-errors.log`),
  ];
  return files.find((file) => isAppended(file, entry));
}

function isAppended(file: string, entry: string): boolean {
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > FULL) renameSync(file, `${file}.1`);
    // In a folder that is everybody's, somebody else's link must not be followed.
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants;
    const handle = openSync(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
    try {
      if (!fstatSync(handle).isFile()) return false;
      writeSync(handle, entry);
    } finally {
      closeSync(handle);
    }
    return true;
  } catch {
    return false;
  }
}

function entryOf(error: unknown): string {
  const { version, platform, arch, argv } = process;
  const command = argv.slice(2).join(" ");
  const text = withoutSecrets(`${causes(error).join("\ncaused by: ")}`).slice(0, LONGEST);
  const head = `${new Date().toISOString()} node ${version} ${platform} ${arch}: dualrate ${withoutSecrets(command)}`;
  return `${head}\n${text}\n\n`;
}

/** The error's stack and those of what caused it. */
function causes(error: unknown): readonly string[] {
  const seen: unknown[] = [];
  for (let next = error; next !== undefined && !seen.includes(next); ) {
    seen.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return seen.map((each) => (each instanceof Error ? (each.stack ?? each.message) : messageOf(each)));
}

/** Variables whose values are secrets, whatever program they are for. */
const SECRET = /TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY/i;

/** The text without the values of secret environment variables, Hugging Face's tokens, and passwords in addresses. */
export function withoutSecrets(text: string, env: NodeJS.ProcessEnv = process.env): string {
  const secrets = Object.entries(env).filter(([name, value]) => SECRET.test(name) && (value?.trim().length ?? 0) >= 6);
  return secrets
    .reduce((rest, [name, value]) => rest.replaceAll((value as string).trim(), `[${name}]`), text)
    .replaceAll(/\bhf_[A-Za-z0-9]{10,}/g, "[token]")
    .replaceAll(/(\w:\/\/)[^\s/@:]+:[^\s/@]+@/g, "$1[password]@");
}
