// Opens sweeps.db, for writing or for reading, and turns SQLite's errors into ones that say what to do.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { DualrateError } from "../errors.js";
import { checkOurs, MIGRATIONS, migrate, schemaVersion } from "./schema.js";

/**
 * How long a connection waits for another one's lock, in milliseconds. A transaction takes a fraction of one, but must wait for
 * the disk, which other programs may keep busy for seconds. Well below the limit for heartbeats, which wait too.
 */
const BUSY_TIMEOUT = 30_000;

/** Milliseconds between two tries. */
const RETRY_AFTER = 10;

export function databaseFile(resultsDir: string): string {
  return join(resultsDir, "sweeps.db");
}

/** Opens the folder's database for writing, at the newest version; makes the folder and the file where they are missing. */
export function openForWriting(resultsDir: string): Database.Database {
  const file = databaseFile(resultsDir);
  return explained(file, "write", () => {
    mkdirSync(resultsDir, { recursive: true });
    const db = kept(new Database(file, { timeout: BUSY_TIMEOUT }));
    return closedOnError(db, () => {
      db.transaction(() => checkOurs(db, file)).deferred();
      useWriteAheadLog(db);
      // Survives a killed process. A power cut may cost the last measurements, but not the database.
      db.exec("PRAGMA synchronous = NORMAL");
      db.exec("PRAGMA foreign_keys = ON");
      migrate(db, file);
    });
  });
}

/**
 * So that readers and the writer do not wait for each other. Where another process does the same to a new database, SQLite
 * refuses at once, whatever the timeout is.
 */
function useWriteAheadLog(db: Database.Database): void {
  const until = Date.now() + BUSY_TIMEOUT;
  for (;;) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      const isBusy = error instanceof Error && "code" in error && /^SQLITE_BUSY/.test(String(error.code));
      if (!isBusy || Date.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_AFTER);
    }
  }
}

/** Opens the folder's database read-only. A missing or outdated one is a DualrateError. */
export function openForReading(resultsDir: string): Database.Database {
  const file = databaseFile(resultsDir);
  if (!existsSync(file)) throw noStudies(resultsDir);
  return explained(file, "read", () => {
    const db = kept(new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT }));
    const check = db.transaction(() => {
      checkOurs(db, file);
      const version = schemaVersion(db);
      if (version === 0) throw noStudies(resultsDir);
      if (version < MIGRATIONS.length) throw outdated(file, version);
    });
    return closedOnError(db, () => check.deferred());
  });
}

/** Every connection of this process and its statements. */
const KEPT = new Map<Database.Database, Map<string, Database.Statement>>();

/**
 * Prepares each statement once, and lets neither the connection nor its statements be garbage, closed or not: Node 24.19
 * and later abort the process when they free an object of better-sqlite3 12 (it asks for an environment, and there is
 * none during garbage collection). Version 13 is mended, but ends in a segmentation fault on Node 20. For the same reason
 * nothing here uses `pragma()`, which makes statements of its own.
 */
function kept(db: Database.Database): Database.Database {
  const statements = new Map<string, Database.Statement>();
  KEPT.set(db, statements);
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    return statement;
  }) as typeof db.prepare;
  return db;
}

/** Runs `work` on the database; an error of SQLite or of the file system becomes a DualrateError with a hint. */
export function explained<Result>(file: string, action: "read" | "write", work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (error instanceof DualrateError || !(error instanceof Error) || code === "") throw error;
    const known = EXPLANATIONS.find(({ codes }) => codes.test(code));
    const { reason, hint } = known ?? { reason: error.message, hint: REPORT };
    throw new DualrateError("store", `cannot ${action} ${file}: ${reason} (${code})`, { hint, cause: error });
  }
}

const ELSEWHERE = "Or give another folder with --results.";
const RESTORE =
  "Restore it from a copy, or save what can be read: `sqlite3 sweeps.db .recover | sqlite3 saved.db` in its folder.";
const REPORT =
  "Run it again; if it happens each time, give another folder with --results and keep this one for a report.";
const PERMISSIONS = `Check the permissions of the folder and its files: SQLite writes beside the database even to read it. ${ELSEWHERE}`;

/** By SQLite's or the system's code: what it means, and what to do. */
const EXPLANATIONS: readonly { readonly codes: RegExp; readonly reason: string; readonly hint: string }[] = [
  {
    codes: /^SQLITE_NOTADB/,
    reason: "it is not a SQLite database",
    hint: "Give another folder with --results, or move the file away.",
  },
  { codes: /^SQLITE_CORRUPT/, reason: "it is damaged", hint: `${RESTORE} ${ELSEWHERE}` },
  {
    codes: /^SQLITE_BUSY/,
    reason: "another program has locked it",
    hint: "Close the program that has it open, then run it again.",
  },
  { codes: /^(SQLITE_FULL|ENOSPC|EDQUOT)/, reason: "no space is left on its disk", hint: `Make room. ${ELSEWHERE}` },
  {
    codes: /^(SQLITE_READONLY|SQLITE_PERM|EACCES|EPERM|EROFS)/,
    reason: "no permission to write there",
    hint: PERMISSIONS,
  },
  { codes: /^SQLITE_CANTOPEN/, reason: "it cannot be opened", hint: PERMISSIONS },
  {
    codes: /^(ENOTDIR|EEXIST)/,
    reason: "a part of its path is a file, not a folder",
    hint: "Give another folder with --results.",
  },
  { codes: /^SQLITE_IOERR/, reason: "its disk fails", hint: `Check the disk. ${ELSEWHERE}` },
];

function closedOnError(db: Database.Database, setUp: () => void): Database.Database {
  try {
    setUp();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function noStudies(resultsDir: string): DualrateError {
  return new DualrateError("store", `expected a database of sweeps in ${resultsDir}; there is none`, {
    hint: "Start a sweep with `dualrate run FILE` or `dualrate demo`, or name the folder of an earlier one with --results.",
  });
}

function outdated(file: string, version: number): DualrateError {
  return new DualrateError(
    "store",
    `${file} has version ${version}; this dualrate reads version ${MIGRATIONS.length}`,
    {
      hint: "Run its sweep again with `dualrate run FILE`: that brings the database up to date.",
    },
  );
}
