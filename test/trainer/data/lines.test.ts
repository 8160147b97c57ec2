// Lines that are longer than a chunk of the file, and lines that never end.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readLines } from "../../../src/trainer/data/lines.js";

const folder = mkdtempSync(join(tmpdir(), "dualrate-lines-"));
const file = join(folder, "data.txt");
afterAll(() => rmSync(folder, { recursive: true }));

async function linesOf(text: string): Promise<string[]> {
  writeFileSync(file, text);
  const lines: string[] = [];
  for await (const line of readLines(file)) lines.push(line);
  return lines;
}

test("lines come as they are, however they lie in the chunks that are read", async () => {
  // A chunk has 65,536 bytes: one ends inside of a line, one inside of a character, one at a line's end.
  const lines = ["a".repeat(65_530), "é".repeat(40_000), "b".repeat(200_000), "", "c".repeat(65_535), "last"];
  expect(await linesOf(lines.join("\n"))).toEqual(lines);
  expect(await linesOf("one\ntwo\n")).toEqual(["one", "two", ""]);
  expect(await linesOf("\ufeffone")).toEqual(["one"]);
});

test("a line that does not end is an error that names it, not all of the memory", async () => {
  await expect(linesOf(`first\n${"x".repeat(2 ** 26 + 1)}`)).rejects.toMatchObject({
    code: "data",
    message: expect.stringMatching(/line 2: is longer than 67,108,864 characters$/),
    place: { file, line: 2 },
  });
});
