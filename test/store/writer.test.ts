import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { DualrateError } from "../../src/errors.js";
import { openReader } from "../../src/store/reader.js";
import type { StoreReader, StoreWriter } from "../../src/store/records.js";
import { openWriter } from "../../src/store/writer.js";
import type { Sweep } from "../../src/sweep/settings.js";
import type { Measurement, TrialEnd } from "../../src/sweep/trial.js";
import { definition, measurement, temporaryFolder, trial } from "./fixture.js";

const compiled = (name: string) => fileURLToPath(new URL(`../../dist/store/${name}.js`, import.meta.url));
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Store {
  readonly folder: string;
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly id: number;
}

function store(): Store {
  const folder = join(temporaryFolder(), "results");
  const writer = openWriter(folder);
  const { id } = writer.openStudy(definition());
  const reader = openReader(folder);
  onTestFinished(() => {
    writer.close();
    reader.close();
  });
  return { folder, writer, reader, id };
}

function running({ writer, id }: Store, number: number): void {
  writer.addTrial(id, trial(number));
  writer.startTrial(id, number);
}

test("a study comes back as it was stored, after a reopening too", () => {
  const { folder, writer, reader, id } = store();
  expect(reader.study("words")?.study).toEqual({ id, name: "words", createdAt: expect.any(Number), ...definition() });
  writer.close();
  const again = openWriter(folder);
  onTestFinished(() => again.close());
  expect(again.openStudy(definition()).id).toBe(id);
  expect(reader.studies()).toHaveLength(1);
});

test.each<TrialEnd>([
  { state: "complete", value: 0.1 + 0.2, bestStep: 20 },
  { state: "pruned", step: 10, reason: "worst of nine" },
  { state: "failed", failure: { kind: "diverged", message: "loss is NaN", step: 3 } },
  { state: "failed", failure: { kind: "error", message: "no such file" } },
])("a trial comes back in the state it ended in: %o", (outcome) => {
  const opened = store();
  running(opened, 1);
  opened.writer.endTrial(opened.id, 1, outcome);
  const [stored] = opened.reader.trials(opened.id);
  const times = { startedAt: expect.any(Number), endedAt: expect.any(Number) };
  expect(stored).toEqual({ ...trial(1), ...outcome, ...times });
});

const pause = { step: 10, reason: "rank 9 of 12", checkpoint: "/c/1" };

test("a paused trial keeps its measurements, runs again as if it had begun earlier, and ends like any other", () => {
  const opened = store();
  const { writer, reader, id } = opened;
  running(opened, 1);
  writer.recordMeasurement(id, 1, measurement(10));
  writer.pauseTrial(id, 1, pause);
  expect(reader.trials(id)).toEqual([{ ...trial(1), state: "paused", startedAt: expect.any(Number), ...pause }]);
  expect(() => writer.recordMeasurement(id, 1, measurement(20))).toThrow("expected trial 1 to be running");
  writer.resumeTrial(id, 1, 5000);
  expect(reader.trials(id)).toEqual([{ ...trial(1), state: "running", startedAt: 5000, resumed: pause }]);
  expect(() => writer.resumeTrial(id, 1, 5000)).toThrow("expected trial 1 to be paused");
  writer.recordMeasurement(id, 1, measurement(20));
  writer.endTrial(id, 1, { state: "complete", value: 0.1, bestStep: 20 });
  expect(reader.measurementsOf(id, 1)).toEqual([measurement(10), measurement(20)]);
});

test("a trial that was resumed when its coordinator died is paused again, as it was", () => {
  const opened = store();
  const { writer, reader, id } = opened;
  running(opened, 1);
  writer.recordMeasurement(id, 1, measurement(10));
  writer.pauseTrial(id, 1, pause);
  writer.resumeTrial(id, 1, 5000);
  writer.recordMeasurement(id, 1, measurement(20));
  expect(writer.requeueRunning(id)).toEqual([1]);
  expect(reader.trials(id)).toEqual([{ ...trial(1), state: "paused", startedAt: 5000, ...pause }]);
  expect(reader.measurementsOf(id, 1)).toEqual([measurement(10)]);
});

