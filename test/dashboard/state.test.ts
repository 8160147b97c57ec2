import { describe, expect, test } from "vitest";
import type { Key } from "../../src/dashboard/keys.js";
import {
  bannerOf,
  type Command,
  type DashboardState,
  initialState,
  reduce,
  selectedIndex,
  tableRows,
} from "../../src/dashboard/state.js";
import { complete, measured, running, START, snapshot, trial } from "./fixture.js";

const SIZE = { columns: 100, rows: 30 };
const owned = () => initialState(snapshot(), START + 1000, SIZE, { level: "none", paused: false });
const attached = () => initialState(snapshot(), START + 1000, SIZE, undefined);

/** Presses keys one after another; a string of several characters that is no key's name is typed. */
function press(state: DashboardState, ...keys: readonly (Key | `type ${string}`)[]) {
  const commands: Command[] = [];
  for (const key of keys.flatMap(typed)) {
    const step = reduce(state, { type: "key", key });
    state = step.state;
    if (step.command) commands.push(step.command);
  }
  return { state, commands };
}

function typed(key: Key | `type ${string}`): readonly Key[] {
  if (typeof key === "object" || !key.startsWith("type ")) return [key as Key];
  return [...key.slice("type ".length)].map((char) => ({ char }));
}

const numbers = (state: DashboardState) => tableRows(state).map((row) => row.trial.number);
const selected = (state: DashboardState) =>
  tableRows(state)[selectedIndex(tableRows(state), state.selected)]?.trial.number;

describe("the selection", () => {
  test("is on the best trial until a key moves it, even when another becomes the best", () => {
    const better = snapshot({ trials: [...snapshot().trials, trial(99, 10, complete(1.9))] });
    const { state } = reduce(owned(), { type: "polled", snapshot: better, now: START });
    expect(selected(owned())).toBe(47);
    expect(selected(state)).toBe(99);
  });

  test("follows its trial, not its row, once it was moved", () => {
    const moved = press(owned(), "down", "down").state;
    const better = snapshot({ trials: [...snapshot().trials, trial(99, 10, complete(1.9))] });
    const { state } = reduce(moved, { type: "polled", snapshot: better, now: START });
    expect(selected(moved)).toBe(3);
    expect(selected(state)).toBe(3);
  });

  test("moves by rows, pages and to both ends, and stops there", () => {
    expect(selected(press(owned(), "type jj").state)).toBe(3);
    expect(selected(press(owned(), "type jjk").state)).toBe(88);
    expect(selected(press(owned(), "end", "down").state)).toBe(90);
    expect(selected(press(owned(), "end", "home", "up").state)).toBe(47);
    expect(selected(press(owned(), "page-down", "page-up").state)).toBe(47);
  });

  test("moves a page by what a small terminal shows", () => {
    const trials = Array.from({ length: 100 }, (_, index) => trial(index + 1, 1, complete(index)));
    const state = initialState(snapshot({ trials }), START, { columns: 80, rows: 24 }, undefined);
    expect(selected(press(state, "page-down").state)).toBe(18);
  });

  test("survives an empty study", () => {
    const state = initialState(snapshot({ trials: [] }), START, SIZE, undefined);
    expect(press(state, "down", "end", "enter").state.view).toEqual({ kind: "table" });
  });
});

describe("the filter", () => {
  test("takes letters as text, also those that are keys elsewhere", () => {
    const { state, commands } = press(owned(), "type /status:queued q");
    expect(state.filter).toBe("status:queued q");
    expect(commands).toEqual([]);
  });

  test("narrows the table while it is typed and stays after enter", () => {
    const { state } = press(owned(), "type /ratio>50", "enter");
    expect(state.view).toEqual({ kind: "table" });
    expect(numbers(state)).toEqual([77, 19]);
  });

  test("escape clears it first, then goes back", () => {
    const once = press(owned(), "type /failed", "escape").state;
    expect(once).toMatchObject({ filter: "", view: { kind: "filter" } });
    expect(press(once, "escape").state.view).toEqual({ kind: "table" });
    expect(press(owned(), "type /failed", "enter", "escape").state.filter).toBe("");
  });

  test("backspace takes a letter off", () => {
    expect(press(owned(), "type /ab", "backspace").state.filter).toBe("a");
  });
});

test("the sort picker changes the order and returns to the table", () => {
  const { state } = press(owned(), "type sr");
  expect(state.view).toEqual({ kind: "table" });
  expect(numbers(state)).toEqual([50, 3, 88, 47, 89, 90, 77, 19]);
  expect(numbers(press(owned(), "type sn").state)[0]).toBe(3);
});

