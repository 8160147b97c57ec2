// Cells and lines as a terminal shows them; numbers as in the reports.
import { relative } from "node:path";
import { formatParameter } from "../report/format.js";
import type { MetricName } from "../sweep/settings.js";
import type { Value } from "../sweep/space.js";

/** A share: `3%`, `12.5%`. */
function formatShare(share: number): string {
  return `${Number((100 * share).toFixed(1))}%`;
}

/** A time that ticks, in whole seconds: `45s`, `12m05s`, `1h12m`. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (hours === 0) return `${minutes}m${String(seconds % 60).padStart(2, "0")}s`;
  return `${hours}h${String(minutes % 60).padStart(2, "0")}m`;
}

/** A parameter's value as a table's cell; schedules' shares in percent. */
export function formatCell(name: string, value: Value): string {
  const isShare = name.endsWith("warmup_ratio") || name.endsWith("delay_ratio") || name === "decay_ratio";
  return typeof value === "number" && isShare ? formatShare(value) : formatParameter(name, value);
}

export const METRIC_WORDS: Readonly<Record<MetricName, string>> = {
  loss: "loss",
  loss_introduced: "loss on introduced tokens",
  loss_base: "loss on base tokens",
  accuracy: "accuracy",
  f1: "F1",
};

/** At most `width` cells of a plain text. */
export function shorten(text: string, width: number, mark: string): string {
  return text.length <= width ? text : text.slice(0, Math.max(0, width - mark.length)) + mark;
}

/** A file as it is reached from here, unless that leads upwards; as a word of a command. */
export function shortPath(file: string): string {
  const fromHere = relative(process.cwd(), file);
  return shellWord(fromHere.startsWith("..") ? file : fromHere);
}

export const DEFAULT_RESULTS = "results";

/** What a command that is suggested must end with, so that it finds the same results folder. */
export function resultsFlag(results: string): string {
  return results === DEFAULT_RESULTS ? "" : ` --results ${shellWord(results)}`;
}

/** A text as one word of a POSIX shell's command. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A piece of a line. Where the line is too long, the pieces with the highest `drop` go first; those without stay. */
export interface Segment {
  readonly text: string;
  readonly drop?: number;
  readonly color?: string | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

/** The segments that fit in `width` cells. */
export function fitSegments(segments: readonly Segment[], width: number): readonly Segment[] {
  const length = segments.reduce((sum, { text }) => sum + text.length, 0);
  const last = Math.max(...segments.map(({ drop }) => drop ?? 0));
  if (length <= width || last === 0) return segments;
  return fitSegments(
    segments.filter(({ drop }) => drop !== last),
    width,
  );
}

/** Breaks a text into lines of at most `width` cells, between words where there is one to break at. */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) lines.push(line.slice(0, width));
    line = line === "" || line.length + 1 + word.length > width ? word : `${line} ${word}`;
  }
  return [...lines, line.slice(0, width)];
}
