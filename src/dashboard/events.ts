// What happened between two looks at a study, as events: for plain progress lines and for JSON lines.

import { formatMetric, formatRatio } from "../report/format.js";
import type { MetricName } from "../sweep/settings.js";
import type { Parameters } from "../sweep/space.js";
import { type FailureKind, type Rates, rankTrials, type Trial } from "../sweep/trial.js";
import { formatClock, METRIC_WORDS } from "./format.js";
import { describeConfiguration, endedCount, summarize } from "./summary.js";
import type { StudySnapshot } from "./watch.js";

/** Times are milliseconds since the epoch; durations are seconds. */
export type ProgressEvent =
  | { readonly event: "started"; readonly trial: number; readonly parameters: Parameters; readonly rates: Rates }
  | {
      readonly event: "complete";
      readonly trial: number;
      readonly metric: MetricName;
      readonly value: number;
      readonly step: number;
      /** Among the complete trials, from 1. */
      readonly rank: number;
      readonly complete: number;
      readonly seconds: number;
    }
  | {
      readonly event: "best";
      readonly trial: number;
      readonly metric: MetricName;
      readonly value: number;
      readonly rates: Rates;
    }
  | { readonly event: "pruned" | "paused"; readonly trial: number; readonly step: number; readonly reason: string }
  | {
      readonly event: "failed";
      readonly trial: number;
      readonly kind: FailureKind;
      readonly message: string;
      readonly step?: number;
    }
  | { readonly event: "requeued"; readonly trial: number }
  | { readonly event: "resumed"; readonly trial: number; readonly step: number }
  | {
      readonly event: "progress";
      readonly study: string;
      readonly counts: Readonly<Record<Trial["state"], number>>;
      readonly planned?: number;
      readonly elapsed: number;
      readonly left?: number;
      readonly best?: { readonly trial: number; readonly value: number; readonly ratio: number };
    };

/** The changes of all trials from `before` to `after`, in the order in which they happened; new bests follow theirs. */
export function eventsBetween(before: StudySnapshot, after: StudySnapshot): readonly ProgressEvent[] {
  if (after.trials === before.trials) return [];
  const known = new Map(before.trials.map((trial) => [trial.number, trial]));
  const changed = after.trials.filter((trial) => stamp(known.get(trial.number)) !== stamp(trial));
  const events = changed
    .toSorted((a, b) => timeOf(a) - timeOf(b))
    .flatMap((trial) => eventsOf(trial, known.get(trial.number), after));
  // A diverged seed changes who is best, too.
  if (!changed.some((trial) => "endedAt" in trial)) return events;
  const { best } = summarize(after, 0);
  if (best === undefined || best.number === summarize(before, 0).best?.number) return events;
  const { name } = after.overview.study.sweep.metric;
  return [...events, { event: "best", trial: best.number, metric: name, value: best.value, rates: best.rates }];
}

/** Where the study stands. */
export function progressOf(snapshot: StudySnapshot, now: number): ProgressEvent {
  const { study, counts, planned, elapsed, left, best } = summarize(snapshot, now);
  return {
    event: "progress",
    study: study.name,
    counts,
    ...(planned !== undefined && { planned }),
    elapsed: elapsed / 1000,
    ...(left !== undefined && { left: left / 1000 }),
    ...(best && { best: { trial: best.number, value: best.value, ratio: best.rates.lr_ratio } }),
  };
}

/** One line for people; `snapshot` is one that holds the event's trial. */
export function eventLine(event: ProgressEvent, { overview, trials }: StudySnapshot): string {
  switch (event.event) {
    case "started": {
      const trial = trials.find(({ number }) => number === event.trial);
      return `#${event.trial} started: ${trial ? describeConfiguration(trial, overview.study).join(", ") : ""}`;
    }
    case "complete": {
      const value = `${METRIC_WORDS[event.metric]} ${formatMetric(event.value)} at step ${event.step}`;
      return `#${event.trial} done: ${value}, rank ${event.rank} of ${event.complete}, ${formatClock(1000 * event.seconds)}`;
    }
    case "best":
      return `#${event.trial} is the best so far: ratio ${formatRatio(event.rates.lr_ratio)}, ${METRIC_WORDS[event.metric]} ${formatMetric(event.value)}`;
    case "pruned":
    case "paused":
      return `#${event.trial} ${event.event} at step ${event.step}: ${event.reason}`;
    case "failed":
      return `#${event.trial} failed (${event.kind})${event.step === undefined ? "" : ` at step ${event.step}`}: ${event.message}`;
    case "resumed":
      return `#${event.trial} goes on after step ${event.step}`;
    case "requeued":
      return `#${event.trial} back in the queue`;
    case "progress":
      return progressLine(event);
  }
}

function progressLine({
  study,
  counts,
  planned,
  elapsed,
  left,
  best,
}: Extract<ProgressEvent, { event: "progress" }>): string {
  const failed = counts.failed > 0 ? `, ${counts.failed} failed` : "";
  const ended = `${endedCount(counts)}${planned === undefined ? "" : ` of ${planned}`} trials ended${failed}`;
  return [
    `${study}: ${ended}, ${counts.running} running`,
    ...(best ? [`best #${best.trial} ratio ${formatRatio(best.ratio)} ${formatMetric(best.value)}`] : []),
    formatClock(1000 * elapsed),
    ...(left === undefined ? [] : [`~${formatClock(1000 * left)} left`]),
  ].join(", ");
}

/** A trial that ended between two looks has started between them too. */
function eventsOf(trial: Trial, before: Trial | undefined, after: StudySnapshot): readonly ProgressEvent[] {
  if (trial.state === "queued") return before === undefined ? [] : [{ event: "requeued", trial: trial.number }];
  const { number, parameters, rates } = trial;
  const wasSeen = before !== undefined && before.state !== "queued" && before.startedAt === trial.startedAt;
  const started: ProgressEvent =
    trial.state === "running" && trial.resumed
      ? { event: "resumed", trial: number, step: trial.resumed.step }
      : { event: "started", trial: number, parameters, rates };
  return [...(wasSeen ? [] : [started]), ...endOf(trial, after)];
}

function endOf(trial: Trial, after: StudySnapshot): readonly ProgressEvent[] {
  switch (trial.state) {
    case "complete": {
      const ranked = rankTrials(after.trials, after.overview.study.sweep.metric.goal);
      const rank = ranked.findIndex(({ number }) => number === trial.number) + 1;
      return [
        {
          event: "complete",
          trial: trial.number,
          metric: after.overview.study.sweep.metric.name,
          value: trial.value,
          step: trial.bestStep,
          rank,
          complete: ranked.length,
          seconds: (trial.endedAt - trial.startedAt) / 1000,
        },
      ];
    }
    case "pruned":
    case "paused":
      return [{ event: trial.state, trial: trial.number, step: trial.step, reason: trial.reason }];
    case "failed":
      return [{ event: "failed", trial: trial.number, ...trial.failure }];
    default:
      return [];
  }
}

/** Changes with every change of a trial's state. */
function stamp(trial: Trial | undefined): string {
  if (trial === undefined) return "";
  return `${trial.state} ${"startedAt" in trial ? trial.startedAt : ""} ${"endedAt" in trial ? trial.endedAt : ""}`;
}

/** When a trial got into its state. */
function timeOf(trial: Trial): number {
  if ("endedAt" in trial) return trial.endedAt;
  return "startedAt" in trial ? trial.startedAt : 0;
}
