// How commands find a stored study: by its name, or the newest of the results folder.
import { DualrateError } from "../errors.js";
import { openReader } from "../store/reader.js";
import type { StoreReader, StudyOverview } from "../store/records.js";

export interface ResultsOption {
  /** The folder that holds sweeps.db. */
  readonly results: string;
}

/** Opens the folder's database for `use`, and closes it after. */
export async function withReader<Result>(
  { results }: ResultsOption,
  use: (reader: StoreReader) => Result | Promise<Result>,
): Promise<Result> {
  const reader = openReader(results);
  try {
    return await use(reader);
  } finally {
    reader.close();
  }
}

/** The study of that name, or the newest; a DualrateError that lists the names where there is none. */
export function findStudy(reader: StoreReader, name: string | undefined, { results }: ResultsOption): StudyOverview {
  const found = reader.study(name);
  if (found) return found;
  if (name === undefined) {
    throw new DualrateError("study", `${results} holds no study yet`, { hint: "Start one: dualrate run FILE" });
  }
  const names = reader.studies().map(({ study }) => study.name);
  throw new DualrateError("study", `${results} holds no study named "${name}"`, {
    hint: names.length > 0 ? `It holds: ${names.join(", ")}` : "Start one: dualrate run FILE",
  });
}
