// Between the database's rows and the plain data of records.ts. NaN, which SQL does not know, is stored as NULL.
import type {
  FailureKind,
  GroupReport,
  Measurement,
  MetricValues,
  Pause,
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

export function definitionToJson({ sweep, inputs, summary, plannedTrials }: StudyDefinition): string {
  return JSON.stringify({ sweep, inputs, summary, plannedTrials });
}

export function studyFromRow({ id, name, created_at, definition }: StudyRow): StudyRecord {
  const { sweep, inputs, summary, plannedTrials } = JSON.parse(definition) as StudyDefinition;
  return { id, name, createdAt: created_at, sweep, inputs, summary, plannedTrials };
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

export function trialFromRow(row: TrialRow): Trial {
  const { number, replicate, seed, base_lr, lr_ratio, intro_lr } = row;
  const parameters = JSON.parse(row.parameters) as TrialCommon["parameters"];
  const common: TrialCommon = { number, replicate, seed, parameters, rates: { base_lr, lr_ratio, intro_lr } };
  const startedAt = row.started_at ?? 0;
  const times = { startedAt, endedAt: row.ended_at ?? startedAt };
  const reason = row.reason ?? "";
  switch (row.state) {
    case "queued":
      return { ...common, state: "queued" };
    case "running":
      return { ...common, state: "running", startedAt, ...(row.checkpoint !== null && { resumed: pauseOf(row) }) };
    case "paused":
      return { ...common, state: "paused", startedAt, ...pauseOf(row) };
    case "complete":
      return { ...common, ...times, state: "complete", value: row.value ?? Number.NaN, bestStep: row.best_step ?? 0 };
    case "pruned":
      return { ...common, ...times, state: "pruned", step: row.step ?? 0, reason };
    case "failed": {
      const failure = { kind: row.failure ?? "error", message: reason, ...(row.step !== null && { step: row.step }) };
      return { ...common, ...times, state: "failed", failure };
    }
  }
}

function pauseOf({ step, reason, checkpoint }: TrialRow): Pause {
  return { step: step ?? 0, reason: reason ?? "", checkpoint: checkpoint ?? "" };
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
  return JSON.parse(json, (_, value: unknown) => value ?? Number.NaN) as Record<string, GroupReport>;
}

export function eventFromRow({ id, at, kind, trial, message }: EventRow): StudyEvent {
  return { id, at, kind, trial: trial ?? undefined, message };
}