describe("details", () => {
  test("open for the selected trial, and escape goes back", () => {
    const open = press(owned(), "down", "enter").state;
    expect(open.view).toMatchObject({ kind: "details", trial: 88 });
    expect(press(open, "escape").state.view).toEqual({ kind: "table" });
  });

  test("scroll back to the first measurement and no further", () => {
    const { state } = press(owned(), "enter", "up", "up", "up", "up");
    expect(state.view).toMatchObject({ scroll: 2 });
    expect(press(state, "end").state.view).toMatchObject({ scroll: 0 });
  });
});

describe("the one who runs the study", () => {
  test("is asked before a pause, and goes on without a question", () => {
    expect(press(owned(), "type p").commands).toEqual([]);
    expect(press(owned(), "type py").commands).toEqual([{ type: "pause", paused: true }]);
    expect(press(owned(), "type pn").commands).toEqual([]);
    const paused = reduce(owned(), { type: "stop-changed", stop: { level: "none", paused: true } }).state;
    expect(press(paused, "type p").commands).toEqual([{ type: "pause", paused: false }]);
  });

  test("is asked before a stop, and again before one that does not wait", () => {
    expect(press(owned(), "type xy").commands).toEqual([{ type: "request-stop", level: "drain" }]);
    const draining = reduce(owned(), { type: "stop-changed", stop: { level: "drain", paused: false } }).state;
    expect(press(draining, "type xy").commands).toEqual([{ type: "request-stop", level: "now" }]);
  });

  test("chooses at q between plain lines, a stop and neither", () => {
    expect(press(owned(), "type qd").commands).toEqual([{ type: "close", how: "detached" }]);
    expect(press(owned(), "type qs").commands).toEqual([{ type: "request-stop", level: "drain" }]);
    expect(press(owned(), "type qc").state.view).toEqual({ kind: "table" });
    expect(press(owned(), "type q", "enter").commands).toEqual([]);
  });

  test("drains with Ctrl-C, and stops with the second", () => {
    expect(press(owned(), "interrupt").commands).toEqual([{ type: "request-stop", level: "drain" }]);
    const draining = reduce(owned(), { type: "stop-changed", stop: { level: "drain", paused: false } }).state;
    expect(press(draining, "interrupt").commands).toEqual([{ type: "request-stop", level: "now" }]);
  });

  test("can drain with Ctrl-C while a filter is typed", () => {
    expect(press(owned(), "type /a", "interrupt").commands).toEqual([{ type: "request-stop", level: "drain" }]);
  });
});

test("an attached view can neither pause nor stop, and quits without a question", () => {
  expect(press(attached(), "type pyxy").commands).toEqual([]);
  expect(press(attached(), "type q").commands).toEqual([{ type: "close", how: "quit" }]);
  expect(press(attached(), "interrupt").commands).toEqual([{ type: "close", how: "quit" }]);
});

describe("the banner", () => {
  const at = (seconds: number) => ({ ...owned(), now: START + 1000 * seconds });

  test("says after 90 s without a heartbeat that the owner may hang, while trials run", () => {
    expect(bannerOf(at(89))).toBeUndefined();
    expect(bannerOf(at(91))).toBe("silent");
    const { overview } = snapshot();
    const idle = {
      ...at(91),
      snapshot: snapshot({ overview, trials: [trial(1, 1, complete(2))], measurements: new Map() }),
    };
    expect(bannerOf(idle)).toBeUndefined();
  });

  test("says that nobody runs an unfinished study", () => {
    const { overview } = snapshot();
    const gone = { ...owned(), snapshot: snapshot({ overview: { ...overview, owner: undefined } }) };
    expect(bannerOf(gone)).toBe("idle");
  });

  test("puts stopping before pausing", () => {
    expect(bannerOf({ ...owned(), stop: { level: "none", paused: true } })).toBe("paused");
    expect(bannerOf({ ...owned(), stop: { level: "drain", paused: true } })).toBe("draining");
    expect(bannerOf({ ...owned(), stop: { level: "now", paused: false } })).toBe("stopping");
  });
});

test("a live value moves a running trial in the ranking", () => {
  const trials = [trial(1, 1, complete(2.5)), trial(2, 10, running())];
  const state = (values: readonly number[]) =>
    initialState(snapshot({ trials, measurements: new Map([[2, measured(...values)]]) }), START, SIZE, undefined);
  expect(numbers(state([3]))).toEqual([1, 2]);
  expect(numbers(state([3, 2.4]))).toEqual([2, 1]);
});
