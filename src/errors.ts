// The one error class that users see: what went wrong, what to do next, and which exit code says so.

/** Where an error comes from. Each code has one exit status. */
export type ErrorCode =
  | "usage" // a wrong flag or argument
  | "sweep-file" // the sweep file says something impossible
  | "model" // a model folder that cannot be read or is not supported
  | "tokens" // introduced tokens that cannot be introduced
  | "data" // data files that cannot be read or are empty
  | "study" // the stored study and the request do not fit
  | "store" // the database cannot be opened, read or written
  | "lease" // another process has taken the study over
  | "memory" // the machine's memory is too small for what was asked
  | "worker" // a worker failed outside of a trial
  | "interrupted" // stopped by a signal
  | "internal"; // a broken assumption of ours

const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  "sweep-file": 2,
  model: 2,
  tokens: 2,
  data: 2,
  study: 2,
  store: 1,
  lease: 1,
  memory: 1,
  worker: 1,
  interrupted: 130,
  internal: 1,
};

/** A place in a file that the user wrote; lines count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line?: number;
}

export interface ErrorDetails {
  /** What to do next, in the imperative. */
  readonly hint?: string;
  readonly place?: SourcePlace;
  /** The sweep file's key that this is about, for where the file and its lines are not at hand. */
  readonly key?: KeyPath;
  readonly cause?: unknown;
}

/** Keys and list indices from the top of a sweep file. */
export type KeyPath = readonly (string | number)[];

/** Characters of a message: it quotes what came, which may be a file's only line. */
const MOST_CHARACTERS = 2000;

/** Without its middle where it is too long: what is wrong stands at one end, what was expected often at the other. */
function shortened(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const [head, tail] = [text.slice(0, MOST_CHARACTERS / 2), text.slice(-MOST_CHARACTERS / 4)];
  return `${head} ... (${text.length} characters) ... ${tail}`;
}

/** An expected failure. `message` says what was expected and what came; `hint` says what to do. */
export class DualrateError extends Error {
  override readonly name = "DualrateError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly place: SourcePlace | undefined;
  readonly key: KeyPath | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(shortened(message), { cause: details.cause });
    this.code = code;
    this.hint = details.hint && shortened(details.hint);
    this.place = details.place;
    this.key = details.key;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** What a caught value says: whatever was thrown need not be an Error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A DualrateError as plain data, to cross a thread boundary (structured clone drops class fields). */
export interface ErrorData extends ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
}

export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof DualrateError)) {
    return { code: "internal", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  const { code, message, hint, place, key } = error;
  return { code, message, ...(hint !== undefined && { hint }), ...(place && { place }), ...(key && { key }) };
}

export function errorFromData(data: ErrorData): DualrateError {
  return new DualrateError(data.code, data.message, data);
}
