// The leases that a writer holds: taken, kept alive, looked after in every transaction, given back. A coordinator that was
// suspended while another one took its study over must not change the study any more.
import type { Database } from "better-sqlite3";
import { isAlive, isSameProcess, type ProcessIdentity, thisProcess } from "./lease.js";
import type { StudyOwner } from "./records.js";
import { type LeaseRow, ownerFromRow } from "./rows.js";

/** What came of asking for a lease. */
export type Acquired =
  /** `from`: the dead owner that had not given it back, where there was one. */
  | { readonly kind: "taken"; readonly from: StudyOwner | undefined }
  /** A living process holds it. */
  | { readonly kind: "refused"; readonly owner: StudyOwner };

/** All methods are to be called in a transaction that holds the write lock, or they may read what is no longer so. */
export class HeldLeases {
  readonly #db: Database;
  readonly #me = thisProcess();
  /** Studies whose lease this writer took; another writer of the same process did not. */
  readonly #held = new Set<number>();

  constructor(db: Database) {
    this.#db = db;
  }

  get me(): ProcessIdentity {
    return this.#me;
  }

  get held(): readonly number[] {
    return [...this.#held];
  }

  /** The living owner of the study, where that is another one than this writer. */
  otherOwner(studyId: number): StudyOwner | undefined {
    const owner = this.#owner(studyId);
    return owner && !this.#isMine(studyId, owner) && isAlive(owner, Date.now()) ? owner : undefined;
  }

  acquire(studyId: number, workers: number): Acquired {
    const other = this.otherOwner(studyId);
    if (other) return { kind: "refused", owner: other };
    const before = this.#owner(studyId);
    this.#db
      .prepare("INSERT OR REPLACE INTO leases VALUES (@studyId, @host, @pid, @processStartedAt, @now, @workers)")
      .run({ studyId, ...this.#me, now: Date.now(), workers });
    const from = before && !this.#isMine(studyId, before) ? before : undefined;
    this.#held.add(studyId);
    return { kind: "taken", from };
  }

  /** A sign of life; false where this writer does not hold the lease. */
  beat(studyId: number): boolean {
    const owner = this.#owner(studyId);
    if (owner === undefined || !this.#isMine(studyId, owner)) return false;
    this.#db.prepare("UPDATE leases SET heartbeat_at = ? WHERE study_id = ?").run(Date.now(), studyId);
    return true;
  }

  /** Whether this writer took the lease and has it no more; `to`: who has it now. */
  lost(studyId: number): { readonly to: StudyOwner | undefined } | undefined {
    if (!this.#held.has(studyId)) return undefined;
    const owner = this.#owner(studyId);
    return owner && isSameProcess(owner, this.#me) ? undefined : { to: owner };
  }

  /** The study is gone, and its lease with it. */
  forget(studyId: number): void {
    this.#held.delete(studyId);
  }

  release(studyId: number): void {
    const owner = this.#owner(studyId);
    if (owner && this.#isMine(studyId, owner)) {
      this.#db.prepare("DELETE FROM leases WHERE study_id = ?").run(studyId);
    }
    this.#held.delete(studyId);
  }

  #isMine(studyId: number, owner: StudyOwner): boolean {
    return this.#held.has(studyId) && isSameProcess(owner, this.#me);
  }

  #owner(studyId: number): StudyOwner | undefined {
    const row = this.#db.prepare<[number], LeaseRow>("SELECT * FROM leases WHERE study_id = ?").get(studyId);
    return row && ownerFromRow(row);
  }
}
