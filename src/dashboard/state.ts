// The dashboard's state and how events change it: a pure reducer. What must happen outside comes back as a command.
import type { StopLevel } from "../runner/stop.js";
import { parseFilter } from "./filter.js";
import { DEFAULT_RESULTS } from "./format.js";
import type { Key } from "./keys.js";
import { bodyRows, layoutOf, type Size } from "./layout.js";
import { type Row, rankedRows, SORT_KEYS, type SortKey, sortRows } from "./rows.js";
import { searchedNames, summarize } from "./summary.js";
import type { StudySnapshot } from "./watch.js";

export type Question = "pause" | "stop" | "stop-now" | "quit";

export type View =
  | { readonly kind: "table" }
  | { readonly kind: "filter" }
  | { readonly kind: "sort" }
  | { readonly kind: "help" }
  /** `scroll` counts measurements back from the newest. */
  | { readonly kind: "details"; readonly trial: number; readonly scroll: number }
  | { readonly kind: "question"; readonly question: Question; readonly before: View };

type ViewOf<Kind extends View["kind"]> = Extract<View, { kind: Kind }>;

export interface StopView {
  readonly level: StopLevel;
  readonly paused: boolean;
}

export interface DashboardState {
  readonly snapshot: StudySnapshot;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly size: Size;
  /** The results folder, for the commands that are suggested. */
  readonly results: string;
  /** Absent in an attached view, which is read-only. */
  readonly stop: StopView | undefined;
  readonly view: View;
  readonly filter: string;
  readonly sort: SortKey;
  /** A trial's number: the selection follows the trial, not the row. Until a key moves it, it is the first row's. */
  readonly selected: number | undefined;
}

export type Banner = "stopping" | "draining" | "silent" | "paused" | "idle";

export type DashboardEvent =
  | { readonly type: "polled"; readonly snapshot: StudySnapshot; readonly now: number }
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "stop-changed"; readonly stop: StopView }
  | { readonly type: "key"; readonly key: Key };

export type Command =
  | { readonly type: "close"; readonly how: "detached" | "quit" }
  | { readonly type: "request-stop"; readonly level: StopLevel }
  | { readonly type: "pause"; readonly paused: boolean };

export interface Step {
  readonly state: DashboardState;
  readonly command?: Command;
}

export function initialState(
  snapshot: StudySnapshot,
  now: number,
  size: Size,
  stop: StopView | undefined,
  results = DEFAULT_RESULTS,
): DashboardState {
  return {
    snapshot,
    now,
    size,
    results,
    stop,
    view: { kind: "table" },
    filter: "",
    sort: "value",
    selected: undefined,
  };
}

export function reduce(state: DashboardState, event: DashboardEvent): Step {
  switch (event.type) {
    case "polled":
      return { state: { ...state, snapshot: event.snapshot, now: event.now } };
    case "resized":
      return { state: { ...state, size: event.size } };
    case "stop-changed":
      return { state: { ...state, stop: event.stop } };
    case "key":
      return event.key === "interrupt" ? interrupt(state) : keyStep(state, event.key);
  }
}

/** The rows of the table: filtered and sorted. */
export function tableRows({ snapshot, filter, sort }: DashboardState): readonly Row[] {
  return sortRows(rankedRows(snapshot).filter(filterOf(snapshot, filter).matches), sort);
}

/** Why the filter can match nothing, if so. */
export function filterProblem({ snapshot, filter }: DashboardState): string | undefined {
  return filterOf(snapshot, filter).problem;
}

/** Where the selected trial stands in `rows`; the first row where it is not among them. */
export function selectedIndex(rows: readonly Row[], selected: number | undefined): number {
  return Math.max(
    0,
    rows.findIndex(({ trial }) => trial.number === selected),
  );
}

/** The line of warning under the header, where there is something to say. */
export function bannerOf({ snapshot, now, stop }: DashboardState): Banner | undefined {
  if (stop?.level === "now") return "stopping";
  if (stop?.level === "drain") return "draining";
  const { silent, phase } = summarize(snapshot, now);
  if (silent !== undefined) return "silent";
  if (stop?.paused) return "paused";
  return phase === "stopped" ? "idle" : undefined;
}

function filterOf({ overview }: StudySnapshot, text: string) {
  return parseFilter(text, overview.study.sweep.metric.name, searchedNames(overview.study));
}

function keyStep(state: DashboardState, key: Key): Step {
  const { view } = state;
  switch (view.kind) {
    case "table":
      return tableKey(state, key);
    case "filter":
      return filterKey(state, key);
    case "sort":
      return sortKey(state, key);
    case "help":
      return helpKey(state, key);
    case "details":
      return detailsKey(state, view, key);
    case "question":
      return questionKey(state, view, key);
  }
}

function show(state: DashboardState, view: View): Step {
  return { state: { ...state, view } };
}

function charOf(key: Key): string | undefined {
  return typeof key === "object" ? key.char : undefined;
}

