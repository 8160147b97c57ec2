// Checks a sweep's inputs for `plan`, `run` and `train`: one way to say what is wrong, and where in the sweep file.
import { DualrateError, type ErrorCode, type KeyPath } from "../errors.js";
import type { Executor } from "../runner/executor.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Sweep } from "../sweep/settings.js";
import { placeOfKey } from "../sweep/sweep-file.js";
import { withModel } from "./hub-model.js";

/** The key that an error of a code is about, where it names none itself. */
const KEYS: Readonly<Partial<Record<ErrorCode, KeyPath>>> = {
  model: ["model"],
  tokens: ["introduced_tokens"],
  data: ["data"],
};

/** A sweep that can be stored and run: its introduced tokens are listed. */
export interface PreparedSweep {
  readonly sweep: Sweep;
  readonly summary: PreparedSummary;
}

/**
 * As the executor's `prepare`, with a hub model in the cache first; its errors name a line of the sweep file `file`, unless they name a place already. The tokens
 * that it read or found take their source's place, so that the study is identified by what is trained.
 */
export async function prepareInputs(sweep: Sweep, file: string, executor: Executor): Promise<PreparedSweep> {
  const settings = await placed(file, () => withModel(sweep.settings));
  const summary = await placed(file, () => executor.prepare(settings, sweep.seed));
  const introduced = summary.introduced ?? settings.introduced;
  return { sweep: { ...sweep, settings: { ...settings, introduced } }, summary };
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
