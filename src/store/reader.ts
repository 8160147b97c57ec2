// Reads sweeps.db beside its writer: WAL readers see the last whole transaction, wait for nobody and stop nobody.
import type { Database } from "better-sqlite3";
import type { Metric } from "../sweep/settings.js";
import type { Evaluation, Measurement, MetricValues, Trial, TrialProgress } from "../sweep/trial.js";
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
  TRIAL_COLUMNS,
  type TrialColumns,
  trialFromColumns,
} from "./rows.js";

/** Opens `<resultsDir>/sweeps.db` read-only; a DualrateError of code "store" where there is none, or no dualrate one. */
export function openReader(resultsDir: string): StoreReader {
  return new SqliteReader(databaseFile(resultsDir), openForReading(resultsDir));
}

const NEWEST_FIRST = "SELECT * FROM studies ORDER BY created_at DESC, id DESC";

const METRIC_COLUMNS: Readonly<Record<Metric["name"], string>> = {
  loss: "loss",
  loss_introduced: "loss_introduced",
  loss_base: "loss_base",
  accuracy: "accuracy",
  f1: "f1",
};

type ProgressColumns = readonly [number: number, step: number, seconds: number, best: number | null];

/**
 * The last measurement is found by the key; to find the best one, all of a trial's are read. CROSS keeps SQLite from reading all
 * measurements first.
 */
function progressSql(metric?: Metric): string {
  const own = "study_id = t.study_id AND number = t.number";
  return `SELECT t.number, m.step, m.seconds, ${metric ? bestSql(metric, own) : "NULL"}
          FROM trials t CROSS JOIN measurements m ON m.study_id = t.study_id AND m.number = t.number
            AND m.step = (SELECT max(step) FROM measurements WHERE ${own})
          WHERE t.study_id = ?`;
}

function bestSql({ name, goal }: Metric, own: string): string {
  const best = `${goal === "minimize" ? "min" : "max"}(${METRIC_COLUMNS[name]})`;
  return `CASE WHEN t.state IN ('running', 'paused', 'pruned') THEN (SELECT ${best} FROM measurements WHERE ${own}) END`;
}

/** Trials in the order of their numbers, with the newer ones in place of those of the same number. */
function merged(before: readonly Trial[], newer: readonly Trial[]): readonly Trial[] {
  const byNumber = new Map(newer.map((trial) => [trial.number, trial]));
  const kept = before.map((trial) => byNumber.get(trial.number) ?? trial);
  const last = before.at(-1)?.number ?? 0;
  return [...kept, ...newer.filter(({ number }) => number > last)];
}

class SqliteReader implements StoreReader {
  readonly #file: string;
  readonly #db: Database;
  /** The study's version when these trials were read. */
  readonly #versions = new WeakMap<readonly Trial[], number>();

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

  trials(studyId: number, before: readonly Trial[] = []): readonly Trial[] {
    return this.#snapshot(() => {
      const known = this.#versions.get(before);
      const changed = this.#trialsSince(studyId, known ?? -1);
      if (known !== undefined && changed.length === 0) return before;
      const trials = known === undefined ? changed : merged(before, changed);
      this.#versions.set(trials, this.version(studyId));
      return trials;
    });
  }

  #trialsSince(studyId: number, version: number): readonly Trial[] {
    // Without a version before, all of them: the index would only be a detour.
    const which = version < 0 ? "" : "AND changed > ?";
    const sql = `SELECT ${TRIAL_COLUMNS} FROM trials WHERE study_id = ? ${which} ORDER BY number`;
    const bound = version < 0 ? [studyId] : [studyId, version];
    return this.#columns<TrialColumns>(sql, ...bound).map(trialFromColumns);
  }

  measurements(studyId: number): ReadonlyMap<number, readonly Measurement[]> {
    const all = "SELECT * FROM measurements WHERE study_id = ? ORDER BY number, step";
    return this.#snapshot(() => {
      const byTrial = new Map<number, Measurement[]>();
      for (const row of this.#rows<MeasurementRow>(all, studyId)) {
        const known = byTrial.get(row.number) ?? [];
        byTrial.set(row.number, known);
        known.push(measurementFromRow(row));
      }
      return byTrial;
    });
  }

  measurementsOf(studyId: number, number: number): readonly Measurement[] {
    const one = "SELECT * FROM measurements WHERE study_id = ? AND number = ? ORDER BY step";
    return this.#snapshot(() => this.#rows<MeasurementRow>(one, studyId, number).map(measurementFromRow));
  }

  tests(studyId: number): ReadonlyMap<number, MetricValues> {
    const rows = this.#rows<TestRow>("SELECT * FROM tests WHERE study_id = ? ORDER BY number", studyId);
    return new Map(rows.map(({ study_id, number, ...values }) => [number, values]));
  }

  evaluations(studyId: number, { name }: Metric): ReadonlyMap<number, readonly Evaluation[]> {
    // Trial by trial: a million rows in one list would take twice the time and the memory.
    const one = `SELECT step, ${METRIC_COLUMNS[name]} FROM measurements WHERE study_id = ? AND number = ? ORDER BY step`;
    return this.#snapshot(() => {
      const numbers = this.#columns<readonly [number]>("SELECT number FROM trials WHERE study_id = ?", studyId);
      const all = numbers.map(([number]) => {
        const rows = this.#columns<readonly [step: number, value: number | null]>(one, studyId, number);
        return [number, rows.map(([step, value]) => ({ step, validation: { [name]: value } }))] as const;
      });
      return new Map(all.filter(([, evaluations]) => evaluations.length > 0));
    });
  }

  progress(studyId: number, metric?: Metric): ReadonlyMap<number, TrialProgress> {
    const rows = this.#columns<ProgressColumns>(`${progressSql(metric)} ORDER BY t.number`, studyId);
    return new Map(rows.map(([number, step, seconds, best]) => [number, { step, seconds, best }]));
  }

  progressOf(studyId: number, number: number, metric: Metric): TrialProgress | undefined {
    const one = `${progressSql(metric)} AND t.number = ?`;
    const [row] = this.#columns<ProgressColumns>(one, studyId, number);
    return row && { step: row[1], seconds: row[2], best: row[3] };
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

  /** Rows as lists of their columns, which takes a third of the time. */
  #columns<Columns>(sql: string, ...bound: readonly number[]): readonly Columns[] {
    const read = () =>
      this.#db
        .prepare(sql)
        .raw()
        .all(...bound) as Columns[];
    return explained(this.#file, "read", read);
  }

  #rows<Row>(sql: string, ...bound: readonly (string | number)[]): readonly Row[] {
    return explained(this.#file, "read", () => this.#db.prepare<unknown[], Row>(sql).all(...bound));
  }
}
