// `dualrate log`: what happened to a study, event by event: decisions, failures, retries, and who ran it when.
import { setTimeout as sleep } from "node:timers/promises";
import { formatTime } from "../report/format.js";
import type { EventKind, StoreReader, StudyEvent } from "../store/records.js";
import { note, print } from "./output.js";
import { findStudy, type ResultsOption, withReader } from "./studies-folder.js";

export interface LogOptions extends ResultsOption {
  /** One JSON object a line. */
  readonly json?: boolean;
  /** Only this trial's events. */
  readonly trial?: number;
  readonly kind?: EventKind;
  /** Goes on while a process runs the study. */
  readonly follow?: boolean;
}

const POLL_MILLISECONDS = 500;

export async function log(name: string | undefined, options: LogOptions): Promise<void> {
  await withReader(options, async (reader) => {
    const { study } = findStudy(reader, name, options);
    let [last, printed] = [0, 0];
    const printNew = () => {
      const events = reader.events(study.id, last);
      last = events.at(-1)?.id ?? last;
      const chosen = events.filter((event) => isChosen(event, options));
      print(chosen.map((event) => (options.json ? JSON.stringify(event) : eventText(event))));
      printed += chosen.length;
    };
    printNew();
    while (options.follow && isOwned(reader, study.name)) {
      await sleep(POLL_MILLISECONDS);
      printNew();
    }
    if (printed === 0) note(`${study.name} has no such event`);
  });
}

function isOwned(reader: StoreReader, name: string): boolean {
  return reader.study(name)?.owner !== undefined;
}

function isChosen(event: StudyEvent, { trial, kind }: LogOptions): boolean {
  return (trial === undefined || event.trial === trial) && (kind === undefined || event.kind === kind);
}

/** `2026-05-04 13:02:59  trial      #3  trial 3 is paused at step 40: …`, one line. */
function eventText({ at, kind, trial, message }: StudyEvent): string {
  const seconds = String(new Date(at).getSeconds()).padStart(2, "0");
  const number = trial === undefined ? "" : `#${trial}`;
  return `${formatTime(at)}:${seconds}  ${kind.padEnd(7)} ${number.padStart(5)}  ${message.replaceAll(/\s*\n\s*/g, " · ")}`;
}
