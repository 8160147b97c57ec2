// The one writer of sweeps.db. Every call is one transaction that takes SQLite's write lock first, so writers of other
// studies wait for each other instead of failing, and a killed process leaves whole calls behind.
import type { Database } from "better-sqlite3";
import { DualrateError } from "../errors.js";
import type { Measurement, MetricValues, Pause, TrialCommon, TrialEnd } from "../sweep/trial.js";
import { changedDefinition, notExtended, nothingToExtend, runsElsewhere } from "./changed-study.js";
import { databaseFile, explained, openForWriting } from "./database.js";
import { identityChanges } from "./definition.js";
import { extensionOf } from "./extension.js";
import { HeldLeases } from "./held-leases.js";
import type { ProcessIdentity } from "./lease.js";
import {
  type EventKind,
  EXTENDED,
  type StoreWriter,
  type StudyDefinition,
  type StudyOwner,
  type StudyRecord,
} from "./records.js";
import { definitionToRow, measurementToRow, outcomeToRow, type StudyRow, studyFromRow, trialToRow } from "./rows.js";

/** Opens `<resultsDir>/sweeps.db` for writing and makes both where they are missing; a DualrateError where it cannot. */
export function openWriter(resultsDir: string): StoreWriter {
  return new SqliteWriter(resultsDir, openForWriting(resultsDir));
}

class SqliteWriter implements StoreWriter {
  readonly #resultsDir: string;
  readonly #db: Database;
  readonly #leases: HeldLeases;
  /** Studies that another process took over from this one, and that know of it. */
  readonly #told = new Set<number>();

  constructor(resultsDir: string, db: Database) {
    this.#resultsDir = resultsDir;
    this.#db = db;
    this.#leases = new HeldLeases(db);
  }

