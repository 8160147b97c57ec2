// The one writer of sweeps.db. Every call is one transaction that takes SQLite's write lock first, so writers of other
// studies wait for each other instead of failing, and a killed process leaves whole calls behind.
import type { Database } from "better-sqlite3";
import { DualrateError } from "../errors.js";
import type { Measurement, Pause, TrialCommon, TrialEnd } from "../sweep/trial.js";
import { databaseFile, explained, openForWriting } from "./database.js";
import { definitionChanges } from "./definition.js";
import { isAlive, isSameProcess, thisProcess } from "./lease.js";
import type { EventKind, StoreWriter, StudyDefinition, StudyOwner, StudyRecord } from "./records.js";
import {
  definitionToJson,
  type LeaseRow,
  measurementToRow,
  outcomeToRow,
  ownerFromRow,
  type StudyRow,
  studyFromRow,
  trialToRow,
} from "./rows.js";

/** Opens `<resultsDir>/sweeps.db` for writing and makes both where they are missing; a DualrateError where it cannot. */
export function openWriter(resultsDir: string): StoreWriter {
  return new SqliteWriter(resultsDir, openForWriting(resultsDir));
}

class SqliteWriter implements StoreWriter {
  readonly #resultsDir: string;
  readonly #db: Database;
  readonly #me = thisProcess();
  /** Studies whose lease this writer holds; another writer of the same process does not. */
  readonly #leases = new Set<number>();

  constructor(resultsDir: string, db: Database) {
    this.#resultsDir = resultsDir;
    this.#db = db;
  }

  openStudy(definition: StudyDefinition): StudyRecord {
    return this.#transaction(() => {
      const { name } = definition.sweep;
      const known = this.#db.prepare<[string], StudyRow>("SELECT * FROM studies WHERE name = ?").get(name);
      if (known) this.#refuseChanges(studyFromRow(known), definition);
      const row = this.#db
        .prepare<unknown[], StudyRow>(
          // Paths and estimates may be new, and what runs next uses them.
          `INSERT INTO studies (name, created_at, definition) VALUES (?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, version = version + 1 RETURNING *`,
        )
        .get(name, Date.now(), definitionToJson(definition));
      return studyFromRow(row as StudyRow);
    });
  }

  acquireLease(studyId: number, workers: number): StudyOwner | undefined {
    return this.#change(studyId, () => {
      const row = this.#db.prepare<[number], LeaseRow>("SELECT * FROM leases WHERE study_id = ?").get(studyId);
      const owner = row && ownerFromRow(row);
      const mine = owner && this.#leases.has(studyId) && isSameProcess(owner, this.#me);
      if (owner && !mine && isAlive(owner, Date.now())) return owner;
      this.#db
        .prepare("INSERT OR REPLACE INTO leases VALUES (@studyId, @host, @pid, @processStartedAt, @now, @workers)")
        .run({ studyId, ...this.#me, now: Date.now(), workers });
      this.#leases.add(studyId);
      return undefined;
    });
  }

  heartbeat(studyId: number): void {
    const { changes } = this.#transaction(() =>
      this.#db
        .prepare(`UPDATE leases SET heartbeat_at = @now WHERE ${MY_LEASE}`)
        .run({ studyId, ...this.#me, now: Date.now() }),
    );
    if (changes > 0) return;
    throw new DualrateError("study", `this process no longer owns study ${studyId}: another one has taken it over`, {
      hint: "It may have slept for too long. `dualrate dashboard` shows what the other one does.",
    });
  }

  releaseLease(studyId: number): void {
    this.#leases.delete(studyId);
    this.#change(studyId, () => {
      this.#db.prepare(`DELETE FROM leases WHERE ${MY_LEASE}`).run({ studyId, ...this.#me });
    });
  }

  requeueRunning(studyId: number): readonly number[] {
    return this.#requeueAll(studyId, "state = 'running'");
  }

  planTrials(studyId: number, plannedTrials: number): void {
    this.#change(studyId, () => {
      this.#db
        .prepare("UPDATE studies SET definition = json_set(definition, '$.plannedTrials', ?) WHERE id = ?")
        .run(plannedTrials, studyId);
    });
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

  startTrial(studyId: number, number: number): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          "UPDATE trials SET state = 'running', started_at = ? WHERE study_id = ? AND number = ? AND state = 'queued'",
        )
        .run(Date.now(), studyId, number);
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

  endTrial(studyId: number, number: number, outcome: TrialEnd): void {
    this.#change(studyId, () => {
      const { changes } = this.#db
        .prepare(
          `UPDATE trials SET state = @state, ended_at = @now, value = @value, best_step = @best_step, step = @step,
             failure = @failure, reason = @reason, checkpoint = NULL
           WHERE study_id = @studyId AND number = @number AND state = 'running'`,
        )
        .run({ studyId, number, now: Date.now(), ...outcomeToRow(outcome) });
      expectTrial(changes, number, "running");
    });
  }

  requeueTrial(studyId: number, number: number): void {
    this.#change(studyId, () => this.#requeue(studyId, number));
  }

  requeueFailed(studyId: number): readonly number[] {
    return this.#requeueAll(studyId, "state = 'failed' AND failure <> 'diverged'");
  }

  logEvent(studyId: number, kind: EventKind, message: string, trial?: number): void {
    this.#change(studyId, () => {
      this.#db
        .prepare("INSERT INTO events (study_id, at, kind, trial, message) VALUES (?, ?, ?, ?, ?)")
        .run(studyId, Date.now(), kind, trial ?? null, message);
    });
  }

  deleteStudy(studyId: number): void {
    const { changes } = this.#transaction(() =>
      this.#db
        .prepare(`DELETE FROM studies WHERE id = @studyId AND EXISTS (SELECT 1 FROM leases WHERE ${MY_LEASE})`)
        .run({ studyId, ...this.#me }),
    );
    this.#leases.delete(studyId);
    if (changes > 0) return;
    throw new DualrateError(
      "study",
      `study ${studyId} is not this process's to delete: another one has taken it over`,
      {
        hint: "`dualrate studies` lists what is there.",
      },
    );
  }

  close(): void {
    if (!this.#db.open) return;
    for (const studyId of this.#leases) this.releaseLease(studyId);
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

  #refuseChanges(known: StudyRecord, definition: StudyDefinition): void {
    const changes = definitionChanges(known, definition);
    if (changes.length === 0) return;
    const { name, file } = definition.sweep;
    throw new DualrateError(
      "study",
      `study "${name}" in ${this.#resultsDir} was started with another definition; what changed:\n  ${changes.join("\n  ")}`,
      { hint: `Undo the change, or give the sweep a new name, or another --results folder.`, place: { file } },
    );
  }

  /** A transaction that makes the study's version grow. */
  #change<Result>(studyId: number, work: () => Result): Result {
    return this.#transaction(() => {
      this.#db.prepare("UPDATE studies SET version = version + 1 WHERE id = ?").run(studyId);
      return work();
    });
  }

  #transaction<Result>(work: () => Result): Result {
    return explained(databaseFile(this.#resultsDir), "write", () => this.#db.transaction(work).immediate());
  }
}

const MY_LEASE = "study_id = @studyId AND host = @host AND pid = @pid AND process_started_at = @processStartedAt";

/** A trial in another state than its writer believes was changed by someone else, and must not be overwritten. */
function expectTrial(changes: number, number: number, state: string): void {
  if (changes > 0) return;
  throw new DualrateError("store", `expected trial ${number} to be ${state} in the database; it is not`, {
    hint: "Another process may have changed the study. Run the sweep again to go on from what is stored.",
  });
}
