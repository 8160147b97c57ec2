// What lies in a study's folder and is no longer needed. Only regular files of the trials' own names are ever looked at:
// what a person put there stays, and no link is followed.
import { type Dirent, lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { processExists } from "../store/lease.js";
import { rankConfigurations } from "../sweep/configuration.js";
import type { Goal } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";

/** Configurations of which one trial's weights are kept; any other trial is exported by training it again. */
const KEPT = 1;

const KINDS = ["checkpoints", "weights"] as const;
type Kind = (typeof KINDS)[number];

/** Under a temporary name while the process of that number writes it. */
const TRIAL_FILE = /^trial-(?<trial>\d+)\.safetensors(?:\.(?<pid>\d+)\.tmp)?$/;

export interface GarbageFile {
  readonly file: string;
  readonly bytes: number;
  /** Why nobody needs it. */
  readonly reason: string;
}

/**
 * Files of `folder`, a study's, that a trial which has ended left there: checkpoints, weights of any but the leader, and what
 * was written in part. A trial that waits or runs keeps its own; one that is not in `trials` keeps nothing. `others`: trials whose
 * weights are still needed.
 */
export function garbageIn(
  folder: string,
  trials: readonly Trial[],
  goal: Goal,
  others: readonly Trial[] = [],
): readonly GarbageFile[] {
  const found = KINDS.flatMap((kind) => trialFiles(folder, kind));
  if (found.length === 0) return [];
  const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
  const leaders = rankConfigurations(trials, goal).slice(0, KEPT);
  const needed = new Set([...leaders.map(({ trial }) => trial), ...others].map(({ number }) => number));
  return found.flatMap(({ file, kind, number, pid }) => {
    const reason = whyGarbage(kind, pid, byNumber.get(number), needed.has(number));
    const stats = reason === undefined ? undefined : lstatSync(file, { throwIfNoEntry: false });
    return reason === undefined || stats === undefined ? [] : [{ file, bytes: stats.size, reason }];
  });
}

function whyGarbage(kind: Kind, pid: number | undefined, trial: Trial | undefined, leads: boolean): string | undefined {
  if (trial === undefined) return "of a trial that is not in the database";
  const hasEnded = "endedAt" in trial;
  if (pid !== undefined) return hasEnded || !processExists(pid) ? "written in part by a process that ended" : undefined;
  if (!hasEnded) return undefined;
  if (kind === "checkpoints") return "the checkpoint of a trial that has ended";
  return leads ? undefined : "the weights of a trial that is not the best";
}

/** Folders of `results` with trials' files that are of none of the `known` studies. */
export function orphanFolders(results: string, known: ReadonlySet<string>): readonly string[] {
  return entriesOf(results)
    .filter((entry) => entry.isDirectory() && !known.has(entry.name))
    .filter(({ name }) => KINDS.some((kind) => trialFiles(join(results, name), kind).length > 0))
    .map(({ name }) => name);
}

/** Removes a study's folder and those of its trials' files, as far as they are empty. */
export function removeEmptyFolders(folder: string): void {
  for (const empty of [...KINDS.map((kind) => join(folder, kind)), folder]) {
    try {
      // rmdir takes neither a link nor a folder that holds anything.
      rmdirSync(empty);
    } catch {}
  }
}

/** Why the file could not be removed; undefined where it is gone. */
export function removeFile(file: string): string | undefined {
  try {
    rmSync(file, { force: true });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function trialFiles(folder: string, kind: Kind) {
  // A link in place of one of the folders leads to somebody else's files.
  if (!isFolder(folder) || !isFolder(join(folder, kind))) return [];
  return entriesOf(join(folder, kind)).flatMap((entry) => {
    const { trial, pid } = TRIAL_FILE.exec(entry.name)?.groups ?? {};
    if (trial === undefined || !entry.isFile()) return [];
    const file = join(folder, kind, entry.name);
    return [{ file, kind, number: Number(trial), pid: pid === undefined ? undefined : Number(pid) }];
  });
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** None where the folder is gone meanwhile. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
