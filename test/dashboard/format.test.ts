import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  fitSegments,
  formatCell,
  formatClock,
  resultsFlag,
  shorten,
  shortPath,
  wrapWords,
} from "../../src/dashboard/format.js";

test.each([
  [0, "0s"],
  [59_400, "59s"],
  [59_600, "1m00s"],
  [725_000, "12m05s"],
  [4_320_000, "1h12m"],
])("%d ms ticks as %s", (milliseconds, expected) => {
  expect(formatClock(milliseconds)).toBe(expected);
});

test("shares of a schedule are percent, other values as in reports", () => {
  expect(formatCell("warmup_ratio", 0.03)).toBe("3%");
  expect(formatCell("introduced_delay_ratio", 0.125)).toBe("12.5%");
  expect(formatCell("base_lr", 2e-4)).toBe("2.0e-4");
  expect(formatCell("init", "mean")).toBe("mean");
});

test("files of suggested commands are relative to here, and quoted where a shell would split them", () => {
  expect(shortPath(join(process.cwd(), "sweeps/a.yaml"))).toBe("sweeps/a.yaml");
  expect(shortPath("/elsewhere/a.yaml")).toBe("/elsewhere/a.yaml");
  expect(shortPath(join(process.cwd(), "it's mine/a.yaml"))).toBe("'it'\\''s mine/a.yaml'");
});

test("suggested commands name the results folder where it is not the default", () => {
  expect(resultsFlag("results")).toBe("");
  expect(resultsFlag("/data/all results")).toBe(" --results '/data/all results'");
});

describe("segments of a line", () => {
  const segments = [{ text: "aaaa", drop: 1 }, { text: "bb" }, { text: "cccc", drop: 2 }];
  const texts = (width: number) =>
    fitSegments(segments, width)
      .map(({ text }) => text)
      .join("");

  test("go by their rank when the line is too long, and the rest stays", () => {
    expect(texts(10)).toBe("aaaabbcccc");
    expect(texts(9)).toBe("aaaabb");
    expect(texts(5)).toBe("bb");
    expect(texts(1)).toBe("bb");
  });
});

test("long words and lines are cut to the width", () => {
  expect(wrapWords("one two three", 8)).toEqual(["one two", "three"]);
  expect(wrapWords("abcdefghij k", 5)).toEqual(["abcde", "k"]);
  expect(shorten("reaction-classes", 8, "…")).toBe("reactio…");
});
