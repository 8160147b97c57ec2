// The one table of glyphs, words and colours. No state is told by colour alone: each has a glyph and a word.
import type { Trial } from "../sweep/trial.js";

export interface Glyphs {
  readonly state: Readonly<Record<Trial["state"], string>>;
  readonly selected: string;
  /** Follows the value of a trial that is not over. */
  readonly live: string;
  readonly rule: string;
  readonly dot: string;
  readonly arrows: string;
  readonly enter: string;
}

const UNICODE: Glyphs = {
  state: { queued: "·", running: "▶", paused: "‖", complete: "✓", pruned: "⊘", failed: "✗" },
  selected: "▸",
  live: "…",
  rule: "─",
  dot: "·",
  arrows: "↑↓",
  enter: "⏎",
};

const ASCII: Glyphs = {
  state: { queued: ".", running: ">", paused: "=", complete: "+", pruned: "/", failed: "x" },
  selected: "*",
  live: "~",
  rule: "-",
  dot: "|",
  arrows: "up/down",
  enter: "enter",
};

export interface Theme {
  readonly glyphs: Glyphs;
  /** False draws bold at most. */
  readonly color: boolean;
}

/** `env.NO_COLOR`, where it is set to anything, turns colours off (no-color.org). */
export function createTheme(ascii: boolean, env: Readonly<Record<string, string | undefined>>): Theme {
  return { glyphs: ascii ? ASCII : UNICODE, color: !env.NO_COLOR };
}

/** Okabe and Ito's palette, which the colour-blind can tell apart. */
export const COLORS = { blue: "#56B4E9", green: "#009E73", orange: "#E69F00", vermillion: "#D55E00" } as const;

export const STATE_COLORS: Readonly<Partial<Record<Trial["state"], string>>> = {
  running: COLORS.blue,
  paused: COLORS.orange,
  complete: COLORS.green,
  failed: COLORS.vermillion,
};

/** A trial's state in a word; a failed one says how it failed. */
export function stateWord(trial: Trial): string {
  if (trial.state === "failed") return trial.failure.kind === "error" ? "failed" : trial.failure.kind;
  return trial.state === "complete" ? "done" : trial.state;
}
