// How a terminal's cells are shared out. Where panes join the trials, this is the place that gives them theirs.

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Layout =
  /** Too small for anything but one status line. */
  | { readonly kind: "line"; readonly columns: number }
  | { readonly kind: "panes"; readonly columns: number; readonly trials: Size };

const HEADER_ROWS = 2;
const FOOTER_ROWS = 1;

/**
 * The frame is one row lower than the terminal: Ink clears the scrollback for one as tall as it. `banner` says whether
 * a line of warning stands under the header.
 */
export function layoutOf({ columns, rows }: Size, banner: boolean): Layout {
  if (columns < 40 || rows < 10) return { kind: "line", columns };
  const frame = rows - 1;
  return { kind: "panes", columns, trials: { columns, rows: frame - HEADER_ROWS - FOOTER_ROWS - (banner ? 1 : 0) } };
}

/** Lines of a pane that are its own, under its title. */
export function bodyRows(pane: Size): number {
  return pane.rows - 1;
}

/** The slice of `count` items that `rows` lines show with item `index` in the middle, where there is one to scroll to. */
export function windowAround(
  index: number,
  count: number,
  rows: number,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.min(index - Math.floor(rows / 2), count - rows));
  return { from, to: Math.min(count, from + rows) };
}
