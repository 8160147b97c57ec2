// Pane 1: the trials as a table. However many there are, only the rows that can be seen are drawn.
import { Box } from "ink";
import { type Column, cellTexts, chooseColumns } from "../columns.js";
import { METRIC_WORDS, type Segment } from "../format.js";
import { bodyRows, type Size, windowAround } from "../layout.js";
import type { Row } from "../rows.js";
import { type DashboardState, selectedIndex, tableRows } from "../state.js";
import { STATE_COLORS, type Theme } from "../theme.js";
import { Line, titleSegments } from "./line.js";

export interface TrialsPaneProps {
  readonly state: DashboardState;
  readonly size: Size;
  readonly theme: Theme;
}

export function TrialsPane({ state, size, theme }: TrialsPaneProps) {
  const { study } = state.snapshot.overview;
  const rows = tableRows(state);
  const index = selectedIndex(rows, state.selected);
  const { from, to } = windowAround(index, rows.length, bodyRows(size) - 1);
  const columns = chooseColumns(study, theme.glyphs, size.columns - MARGIN);
  return (
    <Box flexDirection="column" height={size.rows}>
      <Line
        segments={titleSegments(titleOf(state), noteOf(state, rows, from, to), size.columns, theme)}
        theme={theme}
      />
      <Line segments={[{ text: " ".repeat(MARGIN) + cellTexts(columns).join(""), dim: true }]} theme={theme} />
      {rows.slice(from, to).map((row, offset) => (
        <Line
          key={row.trial.number}
          segments={rowSegments(row, columns, from + offset === index, theme)}
          theme={theme}
          bold={from + offset === index}
        />
      ))}
    </Box>
  );
}

/** Cells left of the table, for the mark of the selection. */
const MARGIN = 3;

function rowSegments(row: Row, columns: readonly Column[], selected: boolean, { glyphs }: Theme): readonly Segment[] {
  const color = STATE_COLORS[row.trial.state];
  const unranked = row.trial.state === "queued" || row.trial.state === "pruned";
  return [
    { text: (selected ? ` ${glyphs.selected}` : "").padEnd(MARGIN) },
    ...cellTexts(columns, row).map((text, index) => ({
      text,
      dim: unranked,
      ...(columns[index]?.colored && { color }),
    })),
  ];
}

function titleOf({ snapshot, sort }: DashboardState): string {
  const { metric } = snapshot.overview.study.sweep;
  return `[1] Trials, by ${sort === "value" ? `validation ${METRIC_WORDS[metric.name]}` : sort}`;
}

function noteOf({ snapshot, filter }: DashboardState, rows: readonly Row[], from: number, to: number): string {
  const all = snapshot.trials.length;
  if (filter !== "") return `${rows.length} of ${all} match`;
  return rows.length === 0 ? "none has started" : `${from + 1}-${to} of ${all}`;
}
