// `run --warm-start STUDY`, and `warm_start:` in a sweep file: another study's trials become part of the study's definition.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DualrateError } from "../errors.js";
import { plural } from "../report/format.js";
import { databaseFile } from "../store/database.js";
import type { StoreReader } from "../store/records.js";
import type { Sweep, WarmStart } from "../sweep/settings.js";
import { leftOut, parseWarmStart, priorOf } from "../sweep/warm-start.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface WarmStartOption extends ResultsOption {
  /** `STUDY` or `FOLDER:STUDY`. */
  readonly warmStart?: string;
}

/** The sweep with what `--warm-start` asks for; a DualrateError where its method would not use it. */
export function askedWarmStart(sweep: Sweep, { warmStart }: WarmStartOption): Sweep {
  if (warmStart === undefined) return sweep;
  if (sweep.method === "bayes") return { ...sweep, warmStart: parseWarmStart(warmStart, (folder) => resolve(folder)) };
  throw new DualrateError(
    "usage",
    `--warm-start would do nothing: method ${sweep.method} does not go by trials' values`,
    {
      hint: "Leave it out, or use method: bayes.",
    },
  );
}

export interface WarmStarted {
  readonly sweep: Sweep;
  /** What the search begins from, for people; undefined where that is known already, or nothing. */
  readonly text?: string;
}

/**
 * The sweep with the trials that it begins from. A stored study keeps those that it began with, asked for or not, so that it goes on
 * as it began whatever became of the other study.
 */
export async function warmStarted(
  sweep: Sweep,
  stored: Sweep | undefined,
  reader: StoreReader,
  options: ResultsOption,
): Promise<WarmStarted> {
  const { warmStart: asked, ...cold } = sweep;
  if (stored) {
    const other = asked !== undefined && asked.study !== stored.warmStart?.study;
    if (other) return { sweep };
    return { sweep: stored.warmStart ? { ...cold, warmStart: stored.warmStart } : cold };
  }
  if (asked === undefined) return { sweep };
  const { results } = asked;
  if (results === undefined) return startedFrom(sweep, asked, reader, options);
  return withReader({ results }, (there) => startedFrom(sweep, asked, there, { results }));
}

/** As `warmStarted`, where there may be no results yet. */
export async function plannedWarmStart(sweep: Sweep, options: ResultsOption): Promise<Sweep> {
  const { warmStart } = sweep;
  if (existsSync(databaseFile(options.results))) {
    return withReader(options, async (reader) => {
      return (await warmStarted(sweep, reader.study(sweep.name)?.study.sweep, reader, options)).sweep;
    });
  }
  if (warmStart === undefined) return sweep;
  const from = { results: warmStart.results ?? options.results };
  return withReader(from, (reader) => startedFrom(sweep, warmStart, reader, from).sweep);
}

function startedFrom(sweep: Sweep, asked: WarmStart, reader: StoreReader, options: ResultsOption): WarmStarted {
  const { study } = findStudy(reader, asked.study, options);
  const prior = priorOf(study.sweep, reader.trials(study.id), sweep);
  const left = leftOut(prior);
  return {
    sweep: { ...sweep, warmStart: { ...asked, trials: prior.trials } },
    text: `warm start: ${plural(prior.trials.length, "trial")} of ${study.name}${left && `; left out: ${left}`}`,
  };
}
