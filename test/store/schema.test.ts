import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { openReader } from "../../src/store/reader.js";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/schema.js";
import { openWriter } from "../../src/store/writer.js";
import { definition, temporaryFolder } from "./fixture.js";

/** A folder whose database was prepared by `set`. */
function folderWith(set: (db: Database.Database) => void): string {
  const folder = temporaryFolder();
  const db = new Database(join(folder, "sweeps.db"));
  set(db);
  db.close();
  return folder;
}

function inspect<Result>(folder: string, look: (db: Database.Database) => Result): Result {
  const db = new Database(join(folder, "sweeps.db"));
  try {
    return look(db);
  } finally {
    db.close();
  }
}

test.each(MIGRATIONS.map((_, version) => version))("a database of version %i is brought to the newest", (version) => {
  const folder = folderWith((db) => {
    for (const step of MIGRATIONS.slice(0, version)) db.exec(step);
    if (version > 0) db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${version}`);
  });
  const writer = openWriter(folder);
  onTestFinished(() => writer.close());
  expect(writer.openStudy(definition()).name).toBe("words");
  expect(
    inspect(folder, (db) =>
      ["user_version", "application_id", "journal_mode"].map((key) => db.pragma(key, { simple: true })),
    ),
  ).toEqual([MIGRATIONS.length, APPLICATION_ID, "wal"]);
});

test.each([
  ["reader", openReader],
  ["writer", openWriter],
])("%s: a database of a newer dualrate is refused and left as it is", (_, open) => {
  const newer = MIGRATIONS.length + 1;
  const folder = folderWith((db) => {
    db.exec("CREATE TABLE studies (id INTEGER)");
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${newer}`);
  });
  expect(() => open(folder)).toThrow(
    expect.objectContaining({
      code: "store",
      message: expect.stringMatching(new RegExp(`version ${newer}, from a newer dualrate`)),
      hint: expect.stringContaining("Update dualrate"),
    }),
  );
  expect(inspect(folder, (db) => db.pragma("user_version", { simple: true }))).toBe(newer);
});

test.each([
  ["reader", openReader],
  ["writer", openWriter],
])("%s: a database of another program is refused and left as it is", (_, open) => {
  const folder = folderWith((db) => db.exec("CREATE TABLE bookmarks (url TEXT)"));
  expect(() => open(folder)).toThrow("another program");
  expect(
    inspect(folder, (db) => [
      db.pragma("journal_mode", { simple: true }),
      db.prepare("SELECT name FROM sqlite_schema").pluck().all(),
    ]),
  ).toEqual(["delete", ["bookmarks"]]);
});

const WRONG_STATES = [
  ["an unknown state", "state = 'lost'"],
  ["queued with a start", "state = 'queued', started_at = 1"],
  ["running without a start", "state = 'running'"],
  ["complete without a value", "state = 'complete', started_at = 1, ended_at = 2, best_step = 1"],
  ["pruned without a reason", "state = 'pruned', started_at = 1, ended_at = 2, step = 1"],
  ["failed without a kind", "state = 'failed', started_at = 1, ended_at = 2, reason = ''"],
] as const;

test.each(WRONG_STATES)("a trial in a wrong state cannot be stored: %s", (_, columns) => {
  const folder = temporaryFolder();
  const writer = openWriter(folder);
  onTestFinished(() => writer.close());
  const { id } = writer.openStudy(definition());
  writer.addTrial(id, {
    number: 1,
    replicate: 0,
    seed: 1,
    parameters: {},
    rates: { base_lr: 1, lr_ratio: 1, intro_lr: 1 },
  });
  expect(() => inspect(folder, (db) => db.exec(`UPDATE trials SET ${columns}`))).toThrow("CHECK constraint failed");
});
