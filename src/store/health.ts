// Whether SQLite works here: in a folder as it is, and in a database that is there.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { databaseFile, explained, openForReading, openForWriting } from "./database.js";

/** SQLite's version and journal in a database that is made in `folder`, read beside its writer, and removed. Throws a DualrateError. */
export function probeFolder(folder: string): { readonly version: string; readonly journal: string } {
  const scratch = explained(folder, "write", () => mkdtempSync(join(folder, ".doctor-")));
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