test("queued and running trials come back in the order of their numbers", () => {
  const opened = store();
  opened.writer.addTrial(opened.id, trial(2));
  running(opened, 1);
  expect(opened.reader.trials(opened.id)).toEqual([
    { ...trial(1), state: "running", startedAt: expect.any(Number) },
    { ...trial(2), state: "queued" },
  ]);
});

test("measurements come back to the last digit, in the order of steps", () => {
  const opened = store();
  running(opened, 1);
  running(opened, 2);
  for (const step of [20, 10]) opened.writer.recordMeasurement(opened.id, 1, measurement(step));
  opened.writer.recordMeasurement(opened.id, 2, measurement(10, 0.1 + 0.2));
  expect(opened.reader.measurementsOf(opened.id, 1)).toEqual([measurement(10), measurement(20)]);
  expect([...opened.reader.measurements(opened.id)]).toEqual([
    [1, [measurement(10), measurement(20)]],
    [2, [measurement(10, 0.1 + 0.2)]],
  ]);
});

test("a metric that is NaN comes back as nothing, a training loss or a norm as NaN", () => {
  const opened = store();
  running(opened, 1);
  const groups = { base: { lr: 1, gradNorm: Number.NaN, updateRatio: 0 } };
  opened.writer.recordMeasurement(opened.id, 1, { ...measurement(10, Number.NaN), groups });
  const [stored] = opened.reader.measurementsOf(opened.id, 1);
  expect(stored?.validation).toEqual({ loss: null, loss_introduced: null, loss_base: null, accuracy: 0.5, f1: 0.25 });
  expect(stored).toMatchObject({ trainLoss: Number.NaN, groups });
});

test("a measurement of a checkpoint from before there was an F1 is stored without one", () => {
  const opened = store();
  running(opened, 1);
  const { f1: _, ...before } = measurement(10).validation;
  const validation = before as Measurement["validation"];
  opened.writer.recordMeasurement(opened.id, 1, { ...measurement(10), validation });
  expect(opened.reader.measurementsOf(opened.id, 1)[0]?.validation).toEqual({ ...before, f1: null });
});

test("a trial in another state than its writer believes is not overwritten", () => {
  const opened = store();
  const { writer, id } = opened;
  expect(() => writer.startTrial(id, 1)).toThrow("expected trial 1 to be queued");
  running(opened, 1);
  expect(() => writer.addTrial(id, trial(1))).toThrow("expected trial 1 to be new or queued");
  writer.endTrial(id, 1, { state: "complete", value: 1, bestStep: 1 });
  expect(() => writer.endTrial(id, 1, { state: "complete", value: 2, bestStep: 1 })).toThrow("to be running");
  expect(() => writer.recordMeasurement(id, 1, measurement(1))).toThrow("to be running");
  expect(() => writer.requeueTrial(id, 1)).toThrow("to be running, paused or failed");
  expect(opened.reader.trials(id)).toMatchObject([{ state: "complete", value: 1 }]);
});

test("a failed call leaves nothing behind, its version included", () => {
  const { writer, reader, id } = store();
  const version = reader.version(id);
  expect(() => writer.recordMeasurement(id, 9, measurement(1))).toThrow();
  expect(reader.version(id)).toBe(version);
});

test("a trial of a study that is not there cannot be stored", () => {
  const { writer } = store();
  expect(() => writer.addTrial(99, trial(1))).toThrow(
    expect.objectContaining({ code: "store", message: expect.stringContaining("FOREIGN KEY") }),
  );
});

test("adding a queued trial again leaves it as it is", () => {
  const { writer, reader, id } = store();
  writer.addTrial(id, trial(1));
  writer.addTrial(id, { ...trial(1), seed: 5 });
  expect(reader.trials(id)).toEqual([{ ...trial(1), state: "queued" }]);
});

