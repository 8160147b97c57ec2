// Checks a sweep's inputs for `plan`, `run` and `train`: one way to say what is wrong, and where in the sweep file.
import { DualrateError, type ErrorCode, type KeyPath } from "../errors.js";
import type { Executor } from "../runner/executor.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Sweep } from "../sweep/settings.js";
import { placeOfKey } from "../sweep/sweep-file.js";

/** The key that an error of a code is about, where it names none itself. */
const KEYS: Readonly<Partial<Record<ErrorCode, KeyPath>>> = {
  model: ["model"],
  tokens: ["introduced_tokens"],
  data: ["data"],
};

/** As the executor's `prepare`; its errors name a line of the sweep file `file`, unless they name a place already. */
export function prepareInputs(sweep: Sweep, file: string, executor: Executor): Promise<PreparedSummary> {
  return placed(file, () => executor.prepare(sweep.settings, sweep.seed));
}

/** Runs `check`; an error that is about a key of the sweep file gets that key's line. */
export async function placed<T>(file: string, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof DualrateError) || error.place) throw error;
    const key = error.key ?? KEYS[error.code];
    if (!key) throw error;
    const { code, message, hint, cause } = error;
    throw new DualrateError(code, message, {
      ...(hint !== undefined && { hint }),
      cause,
      place: placeOfKey(file, key),
    });
  }
}
