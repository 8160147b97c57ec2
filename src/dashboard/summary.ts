// What the header, the plain lines and the ending say of a study: how far it is, how long it takes, what is best.

import { formatRate, formatRatio } from "../report/format.js";
import { bestAtOne, groupingOf } from "../report/ratios.js";
import { estimateTimeLeft } from "../report/time-left.js";
import type { StudyRecord } from "../store/records.js";
import { type RankedConfiguration, rankConfigurations } from "../sweep/configuration.js";
import type { Trial } from "../sweep/trial.js";
import { formatCell } from "./format.js";
import type { StudySnapshot } from "./watch.js";

export interface StudySummary {
  readonly study: StudyRecord;
  /** `stopped`: nobody runs it, and trials are left. */
  readonly phase: "running" | "finished" | "stopped";
  readonly counts: Readonly<Record<Trial["state"], number>>;
  readonly planned: number | undefined;
  readonly workers: number | undefined;
  readonly best: RankedConfiguration | undefined;
  /** The best configuration with one rate for all tokens, where one is complete; for drawn ratios, with a ratio of about 1. */
  readonly singleRate: RankedConfiguration | undefined;
  /** Milliseconds in which at least one trial ran; breaks between runs do not count. */
  readonly elapsed: number;
  /** Estimated milliseconds to the end, once a trial has a measurement. */
  readonly left: number | undefined;
  /** Milliseconds without a sign of life of the owner, where that is too long. */
  readonly silent: number | undefined;
}

/** An owner writes its heartbeat about every ten seconds. */
const SILENCE_LIMIT = 90_000;

export function summarize(snapshot: StudySnapshot, now: number): StudySummary {
  const known = SUMMARIES.get(snapshot);
  if (known?.now === now) return known.summary;
  const summary = summaryOf(snapshot, now);
  SUMMARIES.set(snapshot, { now, summary });
  return summary;
}

/** A frame asks for its summary several times. */
const SUMMARIES = new WeakMap<StudySnapshot, { readonly now: number; readonly summary: StudySummary }>();

function summaryOf(snapshot: StudySnapshot, now: number): StudySummary {
  const { overview, trials, progress } = snapshot;
  const { study, owner } = overview;
  const counts = countStates(trials);
  const silence = owner && counts.running > 0 ? now - owner.heartbeatAt : 0;
  return {
    study,
    phase: phaseOf(counts, study.plannedTrials, owner !== undefined),
    counts,
    planned: study.plannedTrials,
    workers: owner?.workers,
    ...bestOf(trials, study),
    elapsed: busyTime(snapshot, now),
    left: owner && estimateTimeLeft({ study, trials, progress, workers: owner.workers, now })?.milliseconds,
    silent: silence > SILENCE_LIMIT ? silence : undefined,
  };
}

/** Most looks at a study find no trial in another state, and the same array of trials. */
const BEST = new WeakMap<readonly Trial[], { readonly of: string; readonly best: Best }>();

type Best = Pick<StudySummary, "best" | "singleRate">;

function bestOf(trials: readonly Trial[], { sweep }: StudyRecord): Best {
  const { goal } = sweep.metric;
  const grouping = groupingOf(sweep.space);
  const known = BEST.get(trials);
  if (known?.of === goal + grouping) return known.best;
  const best = {
    best: rankConfigurations(trials, goal)[0],
    singleRate: bestAtOne(trials, goal, grouping),
  };
  BEST.set(trials, { of: goal + grouping, best });
  return best;
}

export function endedCount(counts: StudySummary["counts"]): number {
  return counts.complete + counts.pruned + counts.failed;
}

/** `ratio 8.2x base 2.0e-4 warmup 3%`: the ratio and the rest of a trial's configuration, most telling first. */
export function describeConfiguration(
  trial: Pick<Trial, "rates" | "parameters">,
  study: StudyRecord,
): readonly string[] {
  const shown = new Set(["base_lr", "lr_ratio", "intro_lr", "warmup_ratio"]);
  const warmup = trial.parameters.warmup_ratio ?? study.sweep.settings.fixed.warmup_ratio;
  const searched = searchedNames(study).filter((name) => !shown.has(name));
  return [
    `ratio ${formatRatio(trial.rates.lr_ratio)}`,
    `base ${formatRate(trial.rates.base_lr)}`,
    ...(warmup === undefined ? [] : [`warmup ${formatCell("warmup_ratio", warmup)}`]),
    ...searched.map((name) => `${name} ${formatCell(name, trial.parameters[name] ?? "-")}`),
  ];
}

/** The parameters that differ between trials, in the order of the sweep file. */
export function searchedNames(study: StudyRecord): readonly string[] {
  return study.sweep.space.filter(({ distribution }) => distribution.kind !== "constant").map(({ name }) => name);
}

function countStates(trials: readonly Trial[]): StudySummary["counts"] {
  const counts = { queued: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 };
  for (const { state } of trials) counts[state]++;
  return counts;
}

function phaseOf(counts: StudySummary["counts"], planned: number | undefined, owned: boolean): StudySummary["phase"] {
  const isOpen = counts.queued + counts.running + counts.paused > 0;
  const isShort = planned === undefined ? owned : endedCount(counts) < planned;
  if (!isOpen && !isShort) return "finished";
  return owned ? "running" : "stopped";
}

/** The length of the union of the trials' spans. */
function busyTime({ overview, trials, progress }: StudySnapshot, now: number): number {
  let [busy, until] = [0, 0];
  const started = trials.filter((trial) => trial.state !== "queued").toSorted((a, b) => a.startedAt - b.startedAt);
  for (const trial of started) {
    const lastSign = trial.startedAt + 1000 * (progress.get(trial.number)?.seconds ?? 0);
    const running = trial.state === "running" && overview.owner !== undefined;
    const end = "endedAt" in trial ? trial.endedAt : running ? now : lastSign;
    busy += Math.max(0, end - Math.max(until, trial.startedAt));
    until = Math.max(until, end);
  }
  return busy;
}
