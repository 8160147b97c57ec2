// Progress where no dashboard can be drawn: one line for every change of a trial's state, and a sign of life.
import type { StoreReader } from "../store/records.js";
import { eventLine, eventsBetween, type ProgressEvent, progressOf } from "./events.js";
import { type StudySnapshot, StudyWatch } from "./watch.js";

export interface PlainOptions {
  readonly reader: StoreReader;
  readonly studyId: number;
  /** Lines for people; standard error, as a rule. */
  readonly out: NodeJS.WritableStream;
  /** Settles when the study is over. */
  readonly done: Promise<unknown>;
  /** The same events, one JSON object a line, each with `at` in milliseconds since the epoch. */
  readonly json?: NodeJS.WritableStream;
  /** Milliseconds between two looks at the store, and between two signs of life. */
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
}

/**
 * Follows the study until `done` has settled and all that happened until then is written. How `done` settles is its
 * owner's business; rejects where the store cannot be read.
 */
export async function followPlainly(options: PlainOptions): Promise<void> {
  const { reader, studyId, pollMs = 500, heartbeatMs = 30_000 } = options;
  const watch = new StudyWatch(reader, studyId);
  const alarm = new Alarm(options.done);
  let before = withoutRunning(watch.last);
  let lastProgress = Number.NEGATIVE_INFINITY;
  /** Events that were told after it. */
  let toldSince = 0;
  for (let isOver = false; ; isOver = await alarm.sleep(pollMs)) {
    const [after, now] = [watch.poll(), Date.now()];
    const events = eventsBetween(before, after);
    toldSince += events.length;
    const progressIsDue: boolean = isOver ? toldSince > 0 : now - lastProgress >= heartbeatMs;
    for (const event of events) write(event, after, now, options);
    if (progressIsDue) write(progressOf(after, now), after, now, options);
    if (isOver) return;
    if (progressIsDue) [lastProgress, toldSince] = [now, 0];
    before = after;
  }
}

/** What was over before is no news; what runs already is told as started. */
function withoutRunning(snapshot: StudySnapshot): StudySnapshot {
  return { ...snapshot, trials: snapshot.trials.filter(({ state }) => state !== "running") };
}

function write(event: ProgressEvent, snapshot: StudySnapshot, at: number, { out, json }: PlainOptions): void {
  out.write(`${eventLine(event, snapshot)}\n`);
  json?.write(`${JSON.stringify({ at, ...event })}\n`);
}

/** Sleeps that the end of the study cuts short. One listener in all: a race for each sleep would pile them up. */
class Alarm {
  #isOver = false;
  #wake: () => void = () => {};

  constructor(done: Promise<unknown>) {
    const end = () => {
      this.#isOver = true;
      this.#wake();
    };
    done.then(end, end);
  }

  /** Resolves after `milliseconds`, or at the end; says whether it is the end. */
  async sleep(milliseconds: number): Promise<boolean> {
    if (this.#isOver) return true;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    return this.#isOver;
  }
}
