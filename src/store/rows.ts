// Between the database's rows and the plain data of records.ts. NaN, which SQL does not know, is stored as NULL. A row that cannot
// be what was stored is a damaged database's: its error has SQLite's code for one.
import { createHash } from "node:crypto";
import type {
  FailureKind,
  GroupReport,
  Measurement,
  MetricValues,
  Trial,
  TrialCommon,
  TrialEnd,
} from "../sweep/trial.js";
import type { EventKind, StudyDefinition, StudyEvent, StudyOwner, StudyRecord } from "./records.js";

export interface StudyRow {
  readonly id: number;
  readonly name: string;
  readonly created_at: number;
  readonly definition: string;
  readonly version: number;
  /** Of the definition; null in a study of a version that had none. */
  readonly checksum: string | null;
}

export interface LeaseRow {
  readonly study_id: number;
  readonly host: string;
  readonly pid: number;
  readonly process_started_at: number;
  readonly heartbeat_at: number;
  readonly workers: number;
}

/** Columns that a state does not use are null; the table's CHECK says which. */
export interface TrialRow {
  readonly study_id: number;
  readonly number: number;
  readonly replicate: number;
  readonly seed: number;
  readonly parameters: string;
  readonly base_lr: number;
  readonly lr_ratio: number;
  readonly intro_lr: number;
  readonly state: Trial["state"];
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly value: number | null;
  readonly best_step: number | null;
  readonly step: number | null;
  readonly failure: FailureKind | null;
  readonly reason: string | null;
  readonly checkpoint: string | null;
}

/** The columns of TrialRow but study_id, in the order of trialFromColumns. */
export const TRIAL_COLUMNS =
  "number, replicate, seed, parameters, base_lr, lr_ratio, intro_lr, state, started_at, ended_at, value, best_step, step, " +
  "failure, reason, checkpoint";

type Column<Name extends keyof TrialRow> = TrialRow[Name];
export type TrialColumns = readonly [
  ...[Column<"number">, Column<"replicate">, Column<"seed">, Column<"parameters">],
  ...[Column<"base_lr">, Column<"lr_ratio">, Column<"intro_lr">, Column<"state">],
  ...[Column<"started_at">, Column<"ended_at">, Column<"value">, Column<"best_step">],
  ...[Column<"step">, Column<"failure">, Column<"reason">, Column<"checkpoint">],
];

export interface MeasurementRow {
  readonly study_id: number;
  readonly number: number;
  readonly step: number;
  readonly train_loss: number | null;
  readonly loss: number | null;
  readonly loss_introduced: number | null;
  readonly loss_base: number | null;
  readonly accuracy: number | null;
  readonly f1: number | null;
  readonly seconds: number;
  readonly groups: string;
}

export interface TestRow extends MetricValues {
  readonly study_id: number;
  readonly number: number;
}

export interface EventRow {
  readonly id: number;
  readonly study_id: number;
  readonly at: number;
  readonly kind: EventKind;
  readonly trial: number | null;
  readonly message: string;
}

/** A definition as it is stored. SQLite has no checksums, and a study may lie there for years. */
export function definitionToRow(stated: StudyDefinition): Pick<StudyRow, "definition" | "checksum"> {
  const { sweep, inputs, summary, plannedTrials } = stated;
  const definition = JSON.stringify({ sweep, inputs, summary, plannedTrials });
  return { definition, checksum: checksumOf(definition) };
}

function checksumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function studyFromRow({ id, name, created_at, definition, checksum }: StudyRow): StudyRecord {
  if (checksum !== null && checksum !== checksumOf(definition)) throw damaged(`the definition of study ${id}`);
  const { sweep, inputs, summary, plannedTrials } = parsed<StudyDefinition>(definition);
  if (!sweep?.metric || !inputs || !summary) throw damaged(`the definition of study ${id}`);
  return { id, name, createdAt: created_at, sweep, inputs, summary, plannedTrials };
}

function damaged(what: string): Error {
  return Object.assign(new Error(`${what} is not what was stored`), { code: "SQLITE_CORRUPT" });
}

/** All that is stored as JSON are objects. */
function parsed<Value extends object>(json: string, reviver?: (key: string, value: unknown) => unknown): Value {
  let value: unknown;
  try {
    value = JSON.parse(json, reviver);
  } catch {}
  if (typeof value !== "object" || value === null) throw damaged("a value");
  return value as Value;
}