  openStudy(definition: StudyDefinition): StudyRecord {
    return this.#transaction(() => {
      const { name } = definition.sweep;
      const known = this.#studyNamed(name);
      if (known) this.#refuseChanges(known, definition);
      // It runs as its owner has opened it.
      if (known && this.#leases.otherOwner(known.id)) return known;
      const row = this.#db
        .prepare<unknown[], StudyRow>(
          // Paths and estimates may be new, and what runs next uses them.
          `INSERT INTO studies (name, created_at, definition, checksum) VALUES (@name, @now, @definition, @checksum)
           ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, checksum = excluded.checksum,
             version = version + 1 RETURNING *`,
        )
        .get({ name, now: Date.now(), ...definitionToRow(definition) });
      return studyFromRow(row as StudyRow);
    });
  }

  extendStudy(definition: StudyDefinition): readonly string[] {
    return this.#transaction(() => {
      const { name } = definition.sweep;
      const known = this.#studyNamed(name);
      if (known === undefined) throw nothingToExtend(definition, this.#resultsDir);
      const { accepted, refused } = extensionOf(known, definition);
      if (refused.length > 0) throw notExtended(definition, refused);
      if (accepted.length === 0) return accepted;
      const owner = this.#leases.otherOwner(known.id);
      if (owner) throw runsElsewhere(definition, owner);
      this.#define(known.id, definition);
      this.logEvent(known.id, "study", `${EXTENDED}${accepted.join("; ")}`);
      return accepted;
    });
  }

  acquireLease(studyId: number, workers: number): StudyOwner | undefined {
    return this.#change(studyId, () => {
      const acquired = this.#leases.acquire(studyId, workers);
      if (acquired.kind === "refused") return acquired.owner;
      if (acquired.from) this.#insertEvent(studyId, "lease", takeoverText(this.#leases.me, acquired.from));
      return undefined;
    });
  }

  heartbeat(studyId: number): void {
    if (this.#owned(studyId, () => this.#leases.beat(studyId))) return;
    throw this.#transaction(() => this.#notOwned(studyId, undefined));
  }

  releaseLease(studyId: number): void {
    this.#transaction(() => {
      this.#leases.release(studyId);
      this.#grow(studyId);
    });
  }

  requeueRunning(studyId: number): readonly number[] {
    return this.#requeueAll(studyId, "state = 'running'");
  }

  planTrials(studyId: number, plannedTrials: number): void {
    this.#change(studyId, () => {
      const row = this.#db.prepare<[number], StudyRow>("SELECT * FROM studies WHERE id = ?").get(studyId);
      if (row) this.#define(studyId, { ...studyFromRow(row), plannedTrials });
    });
  }

  #define(id: number, definition: StudyDefinition): void {
    this.#db
      .prepare("UPDATE studies SET definition = @definition, checksum = @checksum WHERE id = @id")
      .run({ id, ...definitionToRow(definition) });
  }

  addTrial(studyId: number, trial: TrialCommon): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          `INSERT INTO trials (study_id, number, replicate, seed, parameters, base_lr, lr_ratio, intro_lr, state)
           VALUES (@study_id, @number, @replicate, @seed, @parameters, @base_lr, @lr_ratio, @intro_lr, 'queued')
           ON CONFLICT DO UPDATE SET state = state WHERE state = 'queued'`,
        )
        .run(trialToRow(studyId, trial));
      expectTrial(changes, trial.number, "new or queued");
    });
  }

  startTrial(studyId: number, number: number, startedAt = Date.now()): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          "UPDATE trials SET state = 'running', started_at = ? WHERE study_id = ? AND number = ? AND state = 'queued'",
        )
        .run(startedAt, studyId, number);
      expectTrial(changes, number, "queued");
    });
  }

  recordMeasurement(studyId: number, number: number, measurement: Measurement): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          `INSERT INTO measurements
           SELECT @study_id, @number, @step, @train_loss, @loss, @loss_introduced, @loss_base, @accuracy, @seconds, @groups,
             @f1
           FROM trials WHERE study_id = @study_id AND number = @number AND state = 'running'`,
        )
        .run(measurementToRow(studyId, number, measurement));
      expectTrial(changes, number, "running");
    });
  }

  pauseTrial(studyId: number, number: number, { step, reason, checkpoint }: Pause): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          `UPDATE trials SET state = 'paused', step = ?, reason = ?, checkpoint = ?
           WHERE study_id = ? AND number = ? AND state = 'running'`,
        )
        .run(step, reason, checkpoint, studyId, number);
      expectTrial(changes, number, "running");
    });
  }

  resumeTrial(studyId: number, number: number, startedAt: number): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          "UPDATE trials SET state = 'running', started_at = ? WHERE study_id = ? AND number = ? AND state = 'paused'",
        )
        .run(startedAt, studyId, number);
      expectTrial(changes, number, "paused");
    });
  }

  endTrial(studyId: number, number: number, outcome: TrialEnd, endedAt = Date.now()): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          `UPDATE trials SET state = @state, ended_at = @endedAt, value = @value, best_step = @best_step, step = @step,
             failure = @failure, reason = @reason, checkpoint = NULL
           WHERE study_id = @studyId AND number = @number AND state = 'running'`,
        )
        .run({ studyId, number, endedAt, ...outcomeToRow(outcome) });
      expectTrial(changes, number, "running");
    });
  }

  requeueTrial(studyId: number, number: number): void {
    this.#change(studyId, () => this.#requeue(studyId, number));
  }

  requeueFailed(studyId: number): readonly number[] {
    return this.#requeueAll(studyId, "state = 'failed' AND failure <> 'diverged'");
  }

  recordTest(studyId: number, number: number, values: MetricValues): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          `INSERT INTO tests SELECT @studyId, @number, @loss, @loss_introduced, @loss_base, @accuracy, @f1
           FROM trials WHERE study_id = @studyId AND number = @number AND state = 'complete'
           ON CONFLICT DO UPDATE SET number = number`,
        )
        .run({ studyId, number, ...values });
      expectTrial(changes, number, "complete");
    });
  }

  deleteStudy(studyId: number): void {
    const { changes } = this.#owned(studyId, () =>
      this.#db
        .prepare(
          `DELETE FROM studies WHERE id = @studyId AND EXISTS (SELECT 1 FROM leases WHERE study_id = @studyId AND host = @host
             AND pid = @pid AND process_started_at = @processStartedAt)`,
        )
        .run({ studyId, ...this.#leases.me }),
    );
    this.#leases.forget(studyId);
    if (changes > 0) return;
    throw new DualrateError("study", `study ${studyId} is not this process's to delete: it does not hold it`, {
      hint: "`dualrate studies` lists what is there.",
    });
  }

  logEvent(studyId: number, kind: EventKind, message: string, trial?: number): void {
    this.#change(studyId, () => this.#insertEvent(studyId, kind, message, trial));
  }

  close(): void {
    if (!this.#db.open) return;
    for (const studyId of this.#leases.held) this.releaseLease(studyId);
    this.#db.close();
  }

  #requeueAll(studyId: number, condition: string): readonly number[] {
    return this.#change(studyId, () => {
      const numbers = this.#db
        .prepare(`SELECT number FROM trials WHERE study_id = ? AND ${condition} ORDER BY number`)
        .pluck()
        .all(studyId) as number[];
      for (const number of numbers) this.#requeue(studyId, number);
      return numbers;
    });
  }

  #requeue(studyId: number, number: number): void {
    const again = this.#db
      .prepare(
        `UPDATE trials SET state = 'paused'
         WHERE study_id = ? AND number = ? AND state = 'running' AND checkpoint IS NOT NULL RETURNING step`,
      )
      .pluck()
      .get(studyId, number);
    if (again !== undefined) {
      const later = "DELETE FROM measurements WHERE study_id = ? AND number = ? AND step > ?";
      this.#db.prepare(later).run(studyId, number, again);
      return;
    }
    const { changes } = this.#db
      .prepare(
        `UPDATE trials SET state = 'queued', started_at = NULL, ended_at = NULL, value = NULL, best_step = NULL,
           step = NULL, failure = NULL, reason = NULL, checkpoint = NULL
         WHERE study_id = ? AND number = ? AND state IN ('running', 'paused', 'failed')`,
      )
      .run(studyId, number);
    expectTrial(changes, number, "running, paused or failed");
    this.#db.prepare("DELETE FROM measurements WHERE study_id = ? AND number = ?").run(studyId, number);
  }

  #studyNamed(name: string): StudyRecord | undefined {
    const row = this.#db.prepare<[string], StudyRow>("SELECT * FROM studies WHERE name = ?").get(name);
    return row && studyFromRow(row);
  }

  #refuseChanges(known: StudyRecord, definition: StudyDefinition): void {
    if (identityChanges(known, definition).length > 0) throw changedDefinition(known, definition, this.#resultsDir);
  }

  #insertEvent(studyId: number, kind: EventKind, message: string, trial?: number): void {
    this.#db
      .prepare("INSERT INTO events (study_id, at, kind, trial, message) VALUES (?, ?, ?, ?, ?)")
      .run(studyId, Date.now(), kind, trial ?? null, message);
  }

  /** A transaction that makes the study's version grow. */
  #change<Result>(studyId: number, work: () => Result): Result {
    return this.#owned(studyId, () => {
      this.#grow(studyId);
      return work();
    });
  }

  #grow(studyId: number): void {
    this.#db.prepare("UPDATE studies SET version = version + 1 WHERE id = ?").run(studyId);
  }

  /** A transaction, unless another process has taken over the study that this writer held: then an error, and an event. */
  #owned<Result>(studyId: number, work: () => Result): Result {
    const done = this.#transaction(() => {
      const lost = this.#leases.lost(studyId);
      return lost ? { error: this.#notOwned(studyId, lost.to) } : { result: work() };
    });
    if ("error" in done) throw done.error;
    return done.result;
  }

  #notOwned(studyId: number, to: StudyOwner | undefined): DualrateError {
    const name = this.#db.prepare("SELECT name FROM studies WHERE id = ?").pluck().get(studyId);
    const whose = to ? `${processText(to)} has taken it over` : "nobody does";
    if (this.#leases.held.includes(studyId) && !this.#told.has(studyId)) {
      this.#told.add(studyId);
      this.#insertEvent(studyId, "lease", `${processText(this.#leases.me)} lost the study and stops: ${whose}`);
      this.#grow(studyId);
    }
    return new DualrateError("lease", `this process no longer owns study "${name}": ${whose}`, {
      hint: "It was suspended, or its machine slept, for too long. `dualrate dashboard` shows what the other one does.",
    });
  }

  #transaction<Result>(work: () => Result): Result {
    return explained(databaseFile(this.#resultsDir), "write", () => this.#db.transaction(work).immediate());
  }
}

function processText({ pid, host }: ProcessIdentity): string {
  return `process ${pid} on ${host}`;
}

function takeoverText(me: ProcessIdentity, dead: StudyOwner): string {
  const heartbeat = new Date(dead.heartbeatAt).toISOString();
  return `${processText(me)} takes over from ${processText(dead)}, which is gone; its last sign of life was at ${heartbeat}`;
}

/** A trial in another state than its writer believes was changed by someone else, and must not be overwritten. */
function expectTrial(changes: number, number: number, state: string): void {
  if (changes > 0) return;
  throw new DualrateError("store", `expected trial ${number} to be ${state} in the database; it is not`, {
    hint: "Another process may have changed the study. Run the sweep again to go on from what is stored.",
  });
}
