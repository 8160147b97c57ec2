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

/** A trial in another state has another one. */
type Stamp = readonly [number: number, state: string, startedAt: number | null, endedAt: number | null];
const STAMPS = "SELECT number, state, started_at, ended_at FROM trials WHERE study_id = ? ORDER BY number";

/** Changes with any of them, and is read in a tenth of the time. A text, since the sums pass 2^53. */
const STATE_OF_ALL = `SELECT concat_ws(' ', count(*), sum(state = 'queued'), sum(state = 'running'), sum(state = 'paused'),
  sum(state = 'complete'), sum(state = 'pruned'), sum(started_at), sum(ended_at)) FROM trials WHERE study_id = ?`;

/** With more changes all trials are read at once. */
const MOST_CHANGED = 200;

function isSame([number, state, startedAt, endedAt]: Stamp, trial: Trial | undefined): boolean {
  if (trial?.number !== number || trial.state !== state) return false;
  if (trial.state === "queued") return true;
  return trial.startedAt === startedAt && (!("endedAt" in trial) || trial.endedAt === endedAt);
}

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

class SqliteReader implements StoreReader {
  readonly #file: string;
  readonly #db: Database;
  /** STATE_OF_ALL of the trials that were given out. */
  readonly #states = new WeakMap<readonly Trial[], string>();

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
      const [row] = this.#columns<readonly [state: string]>(STATE_OF_ALL, studyId);
      const state = row?.[0] ?? "";
      if (this.#states.get(before) === state) return before;
      const trials = before.length === 0 ? this.#allTrials(studyId) : this.#changedTrials(studyId, before);
      this.#states.set(trials, state);
      return trials;
    });
  }

  #changedTrials(studyId: number, before: readonly Trial[]): readonly Trial[] {
    const stamps = this.#columns<Stamp>(STAMPS, studyId);
    const changed = stamps.filter((stamp, i) => !isSame(stamp, before[i]));
    if (changed.length > MOST_CHANGED) return this.#allTrials(studyId);
    return stamps.map((stamp, i) => (isSame(stamp, before[i]) ? (before[i] as Trial) : this.#trial(studyId, stamp[0])));
  }

  #allTrials(studyId: number): readonly Trial[] {
    const all = `SELECT ${TRIAL_COLUMNS} FROM trials WHERE study_id = ? ORDER BY number`;
    return this.#columns<TrialColumns>(all, studyId).map(trialFromColumns);
  }

  #trial(studyId: number, number: number): Trial {
    const one = `SELECT ${TRIAL_COLUMNS} FROM trials WHERE study_id = ? AND number = ?`;
    return trialFromColumns(this.#columns<TrialColumns>(one, studyId, number)[0] as TrialColumns);
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
    const rows = this.#columns<ProgressColumns>(progressSql(metric), studyId);
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
