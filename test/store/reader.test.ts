import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { openReader } from "../../src/store/reader.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, measurement, temporaryFolder, trial } from "./fixture.js";

function stores(folder = temporaryFolder()) {
  const writer = openWriter(folder);
  const reader = openReader(folder);
  onTestFinished(() => {
    writer.close();
    reader.close();
  });
  return { folder, writer, reader };
}

test("a folder without a database names itself and says how to get one, and stays as it is", () => {
  const folder = temporaryFolder();
  expect(() => openReader(folder)).toThrow(
    expect.objectContaining({
      code: "store",
      message: expect.stringContaining(folder),
      hint: expect.stringMatching(/dualrate run .*--results/),
    }),
  );
  expect(readdirSync(folder)).toEqual([]);
});

test("an empty file, as a writer that is just starting leaves it, is no database yet", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "sweeps.db"), "");
  expect(() => openReader(folder)).toThrow("expected a database of sweeps");
});

test.each([
  ["reader", openReader],
  ["writer", openWriter],
])("%s: a file that is no database is an error with what to do", (_, open) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "sweeps.db"), "not a database, but long enough to have a header ".repeat(30));
  expect(() => open(folder)).toThrow(
    expect.objectContaining({
      code: "store",
      message: expect.stringMatching(/sweeps\.db: it is not a SQLite database/),
      hint: expect.stringContaining("--results"),
    }),
  );
});

test("a folder in the database's place is an error with context", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "sweeps.db"));
  expect(() => openReader(folder)).toThrow(expect.objectContaining({ code: "store", hint: expect.any(String) }));
});

test("a reader sees each call of its writer at once, and its version grows", () => {
  const { writer, reader } = stores();
  const { id } = writer.openStudy(definition());
  const versions = [reader.version(id)];
  const states: unknown[] = [];
  const look = () => {
    states.push(reader.trials(id)[0]?.state);
    versions.push(reader.version(id));
  };
  const steps = [
    () => writer.addTrial(id, trial(1)),
    () => writer.startTrial(id, 1),
    () => writer.recordMeasurement(id, 1, measurement(10)),
    () => writer.endTrial(id, 1, { state: "complete", value: 1, bestStep: 10 }),
  ];
  for (const step of steps) {
    step();
    look();
  }
  expect(states).toEqual(["queued", "running", "running", "complete"]);
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
});

test("a reader in the middle of a look does not stop the writer, and sees one state", () => {
  const { folder, writer, reader } = stores();
  const { id } = writer.openStudy(definition());
  writer.addTrial(id, trial(1));
  const other = new Database(join(folder, "sweeps.db"), { readonly: true });
  onTestFinished(() => void other.close());
  const count = other.prepare("SELECT count(*) FROM trials").pluck();
  other.exec("BEGIN");
  expect(count.get()).toBe(1);
  writer.addTrial(id, trial(2));
  expect(count.get()).toBe(1);
  other.exec("COMMIT");
  expect(count.get()).toBe(2);
  expect(reader.trials(id)).toHaveLength(2);
});

test("opening a reader changes no file", () => {
  const { folder } = stores();
  const before = readdirSync(folder);
  const reader = openReader(folder);
  expect(reader.studies()).toEqual([]);
  reader.close();
  expect(readdirSync(folder)).toEqual(before);
});

test("a study can be read after its writer has closed", () => {
  const { folder, writer } = stores();
  writer.openStudy(definition());
  writer.close();
  const reader = openReader(folder);
  onTestFinished(() => reader.close());
  expect(reader.study()?.study.name).toBe("words");
});

test("studies come newest first, with their trials counted by state", () => {
  const { writer, reader } = stores();
  const first = writer.openStudy(definition({ name: "first" }));
  const second = writer.openStudy(definition({ name: "second" }));
  writer.addTrial(first.id, trial(1));
  writer.addTrial(first.id, trial(2));
  writer.startTrial(first.id, 2);
  expect(reader.studies().map(({ study }) => study.name)).toEqual(["second", "first"]);
  expect(reader.study()?.study.id).toBe(second.id);
  expect(reader.study("first")?.counts).toEqual({
    queued: 1,
    running: 1,
    paused: 0,
    complete: 0,
    pruned: 0,
    failed: 0,
  });
  expect(reader.study("third")).toBeUndefined();
  expect(reader.version(99)).toBe(0);
});