test("running trials go back to the queue without their measurements, ended ones stay", () => {
  const opened = store();
  const { writer, reader, id } = opened;
  for (const number of [1, 2, 3]) running(opened, number);
  for (const number of [1, 2, 3]) writer.recordMeasurement(id, number, measurement(10));
  writer.endTrial(id, 2, { state: "complete", value: 1, bestStep: 10 });
  expect(writer.requeueRunning(id)).toEqual([1, 3]);
  expect(reader.trials(id).map(({ state }) => state)).toEqual(["queued", "complete", "queued"]);
  expect([...reader.measurements(id).keys()]).toEqual([2]);
  expect(writer.requeueRunning(id)).toEqual([]);
});

test("a failed trial can be put back, and carries nothing of its failure", () => {
  const opened = store();
  running(opened, 1);
  opened.writer.endTrial(opened.id, 1, { state: "failed", failure: { kind: "crashed", message: "lost", step: 3 } });
  opened.writer.requeueTrial(opened.id, 1);
  expect(opened.reader.trials(opened.id)).toEqual([{ ...trial(1), state: "queued" }]);
});

test("failed trials go back to the queue all at once, but those that diverged stay, as do others", () => {
  const opened = store();
  const { writer, reader, id } = opened;
  const kinds = ["crashed", "diverged", "timeout", "error"] as const;
  for (const [index, kind] of kinds.entries()) {
    running(opened, index + 1);
    writer.recordMeasurement(id, index + 1, measurement(10));
    writer.endTrial(id, index + 1, { state: "failed", failure: { kind, message: kind } });
  }
  running(opened, 5);
  expect(writer.requeueFailed(id)).toEqual([1, 3, 4]);
  const states = reader.trials(id).map(({ state }) => state);
  expect(states).toEqual(["queued", "failed", "queued", "queued", "running"]);
  expect([...reader.measurements(id).keys()]).toEqual([2]);
  expect(writer.requeueFailed(id)).toEqual([]);
});

test("a changed definition is refused with what changed and what to do", () => {
  const { writer, reader, id } = store();
  const changed = definition({ seed: 8 });
  expect(() => writer.openStudy(changed)).toThrow(
    expect.objectContaining({
      code: "study",
      message: expect.stringMatching(/study "words" in .*\n {2}seed: 7 -> 8$/),
      hint: expect.stringContaining("new name"),
    }),
  );
  expect(reader.study()?.study).toMatchObject({ id, sweep: { seed: 7 } });
});

const moreRatios = (changes: Partial<Sweep> = {}) =>
  definition({ space: [{ name: "lr_ratio", distribution: { kind: "categorical", values: [1, 1000] } }], ...changes });

test("the hint of a changed definition names --extend where it may be extended, and what stands against that", () => {
  const { writer } = store();
  const hintOf = (changes: Partial<Sweep>) => thrownBy(() => writer.openStudy(moreRatios(changes))).hint;
  expect(hintOf({})).toMatch(/^Add --extend to go on/);
  expect(hintOf({ seed: 8 })).toMatch(/^--extend takes all of these but seed\. Undo/);
  expect(thrownBy(() => writer.openStudy(definition({ seed: 8 }))).hint).not.toContain("--extend");
});

test("an extension replaces the definition, keeps the trials, and is logged", () => {
  const opened = store();
  const { writer, reader, id } = opened;
  running(opened, 1);
  writer.endTrial(id, 1, { state: "complete", value: 0.5, bestStep: 10 });
  expect(writer.extendStudy(definition())).toEqual([]);
  const changes = ["lr_ratio: [0.1,1,10,100] -> [1,1000]"];
  expect(writer.extendStudy(moreRatios())).toEqual(changes);
  expect(reader.study()?.study).toMatchObject({ id, sweep: { space: moreRatios().sweep.space } });
  expect(reader.trials(id)).toMatchObject([{ number: 1, state: "complete", value: 0.5 }]);
  expect(reader.events(id).map(({ message }) => message)).toEqual([`extended: ${changes[0]}`]);
  expect(writer.openStudy(moreRatios()).id).toBe(id);
});

