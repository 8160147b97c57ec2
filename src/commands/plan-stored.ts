// What `plan` says of the study that a sweep file has started already: what was changed since, the time left, and whether the best ratio is
// at an end of those tried.
import { existsSync } from "node:fs";
import { formatClock, shortPath } from "../dashboard/format.js";
import { plural } from "../report/format.js";
import { compareRatios, groupingOf, type RatioRow } from "../report/ratios.js";
import { estimateTimeLeft, type TimeLeft } from "../report/time-left.js";
import { edgeWarning } from "../report/verdict.js";
import { databaseFile } from "../store/database.js";
import { definitionChanges } from "../store/definition.js";
import { type Extension, extensionOf } from "../store/extension.js";
import type { StoreReader, StudyDefinition, StudyOverview } from "../store/records.js";
import { endsOf } from "../sweep/distributions.js";
import { RATE_NAMES } from "../sweep/parameters.js";
import type { Sweep } from "../sweep/settings.js";
import { placeOfKey } from "../sweep/sweep-file.js";
import type { Trial } from "../sweep/trial.js";
import { type ResultsOption, withReader } from "./studies-folder.js";

export interface StoredStudy {
  /** Trials that it has. */
  readonly trials: number;
  /** What makes the file another definition than the stored one; undefined where it is the same, its limits aside. */
  readonly extension: Extension | undefined;
  /** Undefined where it has no trials that tell, or was changed. */
  readonly time: PlannedTime | undefined;
  /** That the best ratio is at an end of those tried, and which line to change; undefined where it is not. */
  readonly edge: string | undefined;
}

export interface PlannedTime extends TimeLeft {
  readonly workers: number;
}

/** The study of that name; undefined where there is none. */
export async function storedStudy(
  definition: StudyDefinition,
  workers: number,
  options: ResultsOption,
): Promise<StoredStudy | undefined> {
  if (!existsSync(databaseFile(options.results))) return undefined;
  return withReader(options, (reader) => {
    const found = reader.study(definition.sweep.name);
    if (!found) return undefined;
    const isSame = definitionChanges(found.study, definition).length === 0;
    const extension = isSame ? undefined : extensionOf(found.study, definition);
    const trials = reader.trials(found.study.id);
    return {
      trials: trials.length,
      extension,
      time: isSame ? timeLeft(found, trials, workers, reader) : undefined,
      edge: extension === undefined || extension.refused.length === 0 ? edgeOf(definition.sweep, trials) : undefined,
    };
  });
}

function timeLeft(
  { study, owner }: StudyOverview,
  stored: readonly Trial[],
  workers: number,
  reader: StoreReader,
): PlannedTime | undefined {
  // What ran when its process died runs again.
  const trials = stored.filter(({ state }) => owner || state !== "running");
  const shared = { workers: owner?.workers ?? workers, now: Date.now() };
  const left = estimateTimeLeft({ study, trials, progress: reader.progress(study.id, study.sweep.metric), ...shared });
  return left && { ...left, workers: shared.workers };
}

/** Nothing where the file's ranges go beyond that ratio already. */
function edgeOf(sweep: Sweep, trials: readonly Trial[]): string | undefined {
  const comparison = compareRatios(trials, sweep.metric.goal, groupingOf(sweep.space));
  const { best, edge } = comparison;
  if (best === undefined || edge === undefined || goesBeyond(sweep, best, edge)) return undefined;
  const [advice] = edgeWarning(comparison, best);
  const searched = RATE_NAMES.filter((name) => sweep.space.some((parameter) => parameter.name === name));
  const name = searched.includes("lr_ratio") ? "lr_ratio" : searched[0];
  if (name === undefined) return undefined;
  const { line } = placeOfKey(sweep.file, ["parameters", name]);
  const where = `${shortPath(sweep.file)}:${line}`;
  return `best ratio so far ${Number(best.ratio.toPrecision(3))}x: ${advice} (${name}, ${where}), then run --extend`;
}

function goesBeyond(sweep: Sweep, { ratio, range }: RatioRow, edge: "lowest" | "highest"): boolean {
  const [least, greatest] = ratioEnds(sweep);
  if (edge === "lowest") return least < (range?.from ?? ratio * (1 - 1e-9));
  return greatest > (range?.to ?? ratio * (1 + 1e-9));
}

function ratioEnds(sweep: Sweep): readonly [number, number] {
  const ratio = rateEnds(sweep, "lr_ratio");
  if (ratio) return ratio;
  const [base, intro] = [rateEnds(sweep, "base_lr") ?? [1, 1], rateEnds(sweep, "intro_lr") ?? [1, 1]];
  return [intro[0] / base[1], intro[1] / base[0]];
}

function rateEnds(
  { space, settings }: Sweep,
  name: (typeof RATE_NAMES)[number],
): readonly [number, number] | undefined {
  const fixed = settings.fixed[name];
  if (fixed !== undefined) return [Number(fixed), Number(fixed)];
  const distribution = space.find((parameter) => parameter.name === name)?.distribution;
  if (distribution === undefined) return undefined;
  if (distribution.kind === "constant") return [Number(distribution.value), Number(distribution.value)];
  if (distribution.kind !== "categorical") return endsOf(distribution);
  const values = distribution.values.map(Number);
  return [Math.min(...values), Math.max(...values)];
}

export function storedLines({ trials, extension, time, edge }: StoredStudy): readonly string[] {
  return [
    ...(extension ? changeLines(trials, extension) : []),
    ...(time ? [timeLine(time)] : []),
    ...(edge === undefined ? [] : [`warning     ${edge}`]),
  ];
}

function changeLines(trials: number, { accepted, refused }: Extension): readonly string[] {
  const known = `study       stored with ${plural(trials, "trial")}`;
  if (refused.length > 0) {
    return [
      `${known} and another definition, which this file cannot go on with: ${refused.map(({ text }) => text).join("; ")}`,
    ];
  }
  return [`${known}; changed since: ${accepted.join("; ")}`];
}

function timeLine({ milliseconds, endedTrials, workers }: PlannedTime): string {
  if (milliseconds === 0) return `time        nothing left: ${plural(endedTrials, "trial")} ended`;
  const from = endedTrials > 0 ? plural(endedTrials, "trial") : "the running trials' progress";
  return `time        about ${formatClock(milliseconds)} left at ${plural(workers, "worker")}, from ${from}`;
}
