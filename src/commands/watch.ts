// Watching a study that another process runs: the read-only dashboard, or plain lines where there is no terminal.

import { resultsFlag } from "../dashboard/format.js";
import { followPlainly } from "../dashboard/plain.js";
import { canShowDashboard } from "../dashboard/screen.js";
import type { StoreReader, StudyRecord } from "../store/records.js";
import { note } from "./output.js";
import type { ResultsOption } from "./studies-folder.js";

/** How progress is shown. */
export interface ViewOptions {
  /** Lines instead of the dashboard. */
  readonly plain?: boolean;
  /** Events as JSON lines on standard output. */
  readonly json?: boolean;
  /** False keeps the dashboard in the scrollback. */
  readonly altScreen: boolean;
  readonly ascii?: boolean;
}

/** Whether the terminal can show the dashboard and nothing else was asked for. */
export function wantsDashboard({ plain, json }: ViewOptions): boolean {
  return !plain && !json && canShowDashboard(process.stdout, process.stdin, process.env);
}

/** Shows the study until its owner has left it, or until the watcher leaves. */
export async function watchStudy(
  reader: StoreReader,
  { id: studyId, name }: StudyRecord,
  view: ViewOptions & ResultsOption,
): Promise<void> {
  if (wantsDashboard(view)) {
    const { openDashboard } = await import("../dashboard/index.js");
    await openDashboard({
      reader,
      studyId,
      results: view.results,
      alternateScreen: view.altScreen,
      ascii: view.ascii ?? false,
    });
  } else {
    await followPlainly(plainOptions(reader, studyId, view, ownerGone(reader, studyId)));
  }
  const flag = resultsFlag(view.results);
  note(`next: dualrate rank ${name}${flag}; dualrate compare ${name}${flag}`);
}

/** Lines on standard error and, where they were asked for, events on standard output. */
export function plainOptions(reader: StoreReader, studyId: number, { json }: ViewOptions, done: Promise<unknown>) {
  return { reader, studyId, out: process.stderr, done, ...(json && { json: process.stdout }) };
}

const POLL_MILLISECONDS = 1000;

/** Resolves when no process runs the study. */
async function ownerGone(reader: StoreReader, studyId: number): Promise<void> {
  const isOwned = () => reader.studies().some(({ study, owner }) => study.id === studyId && owner !== undefined);
  while (isOwned()) await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
}
