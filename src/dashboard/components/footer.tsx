// The last line: the keys, or what is typed, picked or asked at the moment.
import { plural } from "../../report/format.js";
import { fitSegments, type Segment } from "../format.js";
import { type DashboardState, filterProblem, type Question } from "../state.js";
import type { StudySummary } from "../summary.js";
import type { Theme } from "../theme.js";
import { Line } from "./line.js";

export interface FooterProps {
  readonly state: DashboardState;
  readonly summary: StudySummary;
  readonly theme: Theme;
}

export function Footer({ state, summary, theme }: FooterProps) {
  return <Line segments={fitSegments(footerSegments(state, summary, theme), state.size.columns)} theme={theme} />;
}

/** The question that is open, with the keys that answer it. */
export function questionSegments(question: Question, { counts }: StudySummary): readonly Segment[] {
  const yesOrNo = (text: string, more: string): readonly Segment[] => [
    { text: ` ${text}`, bold: true },
    { text: more, bold: true, drop: 1 },
    { text: "? y yes  n no", bold: true },
  ];
  switch (question) {
    case "pause":
      return yesOrNo("Pause", ": let running trials end and start no more");
    case "stop":
      return yesOrNo("Stop", ` after the ${plural(counts.running, "running trial")}`);
    case "stop-now":
      return yesOrNo("Stop now", " and run the running trials again later");
    case "quit":
      return [
        { text: " Quit: d detach", bold: true },
        { text: " to plain lines", drop: 1 },
        { text: "  s stop", bold: true },
        { text: " after running trials", drop: 1 },
        { text: "  c cancel", bold: true },
      ];
  }
}

function footerSegments(state: DashboardState, summary: StudySummary, theme: Theme): readonly Segment[] {
  const { view, sort } = state;
  switch (view.kind) {
    case "question":
      return questionSegments(view.question, summary);
    case "filter":
      return filterSegments(state, theme);
    case "sort":
      return [
        { text: ` Sort: v value  r ratio  b base_lr  n number`, bold: true },
        { text: `  now ${sort}  Esc back`, drop: 1 },
      ];
    case "help":
    case "details":
      return [{ text: " ? help" }, { text: "  Esc back" }, { text: `  ${theme.glyphs.arrows} scroll`, drop: 1 }];
    case "table":
      return tableSegments(state, theme);
  }
}

function filterSegments(state: DashboardState, { glyphs }: Theme): readonly Segment[] {
  const problem = filterProblem(state);
  return [
    { text: ` / ${state.filter}`, bold: true },
    { text: "_" },
    { text: problem ? `  ${problem}` : `  ${glyphs.enter} keep  Esc clear  status:failed  ratio>3  #12`, drop: 1 },
  ];
}

function tableSegments({ filter, stop }: DashboardState, { glyphs }: Theme): readonly Segment[] {
  const keys = [
    { text: `  ${glyphs.arrows} move`, drop: 5 },
    { text: `  ${glyphs.enter} open`, drop: 3 },
    { text: "  / filter", drop: 2 },
    { text: "  s sort", drop: 4 },
    ...(stop
      ? [
          { text: `  p ${stop.paused ? "go on" : "pause"}`, drop: 6 },
          { text: "  x stop", drop: 7 },
        ]
      : [{ text: "  (read-only)", drop: 8 }]),
    { text: "  q quit", drop: 1 },
  ];
  const active = filter === "" ? [] : [{ text: `  filter: ${filter} (Esc clears)`, bold: true, drop: 1 }];
  return [{ text: " ? help" }, ...keys, ...active];
}
