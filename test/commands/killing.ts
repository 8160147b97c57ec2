// Pulls the plug of a sweep: runs it as a process group of its own and kills the whole group at a chosen moment.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import type { Random } from "../../src/random.js";
import { openReader } from "../../src/store/reader.js";
import type { StoreReader } from "../../src/store/records.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** When the plug is pulled. */
export const MOMENTS = {
  /** While the program starts, checks its inputs, or begins. */
  start: "some time after the start",
  /** Soon after the study has changed so often: a trial that begins, measures, is paused, or ends. */
  change: "after some changes",
  /** While a checkpoint or a trial's weights are written. */
  checkpoint: "in a checkpoint",
  weights: "in a trial's weights",
  /** While a trial is paused. */
  paused: "while a trial is paused",
} as const;
export type Moment = keyof typeof MOMENTS;

export interface Victim {
  /** Where `file` is, and where results/ will be. */
  readonly folder: string;
  readonly file: string;
  readonly study: string;
  readonly results: string;
  readonly workers: number;
}

export interface Killed {
  /** False where the sweep ended before the moment came. */
  readonly killed: boolean;
  /** Files that the kill left half written. */
  readonly halves: readonly string[];
  readonly status: number | null;
  readonly stderr: string;
}

/** Runs the sweep until the moment comes, or to its end. */
export async function runAndKill(victim: Victim, moment: Moment, random: Random): Promise<Killed> {
  const { folder, file, results, workers } = victim;
  const before = temporaryFiles(victim);
  const flags = ["--workers", `${workers}`, "--results", results, "--plain"];
  // Detached: the leader of a process group.
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const child = spawn(process.execPath, [CLI, "run", file, ...flags], {
    cwd: folder,
    detached: true,
    stdio: [...stdio],
  });
  let stderr = "";
  child.stderr?.on("data", (data) => {
    stderr += data;
  });
  const closed = once(child, "close");
  const over = new AbortController();
  closed.then(() => over.abort());
  await WAITS[moment](victim, random, over.signal).catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  killGroup(child);
  const [status, signal] = await closed;
  return {
    killed: signal === "SIGKILL",
    halves: temporaryFiles(victim).filter((name) => !before.includes(name)),
    status,
    stderr,
  };
}

function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It ended in the meantime.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

type Wait = (victim: Victim, random: Random, over: AbortSignal) => Promise<unknown>;

const WAITS: Readonly<Record<Moment, Wait>> = {
  start: (_, random, signal) => sleep(1500 * random.uniform(), undefined, { signal }),
  change: async (victim, random, signal) => {
    await seen(victim, signal, changes(1 + random.below(16)));
    await sleep(40 * random.uniform(), undefined, { signal });
  },
  checkpoint: (victim, random, signal) => written(victim, "checkpoints", 1 + random.below(6), signal),
  weights: (victim, random, signal) => written(victim, "weights", 1 + random.below(4), signal),
  paused: async (victim, random, signal) => {
    const isChanged = changes(1 + random.below(12));
    const isPaused = (reader: StoreReader, id: number) => reader.trials(id).some(({ state }) => state === "paused");
    await seen(victim, signal, (reader, id) => isChanged(reader, id) && isPaused(reader, id));
    await sleep(40 * random.uniform(), undefined, { signal });
  },
};

/** Whether the study has changed so often since the first look, as far as looks can tell. */
function changes(count: number): (reader: StoreReader, id: number) => boolean {
  let last: number | undefined;
  let left = count;
  return (reader, id) => {
    const version = reader.version(id);
    if (version !== last && last !== undefined) left--;
    last = version;
    return left <= 0;
  };
}

/** Looks at the study again and again until it is as asked. */
async function seen(
  { folder, results, study }: Victim,
  signal: AbortSignal,
  isAsAsked: (reader: StoreReader, id: number) => boolean,
): Promise<void> {
  let reader: StoreReader | undefined;
  try {
    for (;;) {
      // Until the database is whole, there is nothing to read.
      reader ??= existsSync(join(folder, results, "sweeps.db")) ? opened(join(folder, results)) : undefined;
      const id = reader?.study(study)?.study.id;
      if (reader && id !== undefined && isAsAsked(reader, id)) return;
      await sleep(3, undefined, { signal });
    }
  } finally {
    reader?.close();
  }
}

function opened(results: string): StoreReader | undefined {
  try {
    return openReader(results);
  } catch {
    return undefined;
  }
}

/** Resolves as soon as the `count`th file is begun in a folder of the study. */
async function written(victim: Victim, name: string, count: number, signal: AbortSignal): Promise<void> {
  const folder = join(studyFolder(victim), name);
  mkdirSync(folder, { recursive: true });
  const begun = new Set<string>();
  let left = count;
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(folder, (event, file) => {
      if (event !== "rename" || !file?.endsWith(".tmp")) return;
      // The first event of a name is its beginning, the second its end.
      if (begun.delete(file)) return;
      begun.add(file);
      left--;
      if (left === 0) stop(resolve);
    });
    const stop = (then: () => void) => {
      watcher.close();
      then();
    };
    signal.addEventListener("abort", () => stop(() => reject(new Error("the sweep ended"))));
  });
}

export function studyFolder({ folder, results, study }: Victim): string {
  return join(folder, results, study);
}

/** Names below the study's folder, as `checkpoints/trial-1.safetensors`. */
export function filesOf(victim: Victim): readonly string[] {
  const folder = studyFolder(victim);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));
}

export function temporaryFiles(victim: Victim): readonly string[] {
  return filesOf(victim).filter((name) => name.endsWith(".tmp"));
}

/** All that is stored of the study, times aside: what must not depend on how often the plug was pulled. */
export function outcome({ folder, results, study }: Victim): readonly unknown[] {
  const reader = openReader(join(folder, results));
  try {
    const id = reader.study(study)?.study.id ?? 0;
    return reader.trials(id).map((trial) => {
      const { startedAt, endedAt, ...rest } = { startedAt: 0, endedAt: 0, ...trial };
      const measurements = reader.measurementsOf(id, trial.number).map(({ seconds, ...measured }) => measured);
      return { ...rest, measurements };
    });
  } finally {
    reader.close();
  }
}

/** When each trial ended that has; a trial that ran again would have ended at another time. */
export function ends({ folder, results, study }: Victim): ReadonlyMap<number, number> {
  const reader = opened(join(folder, results));
  const found = reader?.study(study);
  const trials = found ? (reader?.trials(found.study.id) ?? []) : [];
  reader?.close();
  return new Map(trials.flatMap((trial) => ("endedAt" in trial ? [[trial.number, trial.endedAt] as const] : [])));
}

/** What SQLite says of the database, and references that lead nowhere. */
export function integrity({ folder, results }: Victim): readonly unknown[] {
  const file = join(folder, results, "sweeps.db");
  if (!existsSync(file)) return ["ok"];
  const db = new Database(file);
  try {
    return [db.pragma("integrity_check", { simple: true }), ...(db.pragma("foreign_key_check") as unknown[])];
  } finally {
    db.close();
  }
}
