// Databases with flipped bits, lost, doubled and foreign bytes: every reader's and the writer's way in ends in what was stored or
// in an error that says what to do.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import type { Random } from "../../src/random.js";
import { certaintyOf } from "../../src/report/certainty.js";
import { compareRatios } from "../../src/report/ratios.js";
import { databaseFaults } from "../../src/store/health.js";
import { openReader } from "../../src/store/reader.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, measurement, trial } from "../store/fixture.js";
import { fuzz } from "./fuzz.js";
import { damagedBytes } from "./mutate.js";

const folder = mkdtempSync(join(tmpdir(), "dualrate-fuzz-database-"));
afterAll(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, "sweeps.db");

/** A study with trials of all states, and a second one. */
function database(): Buffer {
  const whole = join(folder, "whole");
  mkdirSync(whole);
  const writer = openWriter(whole);
  const { id } = writer.openStudy(definition());
  writer.openStudy(definition({ name: "other" }));
  writer.acquireLease(id, 1);
  for (let number = 1; number <= 8; number++) {
    writer.addTrial(id, trial(number));
    if (number === 8) continue;
    writer.startTrial(id, number);
    for (const step of [10, 20]) writer.recordMeasurement(id, number, measurement(step, number / step));
    if (number === 1) writer.pauseTrial(id, number, { step: 20, reason: "rung 1", checkpoint: "1.safetensors" });
    if (number === 2) writer.endTrial(id, number, { state: "pruned", step: 20, reason: "rung 2" });
    if (number === 3) writer.endTrial(id, number, { state: "failed", failure: { kind: "diverged", message: "NaN" } });
    if (number > 3 && number < 7) writer.endTrial(id, number, { state: "complete", value: number, bestStep: 10 });
  }
  writer.recordTest(id, 4, measurement(20).validation);
  writer.releaseLease(id);
  writer.close();
  return readFileSync(join(whole, "sweeps.db"));
}

// The same bytes each time, so that a case can be run again.
vi.useFakeTimers({ toFake: ["Date"], now: 1.7e12 });
const WHOLE = database();
vi.useRealTimers();

function input(random: Random): Buffer {
  if (random.below(4) > 0) return damagedBytes(random, WHOLE);
  // As a disk does: a page is gone, or another one's.
  const bytes = Buffer.from(WHOLE);
  const page = () => 4096 * random.below(bytes.length / 4096);
  const from = page();
  if (random.below(2) === 0) bytes.fill(0, from, from + 4096);
  else bytes.copy(bytes, page(), from, from + 4096);
  return bytes;
}

function place(bytes: Buffer): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${FILE}${end}`, { force: true });
  writeFileSync(FILE, bytes);
}

/** What rank, compare, show, log and the dashboard read. */
function readAll(): void {
  const reader = openReader(folder);
  try {
    for (const { study } of reader.studies()) {
      const { metric, seed } = study.sweep;
      const trials = reader.trials(study.id);
      compareRatios(trials, metric.goal);
      certaintyOf(trials, metric.goal, seed);
      reader.measurements(study.id);
      for (const { number } of trials) reader.measurementsOf(study.id, number);
      reader.evaluations(study.id, metric);
      reader.progress(study.id, metric);
      reader.tests(study.id);
      reader.events(study.id);
    }
  } finally {
    reader.close();
  }
}

/** What a run does before its first trial. */
function write(): void {
  const writer = openWriter(folder);
  try {
    const { id } = writer.openStudy(definition());
    writer.acquireLease(id, 1);
    writer.requeueRunning(id);
    writer.requeueFailed(id);
    writer.planTrials(id, 9);
    writer.addTrial(id, trial(9));
    writer.releaseLease(id);
  } finally {
    writer.close();
  }
}

function run(bytes: Buffer): void {
  place(bytes);
  const steps = [readAll, () => databaseFaults(folder), write];
  const errors = steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      return [error];
    }
  });
  // All are tried; what users see of a refusal is checked with each.
  const unexpected = errors.find((error) => !(error instanceof Error && error.name === "DualrateError"));
  if (unexpected) throw unexpected;
  if (errors.length > 0) throw errors[0];
}

test("a damaged database is refused with a reason, or read", async () => {
  const { failures, refused, accepted } = await fuzz({ name: "database", input, run });
  expect(failures).toEqual([]);
  expect(refused).toBeGreaterThan(accepted / 20);
  expect(accepted).toBeGreaterThan(0);
});

test("the database itself is read and written", () => run(WHOLE));
