// Lazy updates of the word table, as torch.optim.SparseAdam does them: a row that got no gradient in a step stays as it is,
// moments and weight decay included. Bias corrections count all steps, as there.
import type { Segment, Slot } from "./layout.js";

/** A part of a segment, which a step updates or leaves as it is. */
export interface SegmentPart {
  readonly start: number;
  readonly end: number;
  readonly updated: boolean;
}

/**
 * Splits a segment, whose bounds are those of rows where they lie within `table` [rows, width]; neighbouring rows of one
 * kind are one part. `hasGradient` is asked for each row, by the floats [start, end) that it is.
 */
export function lazyParts(
  { start, end }: Segment,
  table: Slot,
  hasGradient: (start: number, end: number) => boolean,
): readonly SegmentPart[] {
  const parts: SegmentPart[] = [];
  const add = (from: number, to: number, updated: boolean) => {
    const last = parts.at(-1);
    if (last?.updated === updated) parts.splice(-1, 1, { ...last, end: to });
    else if (to > from) parts.push({ start: from, end: to, updated });
  };
  const width = table.length / (table.shape[0] as number);
  const first = Math.min(end, Math.max(start, table.offset));
  const last = Math.max(first, Math.min(end, table.offset + table.length));
  add(start, first, true);
  for (let row = first; row < last; row += width) add(row, row + width, hasGradient(row, row + width));
  add(last, end, true);
  return parts;
}
