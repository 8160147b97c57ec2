// The keyboard: what Ink reports, as the keys that the dashboard knows, and what each does.
import type { Key as InkKey } from "ink";
import type { Glyphs } from "./theme.js";

export type Key =
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "backspace"
  /** Ctrl-C, which a terminal in raw mode hands over as input. */
  | "interrupt"
  | { readonly char: string };

/** The keys of one report; a paste, or fast typing, comes as several characters at once. */
export function keysOf(input: string, key: InkKey): readonly Key[] {
  const special = specialKey(key);
  if (special !== undefined) return [special];
  if (key.ctrl) return input === "c" ? ["interrupt"] : [];
  if (key.meta || key.tab) return [];
  return [...input].flatMap((char): readonly Key[] => {
    if (char === "\r" || char === "\n") return ["enter"];
    return char < " " ? [] : [{ char }];
  });
}

function specialKey(key: InkKey): Key | undefined {
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.pageUp) return "page-up";
  if (key.pageDown) return "page-down";
  if (key.home) return "home";
  if (key.end) return "end";
  if (key.return) return "enter";
  if (key.escape) return "escape";
  // Most terminals send DEL, which Ink calls delete, for the backspace key.
  if (key.backspace || key.delete) return "backspace";
  return undefined;
}

/** Every key with what it does, for the help. */
export function keyHelp(glyphs: Glyphs, owner: boolean): readonly (readonly [keys: string, effect: string])[] {
  const common = [
    [`${glyphs.arrows} j k`, "move; also PgUp, PgDn, Home and End"],
    [glyphs.enter, "details of the selected trial"],
    ["Esc", "back; clears the filter first"],
    ["/", "filter: status:failed ratio>3 #12 or any text"],
    ["s", "sort by value, ratio, base_lr or number"],
    ["?", "this help"],
  ] as const;
  if (!owner) return [...common, ["q Ctrl-C", "quit; this view is read-only"]];
  return [
    ...common,
    ["p", "pause: running trials end, no more start"],
    ["x", "stop after the running trials; again: now"],
    ["q", "quit: detach to plain lines, or stop"],
    ["Ctrl-C", "stop after the running trials; again: now"],
  ];
}