test("events come in order, from the one after the last that was seen", () => {
  const { writer, reader } = stores();
  const { id } = writer.openStudy(definition());
  writer.logEvent(id, "study", "started");
  writer.logEvent(id, "error", "trial 3 failed", 3);
  const events = reader.events(id);
  expect(events).toMatchObject([
    { kind: "study", trial: undefined, message: "started" },
    { kind: "error", trial: 3, message: "trial 3 failed" },
  ]);
  expect(reader.events(id, events[0]?.id)).toEqual([events[1]]);
});

describe("a study of which little has changed", () => {
  function studyOf(trials: number) {
    const opened = stores();
    const { id } = opened.writer.openStudy(definition());
    for (let number = 1; number <= trials; number++) {
      opened.writer.addTrial(id, trial(number));
      opened.writer.startTrial(id, number);
    }
    return { ...opened, id };
  }

  test("trials that are in the same state are the same objects, and without a change so is their list", () => {
    const { writer, reader, id } = studyOf(3);
    const before = reader.trials(id);
    writer.recordMeasurement(id, 1, measurement(10));
    expect(reader.trials(id, before)).toBe(before);
    writer.endTrial(id, 2, { state: "complete", value: 1, bestStep: 10 });
    writer.addTrial(id, trial(4));
    const after = reader.trials(id, before);
    expect(after).toEqual(reader.trials(id));
    expect(after.map((one, i) => one === before[i])).toEqual([true, false, true, false]);
  });

  test("a trial that ran again is another one, though it ended in the same state", async () => {
    const { writer, reader, id } = studyOf(1);
    const crash = { state: "failed", failure: { kind: "crashed", message: "first" } } as const;
    writer.endTrial(id, 1, crash);
    const before = reader.trials(id);
    writer.requeueFailed(id);
    await new Promise((resolve) => setTimeout(resolve, 2));
    writer.startTrial(id, 1);
    writer.endTrial(id, 1, { ...crash, failure: { kind: "crashed", message: "second" } });
    expect(reader.trials(id, before)).toMatchObject([{ failure: { message: "second" } }]);
  });

  test("many changes at once are read too", () => {
    const { writer, reader, id } = studyOf(300);
    const before = reader.trials(id);
    for (let number = 1; number <= 300; number++) {
      writer.endTrial(id, number, { state: "pruned", step: 1, reason: "late" });
    }
    expect(reader.trials(id, before)).toEqual(reader.trials(id));
  });
});

test("progress is the last measurement's step and time, and the best value of trials that have none of their own", () => {
  const { writer, reader } = stores();
  const { id } = writer.openStudy(definition());
  for (const number of [1, 2, 3]) {
    writer.addTrial(id, trial(number));
    writer.startTrial(id, number);
  }
  const blank = { ...measurement(30), validation: { ...measurement(30).validation, loss: null } };
  for (const one of [measurement(10, 0.5), measurement(20, 0.7), blank]) writer.recordMeasurement(id, 1, one);
  writer.recordMeasurement(id, 2, measurement(10, 0.5));
  writer.endTrial(id, 2, { state: "complete", value: 0.5, bestStep: 10 });
  const [least, most] = [{ name: "loss", goal: "minimize" } as const, { name: "loss", goal: "maximize" } as const];
  expect([...reader.progress(id, least)]).toEqual([
    [1, { step: 30, seconds: measurement(30).seconds, best: 0.5 }],
    [2, { step: 10, seconds: measurement(10).seconds, best: null }],
  ]);
  expect(reader.progressOf(id, 1, most)?.best).toBe(0.7);
  expect(reader.progressOf(id, 3, least)).toBeUndefined();
  expect(reader.progress(id).get(1)).toEqual({ step: 30, seconds: measurement(30).seconds, best: null });
  expect(reader.progressOf(id, 1, { name: "loss_base", goal: "minimize" })?.best).toBeNull();
});

test("evaluations are the measurements' steps and the metric alone", () => {
  const { writer, reader } = stores();
  const { id } = writer.openStudy(definition());
  for (const number of [1, 2]) {
    writer.addTrial(id, trial(number));
    writer.startTrial(id, number);
    for (const step of [10, 20]) writer.recordMeasurement(id, number, measurement(step));
  }
  const metric = { name: "accuracy", goal: "maximize" } as const;
  const both = [10, 20].map((step) => ({ step, validation: { accuracy: 0.5 } }));
  expect([...reader.evaluations(id, metric)]).toEqual([
    [1, both],
    [2, both],
  ]);
});
