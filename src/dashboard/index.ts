// The dashboard's door: opens it in a terminal, and loads Ink and React only then.
import type { StopSignal } from "../runner/stop.js";
import type { StoreReader } from "../store/records.js";

export interface DashboardOptions {
  readonly reader: StoreReader;
  readonly studyId: number;
  /** The results folder, for the commands that are suggested. */
  readonly results: string;
  /** Given by the process that runs the study: pauses and stops it. Without, the view is read-only. */
  readonly stop?: StopSignal;
  /** Settles when the study is over, which closes the dashboard; how it settles is its owner's business. */
  readonly done?: Promise<unknown>;
  readonly alternateScreen: boolean;
  readonly ascii: boolean;
  /** Milliseconds between two looks at the store. */
  readonly pollMs?: number;
  readonly stdout?: NodeJS.WriteStream;
  readonly stdin?: NodeJS.ReadStream;
}

/** How it ended: the study is over, it goes on with plain lines, or the watcher left. */
export type DashboardEnd = "done" | "detached" | "quit";

/**
 * Shows the dashboard until the study is over or a key closes it, then restores the terminal. Rejects with what went
 * wrong in reading the store or in drawing. Needs a terminal on both streams: see `canShowDashboard`.
 */
export async function openDashboard(options: DashboardOptions): Promise<DashboardEnd> {
  // React's development build, which is the default, keeps a performance entry for every render: a leak in a view
  // that is open for days. So React is loaded here, after this line; `--help` has no need of it either.
  process.env.NODE_ENV ??= "production";
  // Heard from the start, so that a failure while React loads is not an unhandled one.
  const over = settled(options.done);
  const { Session } = await import("./session.js");
  const session = new Session(options, over);
  try {
    return await session.end;
  } finally {
    session.close();
  }
}

/** Resolves when `done` settles, however it does; never where there is none. */
async function settled(done: Promise<unknown> = new Promise(() => {})): Promise<void> {
  await done.catch(() => {});
}