test("what may not change is not extended: each such change with its reason, nothing stored", () => {
  const { writer, reader, id } = store();
  expect(thrownBy(() => writer.extendStudy(moreRatios({ seed: 8, method: "random", runCap: 4 })))).toMatchObject({
    code: "study",
    message: expect.stringMatching(/cannot be extended.*:\n {2}seed: 7 -> 8 \(.+\)\n {2}method: .* \(.+\)$/),
  });
  expect(reader.study()?.study.sweep.seed).toBe(7);
  expect(reader.events(id)).toEqual([]);
});

test("a study that is not there, or that another process runs, is not extended", () => {
  const { folder, writer, id } = store();
  const unknown = thrownBy(() => writer.extendStudy(definition({ name: "other" })));
  expect(unknown.message).toContain('no study named "other" to extend');
  writer.acquireLease(id, 1);
  const second = openWriter(folder);
  onTestFinished(() => second.close());
  expect(thrownBy(() => second.extendStudy(moreRatios())).message).toContain(`while process ${process.pid}`);
  expect(writer.extendStudy(moreRatios())).toHaveLength(1);
});

function thrownBy(work: () => unknown): DualrateError {
  try {
    work();
  } catch (error) {
    if (error instanceof DualrateError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("a study whose folder moved goes on, with the new paths", () => {
  const { writer, reader, id } = store();
  const { sweep } = definition();
  const moved = { ...sweep.settings, model: "/elsewhere/a" };
  expect(writer.openStudy(definition({ file: "/elsewhere/words.yaml", settings: moved })).id).toBe(id);
  expect(reader.study()?.study.sweep).toMatchObject({
    file: "/elsewhere/words.yaml",
    settings: { model: moved.model },
  });
});

test("two writers of different studies share a database", () => {
  const { folder, writer, reader, id } = store();
  const other = openWriter(folder);
  onTestFinished(() => other.close());
  const otherId = other.openStudy(definition({ name: "others" })).id;
  writer.addTrial(id, trial(1));
  other.addTrial(otherId, trial(1));
  expect(reader.trials(id)).toHaveLength(1);
  expect(reader.trials(otherId)).toHaveLength(1);
});

test("processes that make the same database at the same moment wait for each other", async () => {
  for (let round = 0; round < 3; round++) {
    const folder = join(temporaryFolder(), "results");
    const args = [script("open-at.mjs"), dirname(compiled("writer")), folder, `${Date.now() + 500}`];
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args).then(({ stdout }) => stdout)),
    );
    expect(outputs).toEqual(["", "", "", ""]);
  }
});

