// Whether SQLite works here: in a folder as it is, and in a database that is there.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { databaseFile, explained, openForReading, openForWriting } from "./database.js";

const SCRATCH = ".doctor-";

/** Older ones are of a process that was killed, in milliseconds. */
const SCRATCH_AGE = 600_000;

/** SQLite's version and journal in a database that is made in `folder`, read beside its writer, and removed. Throws a DualrateError. */
export function probeFolder(folder: string): { readonly version: string; readonly journal: string } {
  const scratch = explained(folder, "write", () => {
    for (const name of readdirSync(folder).filter((name) => name.startsWith(SCRATCH))) {
      const left = join(folder, name);
      if (Date.now() - statSync(left).mtimeMs > SCRATCH_AGE) rmSync(left, { recursive: true, force: true });
    }
    return mkdtempSync(join(folder, SCRATCH));
  });
  try {
    const writer = openForWriting(scratch);
    try {
      const reader = openForReading(scratch);
      const journal = reader.prepare("PRAGMA journal_mode").pluck().get() as string;
      const version = reader.prepare("SELECT sqlite_version()").pluck().get() as string;
      reader.close();
      return { version, journal };
    } finally {
      writer.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What is wrong inside of the folder's database, the first of it; undefined where there is none. Throws a DualrateError. */
export function databaseFaults(results: string): readonly string[] | undefined {
  const file = databaseFile(results);
  if (!existsSync(file)) return undefined;
  const db = openForReading(results);
  try {
    return explained(file, "read", () => {
      const found = db.prepare("PRAGMA integrity_check(5)").pluck().all() as string[];
      return found.filter((line) => line !== "ok");
    });
  } finally {
    db.close();
  }
}
