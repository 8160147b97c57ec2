import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeResult } from "../../src/export/write.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dualrate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a result is written whole, with its folder, and no temporary file stays", () => {
  writeResult(join(folder, "out", "best.yaml"), "name: a\n", false);
  expect(readFileSync(join(folder, "out", "best.yaml"), "utf8")).toBe("name: a\n");
  expect(readdirSync(join(folder, "out"))).toEqual(["best.yaml"]);
});

test("an existing file stays as it is unless replacing it was asked for", () => {
  const file = join(folder, "best.yaml");
  writeFileSync(file, "mine");
  expect(() => writeResult(file, "new", false)).toThrow(/best\.yaml exists already/);
  expect(readFileSync(file, "utf8")).toBe("mine");
  writeResult(file, "new", true);
  expect(readFileSync(file, "utf8")).toBe("new");
});

test("a place that cannot be written is a usage error that names it", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => writeResult(join(folder, "file", "best.yaml"), "x", false)).toThrow(
    expect.objectContaining({ code: "usage", message: expect.stringContaining("best.yaml cannot be written") }),
  );
});