test("a database that another program has locked for a while is waited for", async () => {
  const folder = temporaryFolder();
  const locking = `const D = require("better-sqlite3"); const db = new D(process.argv[1]); db.exec("BEGIN EXCLUSIVE");
    console.log("locked"); setTimeout(() => { db.exec("COMMIT"); db.close(); }, 400);`;
  const child = spawn(process.execPath, ["-e", locking, join(folder, "sweeps.db")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const writer = openWriter(folder);
  onTestFinished(() => writer.close());
  expect(writer.openStudy(definition()).id).toBe(1);
});

test("a study's lease has one holder; the second is told who holds it", () => {
  const { folder, writer, id } = store();
  const other = openWriter(folder);
  onTestFinished(() => other.close());
  expect(writer.acquireLease(id, 3)).toBeUndefined();
  expect(writer.acquireLease(id, 2)).toBeUndefined();
  expect(other.acquireLease(id, 1)).toMatchObject({ pid: process.pid, workers: 2 });
  writer.releaseLease(id);
  expect(other.acquireLease(id, 1)).toBeUndefined();
});

test("closing a writer releases its lease, and a heartbeat without one is an error", () => {
  const { folder, writer, reader, id } = store();
  writer.acquireLease(id, 1);
  writer.heartbeat(id);
  expect(reader.study()?.owner).toMatchObject({ pid: process.pid, workers: 1 });
  writer.close();
  expect(reader.study()?.owner).toBeUndefined();
  const other = openWriter(folder);
  onTestFinished(() => other.close());
  expect(() => other.heartbeat(id)).toThrow("no longer owns");
});

test("a writer that was killed leaves a sound database: every call whole, its lease free, its trial to begin again", () => {
  const folder = temporaryFolder();
  const killed = spawnSync(process.execPath, [
    script("killed-writer.mjs"),
    compiled("writer"),
    folder,
    JSON.stringify(definition()),
  ]);
  expect({ signal: killed.signal, stderr: killed.stderr.toString() }).toEqual({ signal: "SIGKILL", stderr: "" });

  const writer = openWriter(folder);
  const reader = openReader(folder);
  onTestFinished(() => {
    writer.close();
    reader.close();
  });
  const { id } = writer.openStudy(definition());
  expect(reader.trials(id).map(({ state }) => state)).toEqual(["complete", "running"]);
  expect(reader.measurementsOf(id, 2)).toHaveLength(50);
  expect(reader.study()?.owner).toBeUndefined();
  expect(writer.acquireLease(id, 1)).toBeUndefined();
  expect(writer.requeueRunning(id)).toEqual([2]);
  const db = new Database(join(folder, "sweeps.db"), { readonly: true });
  onTestFinished(() => void db.close());
  expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(db.pragma("foreign_key_check")).toEqual([]);
});

test("a path through a file is an error that says so", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  for (const folder of [file, join(file, "results")]) {
    expect(() => openWriter(folder)).toThrow(
      expect.objectContaining({ code: "store", message: expect.stringContaining("a part of its path is a file") }),
    );
  }
});

test("a folder that cannot be written is an error with the folder and what to check", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "results"));
  chmodSync(join(folder, "results"), 0o555);
  chmodSync(folder, 0o555);
  onTestFinished(() => chmodSync(folder, 0o755));
  for (const name of ["results", "new"]) {
    const { code, message, hint } = openAsUser("writer", "openWriter", join(folder, name));
    expect(code).toBe("store");
    expect(message).toContain(`cannot write ${join(folder, name, "sweeps.db")}: `);
    expect(message).not.toContain("unable to open");
    expect(hint).toContain("Check the permissions");
  }
});

/** Root may write anywhere, so there the child becomes nobody. */
function openAsUser(module: string, open: string, folder: string): Record<string, unknown> {
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  return JSON.parse(
    execFileSync(process.execPath, [script("open.mjs"), compiled(module), open, folder], { ...user }).toString(),
  );
}

test("how many trials are planned can be set later, and nothing else of the study changes", () => {
  const { writer, reader, id } = store();
  const version = reader.version(id);
  writer.planTrials(id, 17);
  expect(reader.study("words")?.study).toMatchObject({ ...definition(), plannedTrials: 17 });
  expect(reader.version(id)).toBeGreaterThan(version);
});

test("a deleted study is gone with all of its rows, and another one stays", () => {
  const opened = store();
  const { writer, reader, id } = opened;
  const other = writer.openStudy(definition({ name: "other" }));
  for (const of of [id, other.id]) {
    running({ ...opened, id: of }, 1);
    writer.recordMeasurement(of, 1, measurement(1));
    writer.logEvent(of, "study", "started");
  }
  expect(() => writer.deleteStudy(id)).toThrow(/not this process's to delete/);
  writer.acquireLease(id, 1);
  writer.deleteStudy(id);
  expect(reader.studies().map(({ study }) => study.name)).toEqual(["other"]);
  expect([reader.trials(id), reader.events(id), [...reader.measurements(id)]]).toEqual([[], [], []]);
  expect(reader.measurementsOf(other.id, 1)).toHaveLength(1);
});
