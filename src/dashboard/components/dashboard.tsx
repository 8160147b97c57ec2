// The whole frame, a pure function of the state: header, the pane (or what stands in its place), footer.
import { Box } from "ink";
import { formatMetric, formatRatio } from "../../report/format.js";
import { fitSegments, type Segment } from "../format.js";
import { layoutOf, type Size } from "../layout.js";
import { bannerOf, type DashboardState } from "../state.js";
import { type StudySummary, summarize } from "../summary.js";
import type { Theme } from "../theme.js";
import { Details } from "./details.js";
import { Footer, questionSegments } from "./footer.js";
import { countSegments, Header, studyWord } from "./header.js";
import { Help } from "./help.js";
import { Line } from "./line.js";
import { TrialsPane } from "./trials-pane.js";

export interface DashboardProps {
  readonly state: DashboardState;
  readonly theme: Theme;
}

export function Dashboard({ state, theme }: DashboardProps) {
  const summary = summarize(state.snapshot, state.now);
  const layout = layoutOf(state.size, bannerOf(state) !== undefined);
  if (layout.kind === "line") {
    return <Line segments={fitSegments(statusSegments(state, summary, theme), layout.columns)} theme={theme} />;
  }
  return (
    <Box flexDirection="column" width={layout.columns}>
      <Header state={state} summary={summary} theme={theme} />
      <Pane state={state} size={layout.trials} theme={theme} />
      <Footer state={state} summary={summary} theme={theme} />
    </Box>
  );
}

function Pane({ state, size, theme }: DashboardProps & { readonly size: Size }) {
  const view = state.view.kind === "question" ? state.view.before : state.view;
  switch (view.kind) {
    case "help":
      return <Help owner={state.stop !== undefined} size={size} theme={theme} />;
    case "details":
      return <Details state={state} number={view.trial} scroll={view.scroll} size={size} theme={theme} />;
    default:
      return <TrialsPane state={state} size={size} theme={theme} />;
  }
}

/** All of it in one line, for a terminal that is too small: the best ratio, the counts, the help key. */
function statusSegments(state: DashboardState, summary: StudySummary, theme: Theme): readonly Segment[] {
  const { view } = state;
  if (view.kind === "question") return questionSegments(view.question, summary);
  if (view.kind === "help") return [{ text: "q quit  Esc back  (a larger window shows more)" }];
  const best = summary.best;
  return [
    { text: `${studyWord(state, summary)} `, drop: 3 },
    ...countSegments(summary, theme),
    { text: best ? ` best ${formatRatio(best.rates.lr_ratio)}` : " best -", bold: true },
    { text: best ? ` ${formatMetric(best.value)}` : "", drop: 2 },
    { text: " ? help" },
  ];
}
