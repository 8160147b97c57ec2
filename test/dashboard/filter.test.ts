import { expect, test } from "vitest";
import { parseFilter } from "../../src/dashboard/filter.js";
import { rankedRows } from "../../src/dashboard/rows.js";
import { complete, snapshot, trial } from "./fixture.js";

const trials = [...snapshot().trials, trial(91, 2, complete(5), { init: "subword_mean", weight_decay: 0.01 })];
const rows = rankedRows(snapshot({ trials }));

function found(text: string): readonly number[] {
  const { matches } = parseFilter(text, "loss", ["warmup_ratio", "init", "weight_decay"]);
  return rows.filter(matches).map((row) => row.trial.number);
}

test.each([
  ["status:failed", [19]],
  ["status:div", [19]],
  ["status:run", [88, 89]],
  ["#47", [47]],
  ["ratio>50", [77, 19]],
  ["ratio>=60 ratio<=60", [77]],
  ["loss<2.2", [47, 88]],
  ["value<2.2 status:done", [47]],
  ["step=300", [47, 77, 19]],
  ["weight_decay=0.01", [91]],
  ["subword", [91]],
  ["init=subword_mean", [91]],
  ["nan", [19]],
  ["status:failed #47", []],
  ["ratio>abc", []],
])("%s", (text, expected) => {
  expect(found(text)).toEqual(expected);
});

test.each(["", "  ", "ratio>", "#", "status:"])("the unfinished term %j lets all rows pass", (text) => {
  expect(found(text)).toHaveLength(rows.length);
});

test("an unknown field lets no row pass and is named", () => {
  expect(found("rate>3")).toEqual([]);
  expect(parseFilter("rate>3", "loss", []).problem).toContain('no field "rate"');
  expect(parseFilter("ratio>3", "loss", []).problem).toBeUndefined();
});
