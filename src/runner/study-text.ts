// How a study's run begins and ends, in words for its log and for people.
import type { StudyRecord } from "../store/records.js";
import type { FailureReason, Trial } from "../sweep/trial.js";
import type { Ledger, TrialCounts } from "./ledger.js";

/** How a run of a study ended, with its trials by state. */
export interface StudyEnd extends TrialCounts {
  /**
   * `finished`: nothing is left to do; `budget`: it is spent; `drained`: stopped after the running trials; `stopped`: the
   * running trials were put back; `failures`: too many in a row.
   */
  readonly reason: "finished" | "budget" | "drained" | "stopped" | "failures";
  /** One sentence for people. */
  readonly message: string;
}

export function startText(study: StudyRecord, ledger: Ledger, slots: number, requeued: readonly number[]): string {
  const planned = study.plannedTrials === undefined ? "" : ` of ${study.plannedTrials}`;
  if (ledger.nextNumber === 1) return `started: trial 1${planned}, up to ${slots} at once`;
  const again = requeued.length > 0 ? `; cut off before, and put back: trials ${requeued.join(", ")}` : "";
  return `resumed: ${ended(ledger.counts())}${planned} trials have ended${again}`;
}

export function cutOffText(trial: Trial): string {
  const cut = `trial ${trial.number} was cut off when its run ended`;
  return trial.state === "paused" ? `${cut}: paused again, at step ${trial.step}` : `${cut}: put back`;
}

export function endText(
  reason: StudyEnd["reason"],
  counts: TrialCounts,
  failures: readonly FailureReason[],
  spent: string,
): string {
  const soFar = `${ended(counts)} trials have ended, ${counts.failed} of them failed`;
  const goOn = "run the sweep again to go on";
  switch (reason) {
    case "finished":
      return `finished: ${soFar}`;
    case "budget":
      return `${spent}: ${soFar}; raise it and run the sweep again to go on`;
    case "drained":
      return `stopped after the running trials: ${soFar}; ${goOn}`;
    case "stopped":
      return `stopped at once, running trials put back: ${soFar}; ${goOn}`;
    case "failures":
      return `stopped after ${failures.length} failures in a row, ${causeOf(failures)}; the last one: ${failures.at(-1)?.message}`;
  }
}

function ended({ complete, pruned, failed }: TrialCounts): number {
  return complete + pruned + failed;
}

function causeOf(failures: readonly FailureReason[]): string {
  const areTimeouts = failures.every(({ kind }) => kind === "timeout");
  return areTimeouts ? "all past trainer.max_trial_minutes: raise it" : "which no configuration explains";
}
