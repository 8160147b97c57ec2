// Reads sweeps.db beside its writer: WAL readers see the last whole transaction, wait for nobody and stop nobody.
import type { Database } from "better-sqlite3";
import type { Measurement, MetricValues, Trial } from "../sweep/trial.js";
import { databaseFile, explained, openForReading } from "./database.js";
import { isAlive } from "./lease.js";
import type { StoreReader, StudyEvent, StudyOverview, StudyOwner } from "./records.js";
import {
  type EventRow,
  eventFromRow,
  type LeaseRow,
  type MeasurementRow,
  measurementFromRow,
  ownerFromRow,
  type StudyRow,
  studyFromRow,
  type TestRow,
  type TrialRow,
  trialFromRow,
} from "./rows.js";

/** Opens `<resultsDir>/sweeps.db` read-only; a DualrateError of code "store" where there is none, or no dualrate one. */
export function openReader(resultsDir: string): StoreReader {
  return new SqliteReader(databaseFile(resultsDir), openForReading(resultsDir));
}

const NEWEST_FIRST = "SELECT * FROM studies ORDER BY created_at DESC, id DESC";

class SqliteReader implements StoreReader {
  readonly #file: string;
  readonly #db: Database;

  constructor(file: string, db: Database) {
    this.#file = file;
    this.#db = db;
  }

  studies(): readonly StudyOverview[] {
    return this.#snapshot(() => this.#rows<StudyRow>(NEWEST_FIRST).map((row) => this.#overview(row)));
  }

  study(name?: string): StudyOverview | undefined {
    return this.#snapshot(() => {
      const [row] =
        name === undefined
          ? this.#rows<StudyRow>(`${NEWEST_FIRST} LIMIT 1`)
          : this.#rows<StudyRow>("SELECT * FROM studies WHERE name = ?", name);
      return row && this.#overview(row);
    });
  }

  trials(studyId: number): readonly Trial[] {
    return this.#rows<TrialRow>("SELECT * FROM trials WHERE study_id = ? ORDER BY number", studyId).map(trialFromRow);
  }

  measurements(studyId: number): ReadonlyMap<number, readonly Measurement[]> {
    const byTrial = new Map<number, Measurement[]>();
    const all = "SELECT * FROM measurements WHERE study_id = ? ORDER BY number, step";
    for (const row of this.#rows<MeasurementRow>(all, studyId)) {
      const known = byTrial.get(row.number) ?? [];
      byTrial.set(row.number, known);
      known.push(measurementFromRow(row));
    }
    return byTrial;
  }

  measurementsOf(studyId: number, number: number): readonly Measurement[] {
    const one = "SELECT * FROM measurements WHERE study_id = ? AND number = ? ORDER BY step";
    return this.#rows<MeasurementRow>(one, studyId, number).map(measurementFromRow);
  }

  tests(studyId: number): ReadonlyMap<number, MetricValues> {
    const rows = this.#rows<TestRow>("SELECT * FROM tests WHERE study_id = ? ORDER BY number", studyId);
    return new Map(rows.map(({ study_id, number, ...values }) => [number, values]));
  }

  events(studyId: number, afterId = 0): readonly StudyEvent[] {
    const after = "SELECT * FROM events WHERE study_id = ? AND id > ? ORDER BY id";
    return this.#rows<EventRow>(after, studyId, afterId).map(eventFromRow);
  }

  version(studyId: number): number {
    const [row] = this.#rows<Pick<StudyRow, "version">>("SELECT version FROM studies WHERE id = ?", studyId);
    return row?.version ?? 0;
  }

  close(): void {
    this.#db.close();
  }

  #overview(row: StudyRow): StudyOverview {
    const counts = { queued: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 };
    const counted = "SELECT state, count(*) AS n FROM trials WHERE study_id = ? GROUP BY state";
    for (const { state, n } of this.#rows<{ state: Trial["state"]; n: number }>(counted, row.id)) counts[state] = n;
    return { study: studyFromRow(row), counts, owner: this.#livingOwner(row.id) };
  }

  #livingOwner(studyId: number): StudyOwner | undefined {
    const [row] = this.#rows<LeaseRow>("SELECT * FROM leases WHERE study_id = ?", studyId);
    const owner = row && ownerFromRow(row);
    return owner && isAlive(owner, Date.now()) ? owner : undefined;
  }

  /** Several queries on one state of the database. */
  #snapshot<Result>(queries: () => Result): Result {
    return explained(this.#file, "read", () => this.#db.transaction(queries).deferred());
  }

  #rows<Row>(sql: string, ...bound: readonly (string | number)[]): readonly Row[] {
    return explained(this.#file, "read", () => this.#db.prepare<unknown[], Row>(sql).all(...bound));
  }
}