function interrupt(state: DashboardState): Step {
  if (state.stop === undefined) return { state, command: { type: "close", how: "quit" } };
  return { state, command: { type: "request-stop", level: state.stop.level === "none" ? "drain" : "now" } };
}

function tableKey(state: DashboardState, key: Key): Step {
  if (key === "escape") return { state: { ...state, filter: "" } };
  if (key === "enter") return openDetails(state);
  const moved = move(state, key);
  if (moved !== undefined) return { state: moved };
  switch (charOf(key)) {
    case "/":
      return show(state, { kind: "filter" });
    case "s":
      return show(state, { kind: "sort" });
    default:
      return globalKey(state, key);
  }
}

/** Keys that do the same in every view where nothing is typed. */
function globalKey(state: DashboardState, key: Key): Step {
  const char = charOf(key);
  if (char === "?") return show(state, { kind: "help" });
  if (state.stop === undefined) return char === "q" ? { state, command: { type: "close", how: "quit" } } : { state };
  const ask = (question: Question) => show(state, { kind: "question", question, before: state.view });
  if (char === "q") return ask("quit");
  if (char === "x") return ask(state.stop.level === "none" ? "stop" : "stop-now");
  if (char === "p") return state.stop.paused ? { state, command: { type: "pause", paused: false } } : ask("pause");
  return { state };
}

function openDetails(state: DashboardState): Step {
  const rows = tableRows(state);
  const row = rows[selectedIndex(rows, state.selected)];
  if (row === undefined) return { state };
  return show({ ...state, selected: row.trial.number }, { kind: "details", trial: row.trial.number, scroll: 0 });
}

/** The state with the selection moved, where the key is one that moves it. */
function move(state: DashboardState, key: Key): DashboardState | undefined {
  const rows = tableRows(state);
  const distance = distanceOf(key, pageOf(state), rows.length);
  if (distance === undefined) return undefined;
  const index = Math.min(rows.length - 1, Math.max(0, selectedIndex(rows, state.selected) + distance));
  return { ...state, selected: rows[index]?.trial.number ?? state.selected };
}

function distanceOf(key: Key, page: number, all: number): number | undefined {
  const name = charOf(key) ?? key;
  if (name === "up" || name === "k") return -1;
  if (name === "down" || name === "j") return 1;
  if (name === "page-up") return -page;
  if (name === "page-down") return page;
  if (name === "home") return -all;
  return name === "end" ? all : undefined;
}

/** Rows of a page: those of the table's body, under its line of titles, less one to keep the eye's place. */
function pageOf(state: DashboardState): number {
  const layout = layoutOf(state.size, bannerOf(state) !== undefined);
  return layout.kind === "panes" ? Math.max(1, bodyRows(layout.trials) - 2) : 1;
}

function filterKey(state: DashboardState, key: Key): Step {
  const char = charOf(key);
  if (char !== undefined) return { state: { ...state, filter: state.filter + char } };
  if (key === "backspace") return { state: { ...state, filter: state.filter.slice(0, -1) } };
  if (key === "escape" && state.filter !== "") return { state: { ...state, filter: "" } };
  if (key === "escape" || key === "enter") return show(state, { kind: "table" });
  return { state: move(state, key) ?? state };
}

function sortKey(state: DashboardState, key: Key): Step {
  const chosen = SORT_KEYS.find((name) => name[0] === charOf(key));
  if (chosen !== undefined) return show({ ...state, sort: chosen }, { kind: "table" });
  return key === "escape" || key === "enter" ? show(state, { kind: "table" }) : { state };
}

function helpKey(state: DashboardState, key: Key): Step {
  if (key === "escape" || key === "enter" || charOf(key) === "?") return show(state, { kind: "table" });
  return globalKey(state, key);
}

function detailsKey(state: DashboardState, view: ViewOf<"details">, key: Key): Step {
  if (key === "escape" || key === "enter") return show(state, { kind: "table" });
  const count = state.snapshot.measurements.get(view.trial)?.length ?? 0;
  const distance = distanceOf(key, pageOf(state), count);
  if (distance === undefined) return globalKey(state, key);
  const scroll = Math.min(Math.max(0, count - 1), Math.max(0, view.scroll - distance));
  return show(state, { ...view, scroll });
}

function questionKey(state: DashboardState, view: ViewOf<"question">, key: Key): Step {
  const back = { ...state, view: view.before };
  const command = key === "enter" ? undefined : answer(view.question, charOf(key));
  if (command !== undefined) return { state: back, command };
  return key === "escape" || key === "enter" || ["n", "c"].includes(charOf(key) ?? "") ? { state: back } : { state };
}

function answer(question: Question, char: string | undefined): Command | undefined {
  if (question === "quit") {
    if (char === "d") return { type: "close", how: "detached" };
    return char === "s" ? { type: "request-stop", level: "drain" } : undefined;
  }
  if (char !== "y") return undefined;
  if (question === "pause") return { type: "pause", paused: true };
  return { type: "request-stop", level: question === "stop" ? "drain" : "now" };
}
