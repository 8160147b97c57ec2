import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { databaseFaults, probeFolder } from "../../src/store/health.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, temporaryFolder, trial } from "./fixture.js";

test("SQLite writes ahead in a usual folder, and nothing stays of the trial", () => {
  const folder = temporaryFolder();
  expect(probeFolder(folder)).toEqual({ journal: "wal", version: expect.stringMatching(/^3\./) });
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that is not there is an error", () => {
  expect(() => probeFolder(join(temporaryFolder(), "absent"))).toThrow(/cannot write/);
});

test("a database is whole, damaged, or not there", () => {
  const folder = temporaryFolder();
  expect(databaseFaults(folder)).toBeUndefined();
  const results = join(folder, "results");
  mkdirSync(results);
  const writer = openWriter(results);
  const { id } = writer.openStudy(definition());
  for (let number = 1; number <= 200; number++) writer.addTrial(id, trial(number));
  writer.close();
  expect(databaseFaults(results)).toEqual([]);
  const file = join(results, "sweeps.db");
  const bytes = readFileSync(file);
  // Past the schema's pages, so that it still opens.
  bytes.fill(0x55, bytes.length - 4096 * 4, bytes.length - 4096 * 2);
  writeFileSync(file, bytes);
  const faults = () => databaseFaults(results)?.join("; ");
  let found: string | undefined;
  try {
    found = faults();
  } catch (error) {
    found = (error as Error).message;
  }
  expect(found).toMatch(/Tree|page|damaged/i);
});
