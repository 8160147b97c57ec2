import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { exitStatusOf, failureLines } from "../../src/commands/failure.js";
import { DualrateError } from "../../src/errors.js";

test("an expected failure is its message, its place and its hint, without a stack", () => {
  const error = new DualrateError("sweep-file", "expected 1; got 2", {
    place: { file: "a.yaml", line: 3 },
    hint: "Write 1.",
  });
  expect(failureLines(error)).toEqual(["error: expected 1; got 2", "  at a.yaml:3", "  hint: Write 1."]);
  expect(failureLines(new DualrateError("data", "empty", { place: { file: "a.jsonl" } }))).toEqual([
    "error: empty",
    "  at a.jsonl",
  ]);
});

test.each([new TypeError("x is not a function"), new DualrateError("internal", "a broken assumption")])(
  "a fault of our own shows where it happened and asks for a report: %s",
  (error) => {
    const text = failureLines(error).join("\n");
    expect(text).toContain(error.message);
    expect(text).toMatch(/at .*failure\.test\.ts:\d+/);
    expect(text).toContain("report it");
  },
);

test.each([
  [new DualrateError("usage", ""), 2],
  [new DualrateError("store", ""), 1],
  [new DualrateError("interrupted", ""), 130],
  [new CommanderError(1, "commander.unknownOption", ""), 2],
  [new CommanderError(0, "commander.helpDisplayed", ""), 0],
  [new Error("x"), 1],
])("%s ends with status %d", (error, status) => expect(exitStatusOf(error)).toBe(status));
