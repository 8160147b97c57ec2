import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { databaseFaults, probeFolder } from "../../src/store/health.js";
import { openReader } from "../../src/store/reader.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, measurement, temporaryFolder, trial } from "./fixture.js";

test("SQLite writes ahead in a usual folder, and nothing stays of the trial", () => {
  const folder = temporaryFolder();
  expect(probeFolder(folder)).toEqual({ journal: "wal", version: expect.stringMatching(/^3\./) });
  expect(readdirSync(folder)).toEqual([]);
});

test("what a killed probe left is cleared, and what one that runs has is not", () => {
  const folder = temporaryFolder();
  for (const name of [".doctor-old", ".doctor-new"]) mkdirSync(join(folder, name));
  utimesSync(join(folder, ".doctor-old"), 1, 1);
  probeFolder(folder);
  expect(readdirSync(folder)).toEqual([".doctor-new"]);
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

test("a definition that has changed on the disk is a damaged database, with what to do", () => {
  const results = temporaryFolder();
  const writer = openWriter(results);
  writer.openStudy(definition());
  writer.close();
  const file = join(results, "sweeps.db");
  const bytes = readFileSync(file);
  const at = bytes.indexOf('"maxSteps":20');
  // Still JSON, of another sweep.
  bytes.write('"maxSteps":30', at);
  writeFileSync(file, bytes);
  const reader = openReader(results);
  onTestFinished(() => reader.close());
  const hint = expect.stringContaining(".recover");
  expect(() => reader.studies()).toThrow(
    expect.objectContaining({ code: "store", message: expect.stringContaining("is damaged"), hint }),
  );
});

test.each([0.02, 0.3, 0.7, 0.98])("a log of which %s is left holds what was stored until then", (share) => {
  const folder = temporaryFolder();
  const [results, copy] = [join(folder, "results"), join(folder, "copy")];
  for (const path of [results, copy]) mkdirSync(path);
  const writer = openWriter(results);
  onTestFinished(() => writer.close());
  const { id } = writer.openStudy(definition());
  writer.addTrial(id, trial(1));
  writer.startTrial(id, 1);
  for (let step = 1; step <= 60; step++) writer.recordMeasurement(id, 1, measurement(step));
  // As a power cut leaves it: the log was not written to its end.
  const log = readFileSync(join(results, "sweeps.db-wal"));
  writeFileSync(join(copy, "sweeps.db"), readFileSync(join(results, "sweeps.db")));
  writeFileSync(join(copy, "sweeps.db-wal"), log.subarray(0, Math.floor(share * log.length)));
  const again = openWriter(copy);
  onTestFinished(() => again.close());
  expect(databaseFaults(copy)).toEqual([]);
  const study = again.openStudy(definition());
  const reader = openReader(copy);
  onTestFinished(() => reader.close());
  const steps = reader.measurementsOf(study.id, 1).map(({ step }) => step);
  expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1));
  expect(steps.length).toBeLessThan(60);
});
