// Leases that change hands: rows of other hosts' processes are written into the database by hand.
import { hostname } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { HEARTBEAT_LIMIT } from "../../src/store/lease.js";
import { openReader } from "../../src/store/reader.js";
import type { StoreReader, StoreWriter } from "../../src/store/records.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, measurement, temporaryFolder, trial } from "./fixture.js";

interface Store {
  readonly folder: string;
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly id: number;
  /** Gives the lease to process 77 of another host. */
  forge(lease?: { readonly host?: string; readonly pid?: number; readonly heartbeatAt?: number }): void;
}

function store(): Store {
  const folder = temporaryFolder();
  const writer = openWriter(folder);
  const { id } = writer.openStudy(definition());
  const reader = openReader(folder);
  const db = new Database(join(folder, "sweeps.db"));
  onTestFinished(() => {
    writer.close();
    reader.close();
    db.close();
  });
  return {
    folder,
    writer,
    reader,
    id,
    forge: ({ host = "elsewhere", pid = 77, heartbeatAt = Date.now() } = {}) =>
      void db.prepare("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, 5, ?, 1)").run(id, host, pid, heartbeatAt),
  };
}

const leaseEvents = ({ reader, id }: Store) =>
  reader.events(id).flatMap(({ kind, message }) => (kind === "lease" ? [message] : []));
const me = `process ${process.pid} on ${hostname()}`;

test("an owner on another host is replaced once its heartbeat is too old, and the log says whose it was", () => {
  const opened = store();
  opened.forge();
  expect(opened.writer.acquireLease(opened.id, 1)).toMatchObject({ host: "elsewhere", pid: 77 });
  expect(leaseEvents(opened)).toEqual([]);
  const heartbeatAt = Date.now() - HEARTBEAT_LIMIT;
  opened.forge({ heartbeatAt });
  expect(opened.writer.acquireLease(opened.id, 1)).toBeUndefined();
  expect(opened.reader.study()?.owner).toMatchObject({ pid: process.pid });
  const last = new Date(heartbeatAt).toISOString();
  expect(leaseEvents(opened)).toEqual([
    `${me} takes over from process 77 on elsewhere, which is gone; its last sign of life was at ${last}`,
  ]);
});

test("an owner on this host whose process has ended is replaced at once", () => {
  const opened = store();
  // Its pid is this process's by now.
  opened.forge({ host: hostname(), pid: process.pid });
  expect(opened.writer.acquireLease(opened.id, 1)).toBeUndefined();
  expect(leaseEvents(opened)).toHaveLength(1);
});

test("a lease that was given back, or is one's own already, is no takeover", () => {
  const opened = store();
  for (let i = 0; i < 2; i++) opened.writer.acquireLease(opened.id, 1);
  opened.writer.releaseLease(opened.id);
  opened.writer.acquireLease(opened.id, 1);
  expect(leaseEvents(opened)).toEqual([]);
});

test("a writer whose study was taken over changes nothing of it any more, says so once, and leaves the other's lease", () => {
  const opened = store();
  const { writer, reader, id, forge } = opened;
  writer.acquireLease(id, 1);
  writer.addTrial(id, trial(1));
  writer.startTrial(id, 1);
  writer.recordMeasurement(id, 1, measurement(10));
  forge();
  const before = [reader.trials(id), reader.measurementsOf(id, 1), reader.study()?.study];
  const writes: readonly (() => unknown)[] = [
    () => writer.heartbeat(id),
    () => writer.recordMeasurement(id, 1, measurement(20)),
    () => writer.endTrial(id, 1, { state: "complete", value: 1, bestStep: 10 }),
    () => writer.pauseTrial(id, 1, { step: 10, reason: "", checkpoint: "c" }),
    () => writer.requeueTrial(id, 1),
    () => writer.requeueRunning(id),
    () => writer.addTrial(id, trial(2)),
    () => writer.planTrials(id, 99),
    () => writer.logEvent(id, "study", "still here"),
  ];
  for (const write of writes) {
    expect(write).toThrow(
      expect.objectContaining({
        code: "lease",
        message: 'this process no longer owns study "words": process 77 on elsewhere has taken it over',
      }),
    );
  }
  writer.close();
  expect([reader.trials(id), reader.measurementsOf(id, 1), reader.study()?.study]).toEqual(before);
  expect(reader.study()?.owner).toMatchObject({ pid: 77 });
  expect(reader.events(id).map(({ message }) => message)).toEqual([
    `${me} lost the study and stops: process 77 on elsewhere has taken it over`,
  ]);
});

test("a study that a living process runs is opened as it is stored; a changed one is still refused", () => {
  const { writer, reader, id, forge } = store();
  forge();
  const { sweep } = definition();
  const edited = definition({ budget: { minutes: 5 }, settings: { ...sweep.settings, model: "/elsewhere/a" } });
  expect(writer.openStudy(edited)).toEqual(reader.study()?.study);
  expect(reader.study()?.study).toMatchObject({ id, ...definition() });
  expect(() => writer.openStudy(definition({ seed: 8 }))).toThrow("seed: 7 -> 8");
});

test("a lost study does not keep a writer from its other studies", () => {
  const { writer, reader, id, forge } = store();
  writer.acquireLease(id, 1);
  forge();
  const otherId = writer.openStudy(definition({ name: "others" })).id;
  writer.acquireLease(otherId, 1);
  writer.heartbeat(otherId);
  expect(reader.study("others")?.owner).toMatchObject({ pid: process.pid });
});
