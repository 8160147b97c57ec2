// The two lines on top: how far the study is, and the best ratio so far; and a line of warning, where there is one.
import { formatMetric, formatRatio } from "../../report/format.js";
import { fitSegments, formatClock, METRIC_WORDS, resultsFlag, type Segment, shorten, shortPath } from "../format.js";
import { type Banner, bannerOf, type DashboardState } from "../state.js";
import { describeConfiguration, type StudySummary } from "../summary.js";
import { COLORS, STATE_COLORS, type Theme } from "../theme.js";
import { Line } from "./line.js";

export interface HeaderProps {
  readonly state: DashboardState;
  readonly summary: StudySummary;
  readonly theme: Theme;
}

export function Header({ state, summary, theme }: HeaderProps) {
  const { columns } = state.size;
  const banner = bannerOf(state);
  return (
    <>
      <Line segments={fitSegments(progressSegments(state, summary, theme), columns)} theme={theme} />
      <Line segments={fitSegments(bestSegments(summary, theme), columns)} theme={theme} />
      {banner && <Line segments={[bannerSegment(banner, state, summary)]} theme={theme} />}
    </>
  );
}

/** `RUNNING`, `PAUSED`, `STOPPING`, `FINISHED` or `NOT RUNNING`. */
export function studyWord({ stop }: DashboardState, { phase }: StudySummary): string {
  if (phase === "finished") return "FINISHED";
  if (phase === "stopped") return "NOT RUNNING";
  if (stop && stop.level !== "none") return "STOPPING";
  return stop?.paused ? "PAUSED" : "RUNNING";
}

/** `▶2 ✓61 ⊘22 ✗3 / 120`: the failures are never left out. */
export function countSegments({ counts, planned }: StudySummary, { glyphs }: Theme): readonly Segment[] {
  const shown = (["running", "complete", "pruned", "failed"] as const).map((state) => ({
    text: `${glyphs.state[state]}${counts[state]} `,
    color: STATE_COLORS[state],
    ...(state !== "failed" && { drop: 1 }),
  }));
  return planned === undefined ? shown : [...shown, { text: `/ ${planned}`, drop: 1 }];
}

function progressSegments(state: DashboardState, summary: StudySummary, theme: Theme): readonly Segment[] {
  const { dot, live } = theme.glyphs;
  const { workers, elapsed, left, phase } = summary;
  const name = shorten(summary.study.name, Math.max(12, Math.floor(state.size.columns / 3)), live);
  return [
    { text: ` ${name} ${dot} `, drop: 2 },
    { text: `${studyWord(state, summary)}  `, bold: true },
    ...countSegments(summary, theme),
    ...(workers === undefined ? [] : [{ text: ` ${dot} ${workers} ${workers === 1 ? "worker" : "workers"}`, drop: 5 }]),
    { text: ` ${dot} ${formatClock(elapsed)}`, drop: 4 },
    ...(left === undefined || phase !== "running" ? [] : [{ text: ` ${dot} ~${formatClock(left)} left`, drop: 3 }]),
  ];
}

function bestSegments({ best, singleRate, study }: StudySummary, { glyphs }: Theme): readonly Segment[] {
  if (best === undefined) return [{ text: " BEST ", bold: true }, { text: "none yet: no trial is complete" }];
  const [ratio = "", ...rest] = describeConfiguration(best, study);
  return [
    { text: " BEST ", bold: true },
    { text: `#${best.number} `, drop: 1 },
    { text: ratio, bold: true, color: COLORS.green },
    // The first ones tell most, so the last ones are dropped first.
    ...rest.map((text, index) => ({ text: ` ${text}`, drop: 4 + index })),
    { text: `  ${METRIC_WORDS[study.sweep.metric.name]} ${formatMetric(best.value)}`, drop: 2 },
    ...(singleRate && singleRate.number !== best.number
      ? [
          {
            text: ` ${glyphs.dot} at ratio ${formatRatio(singleRate.rates.lr_ratio)}: ${formatMetric(singleRate.value)} (#${singleRate.number})`,
            drop: 3,
          },
        ]
      : []),
  ];
}

function bannerSegment(banner: Banner, state: DashboardState, summary: StudySummary): Segment {
  return { text: ` ${bannerText(banner, state, summary)}`, bold: true, color: COLORS.orange };
}

function bannerText(banner: Banner, { results }: DashboardState, { counts, silent = 0, study }: StudySummary): string {
  const running = `${counts.running} running ${counts.running === 1 ? "trial" : "trials"}`;
  switch (banner) {
    case "stopping":
      return `stopping now: ${running} will start again at the next run`;
    case "draining":
      return `finishing ${running}; Ctrl-C again stops now`;
    case "silent":
      return `no heartbeat for ${formatClock(silent)}: the process that runs the study hangs or is suspended`;
    case "paused":
      return `paused: ${running} will end, no more start; p goes on`;
    case "idle":
      return `nobody runs this study; resume: dualrate run ${shortPath(study.sweep.file)}${resultsFlag(results)}`;
  }
}
