// The tables of sweeps.db and the steps that brought them there: what a database must hold before it is used.
import type { Database } from "better-sqlite3";
import { DualrateError } from "../errors.js";

/** "dlrt" in SQLite's header: tells our files from those of other programs. */
export const APPLICATION_ID = 0x646c7274;

/**
 * One step of SQL for each version, from an empty file on. A released step never changes; a new one is added. The
 * states' columns repeat the Trial union, so that no program can store a trial in a wrong state.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE studies (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL,
     definition TEXT NOT NULL,
     version INTEGER NOT NULL DEFAULT 0
   ) STRICT;

   CREATE TABLE leases (
     study_id INTEGER PRIMARY KEY REFERENCES studies ON DELETE CASCADE,
     host TEXT NOT NULL,
     pid INTEGER NOT NULL,
     process_started_at INTEGER NOT NULL,
     heartbeat_at INTEGER NOT NULL,
     workers INTEGER NOT NULL
   ) STRICT;

   CREATE TABLE trials (
     study_id INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
     number INTEGER NOT NULL,
     replicate INTEGER NOT NULL,
     seed INTEGER NOT NULL,
     parameters TEXT NOT NULL,
     base_lr REAL NOT NULL,
     lr_ratio REAL NOT NULL,
     intro_lr REAL NOT NULL,
     state TEXT NOT NULL,
     started_at INTEGER,
     ended_at INTEGER,
     value REAL,
     best_step INTEGER,
     step INTEGER,
     failure TEXT,
     reason TEXT,
     checkpoint TEXT,
     PRIMARY KEY (study_id, number),
     CHECK (coalesce(CASE state
       WHEN 'queued' THEN started_at IS NULL AND ended_at IS NULL
       WHEN 'running' THEN started_at > 0 AND ended_at IS NULL
       WHEN 'paused' THEN started_at > 0 AND ended_at IS NULL AND checkpoint <> ''
       WHEN 'complete' THEN started_at > 0 AND ended_at > 0 AND value IS NOT NULL AND best_step > 0
       WHEN 'pruned' THEN started_at > 0 AND ended_at > 0 AND step > 0 AND reason IS NOT NULL
       WHEN 'failed' THEN started_at > 0 AND ended_at > 0 AND failure <> '' AND reason IS NOT NULL
     END, 0))
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE measurements (
     study_id INTEGER NOT NULL,
     number INTEGER NOT NULL,
     step INTEGER NOT NULL,
     train_loss REAL,
     loss REAL,
     loss_introduced REAL,
     loss_base REAL,
     accuracy REAL,
     seconds REAL NOT NULL,
     "groups" TEXT NOT NULL,
     PRIMARY KEY (study_id, number, step),
     FOREIGN KEY (study_id, number) REFERENCES trials ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE events (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     study_id INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
     at INTEGER NOT NULL,
     kind TEXT NOT NULL,
     trial INTEGER,
     message TEXT NOT NULL
   ) STRICT;
   CREATE INDEX events_of_study ON events (study_id, id);`,
  "ALTER TABLE measurements ADD COLUMN f1 REAL;",
  `CREATE TABLE tests (
     study_id INTEGER NOT NULL,
     number INTEGER NOT NULL,
     loss REAL,
     loss_introduced REAL,
     loss_base REAL,
     accuracy REAL,
     f1 REAL,
     PRIMARY KEY (study_id, number),
     FOREIGN KEY (study_id, number) REFERENCES trials ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;`,
  "ALTER TABLE studies ADD COLUMN checksum TEXT;",
  // A trial's row knows the study's version at its last change, so that who looks again reads what is new.
  `ALTER TABLE trials ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX trials_by_change ON trials (study_id, changed);
   CREATE INDEX trials_by_state ON trials (study_id, state);
   CREATE TRIGGER trial_added AFTER INSERT ON trials BEGIN
     UPDATE trials SET changed = coalesce((SELECT version FROM studies WHERE id = new.study_id), 0)
     WHERE study_id = new.study_id AND number = new.number;
   END;
   CREATE TRIGGER trial_changed
   AFTER UPDATE OF state, started_at, ended_at, value, best_step, step, failure, reason, checkpoint ON trials BEGIN
     UPDATE trials SET changed = coalesce((SELECT version FROM studies WHERE id = new.study_id), 0)
     WHERE study_id = new.study_id AND number = new.number;
   END;`,
];

/** The database's version: the number of steps that it has taken; 0 is an empty file. */
export function schemaVersion(db: Database): number {
  return db.prepare("PRAGMA user_version").pluck().get() as number;
}

/**
 * A DualrateError where the file belongs to another program or to a newer dualrate. Writes nothing. To be called in a
 * transaction: between two looks, another process may create the tables.
 */
export function checkOurs(db: Database, file: string): void {
  const application = db.prepare("PRAGMA application_id").pluck().get();
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  if (application !== APPLICATION_ID && tables > 0) {
    throw new DualrateError("store", `${file} is a database of another program, not dualrate's`, {
      hint: "Give another folder with --results, or move the file away.",
    });
  }
  const version = schemaVersion(db);
  if (version > MIGRATIONS.length) {
    throw new DualrateError(
      "store",
      `${file} has version ${version}, from a newer dualrate; this one reads versions up to ${MIGRATIONS.length}`,
      { hint: "Update dualrate, or give another folder with --results." },
    );
  }
}

/** Brings the database to the newest version: all steps or none, whoever else opens it at the same time. */
export function migrate(db: Database, file: string): void {
  const upgrade = db.transaction(() => {
    checkOurs(db, file);
    for (const step of MIGRATIONS.slice(schemaVersion(db))) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  });
  const isOld = db.transaction(() => {
    checkOurs(db, file);
    return schemaVersion(db) < MIGRATIONS.length;
  });
  if (isOld.deferred()) upgrade.immediate();
}