export function ownerFromRow({ host, pid, process_started_at, heartbeat_at, workers }: LeaseRow): StudyOwner {
  return { host, pid, processStartedAt: process_started_at, heartbeatAt: heartbeat_at, workers };
}

export type NewTrialRow = Pick<
  TrialRow,
  "study_id" | "number" | "replicate" | "seed" | "parameters" | "base_lr" | "lr_ratio" | "intro_lr"
>;

export function trialToRow(study_id: number, trial: TrialCommon): NewTrialRow {
  const { number, replicate, seed, parameters, rates } = trial;
  return { study_id, number, replicate, seed, parameters: JSON.stringify(parameters), ...rates };
}

export function trialFromColumns(columns: TrialColumns): Trial {
  const [number, replicate, seed, json, base_lr, lr_ratio, intro_lr, state, started, ended, value, best, step] =
    columns;
  const parameters = parsed<TrialCommon["parameters"]>(json);
  const rates = { base_lr, lr_ratio, intro_lr };
  const startedAt = started ?? 0;
  const endedAt = ended ?? startedAt;
  const reason = columns[14] ?? "";
  const pause = () => ({ step: step ?? 0, reason, checkpoint: columns[15] ?? "" });
  // A study may have ten thousand: each is one literal, since copies would double the time.
  switch (state) {
    case "queued":
      return { number, replicate, seed, parameters, rates, state };
    case "running": {
      const running = { number, replicate, seed, parameters, rates, state, startedAt };
      return columns[15] === null ? running : { ...running, resumed: pause() };
    }
    case "paused":
      return { number, replicate, seed, parameters, rates, state, startedAt, ...pause() };
    case "complete": {
      const [found, bestStep] = [value ?? Number.NaN, best ?? 0];
      return { number, replicate, seed, parameters, rates, state, startedAt, endedAt, value: found, bestStep };
    }
    case "pruned":
      return { number, replicate, seed, parameters, rates, state, startedAt, endedAt, step: step ?? 0, reason };
    case "failed": {
      const failure = { kind: columns[13] ?? "error", message: reason, ...(step !== null && { step }) };
      return { number, replicate, seed, parameters, rates, state, startedAt, endedAt, failure };
    }
    default:
      throw damaged(`trial ${number}`);
  }
}

export type OutcomeRow = Pick<TrialRow, "state" | "value" | "best_step" | "step" | "failure" | "reason">;

export function outcomeToRow(outcome: TrialEnd): OutcomeRow {
  const empty = { value: null, best_step: null, step: null, failure: null, reason: null };
  switch (outcome.state) {
    case "complete":
      return { ...empty, state: "complete", value: outcome.value, best_step: outcome.bestStep };
    case "pruned":
      return { ...empty, state: "pruned", step: outcome.step, reason: outcome.reason };
    case "failed": {
      const { kind, message, step = null } = outcome.failure;
      return { ...empty, state: "failed", failure: kind, reason: message, step };
    }
  }
}

export function measurementToRow(study_id: number, number: number, measurement: Measurement): MeasurementRow {
  const { step, trainLoss, validation, groups, seconds } = measurement;
  const { loss, loss_introduced, loss_base, accuracy } = validation;
  // Checkpoints from before there was an F1 have measurements without.
  const metrics = { loss, loss_introduced, loss_base, accuracy, f1: validation.f1 ?? null };
  return { study_id, number, step, train_loss: trainLoss, ...metrics, seconds, groups: JSON.stringify(groups) };
}

export function measurementFromRow(row: MeasurementRow): Measurement {
  const { step, train_loss, loss, loss_introduced, loss_base, accuracy, f1, seconds } = row;
  const validation = { loss, loss_introduced, loss_base, accuracy, f1 };
  return { step, trainLoss: train_loss ?? Number.NaN, validation, groups: groupsFromJson(row.groups), seconds };
}

/** JSON writes NaN and infinities as null; all of them come back as NaN. */
function groupsFromJson(json: string): Measurement["groups"] {
  return parsed<Record<string, GroupReport>>(json, (_, value) => value ?? Number.NaN);
}

export function eventFromRow({ id, at, kind, trial, message }: EventRow): StudyEvent {
  return { id, at, kind, trial: trial ?? undefined, message };
}
