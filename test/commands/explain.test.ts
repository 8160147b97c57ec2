import { expect, test } from "vitest";
import { item } from "../../src/commands/explain.js";

test("a text is broken between words, and what is too long stays whole", () => {
  expect(item("one two three four", 12)).toEqual(["  - one two", "    three", "    four"]);
  expect(item("a/very/long/path here", 10)).toEqual(["  - a/very/long/path", "    here"]);
  expect(item("short", 80)).toEqual(["  - short"]);
});
