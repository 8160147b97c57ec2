// Who holds a study, and whether that process still lives. A coordinator that died must not block its study.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { StudyOwner } from "./records.js";

/** Milliseconds without a heartbeat after which an owner on another host counts as dead. */
export const HEARTBEAT_LIMIT = 90_000;

/** A process, told apart from later ones with the same pid. */
export type ProcessIdentity = Pick<StudyOwner, "host" | "pid" | "processStartedAt">;

export function thisProcess(): ProcessIdentity {
  const { pid } = process;
  return { host: hostname(), pid, processStartedAt: processStatus(pid)?.startedAt ?? 0 };
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.host === b.host && a.pid === b.pid && a.processStartedAt === b.processStartedAt;
}

/**
 * On this host: whether the very process is there, suspended or not. On another, or where the system does not tell when a
 * process started: whether its last heartbeat is recent.
 */
export function isAlive(owner: StudyOwner, now: number): boolean {
  if (owner.host !== hostname()) return isRecent(owner, now);
  const status = processStatus(owner.pid);
  // Another process may have the pid by now.
  if (status === undefined || owner.processStartedAt === 0) return processExists(owner.pid) && isRecent(owner, now);
  return !status.ended && status.startedAt === owner.processStartedAt;
}

/** A heartbeat far in the future was written before a clock was put back: it would keep a dead owner alive until then. */
function isRecent({ heartbeatAt }: StudyOwner, now: number): boolean {
  return Math.abs(now - heartbeatAt) < HEARTBEAT_LIMIT;
}

/** From /proc/PID/stat (proc(5)): field 3 is the state, field 22 the start in clock ticks after boot. */
function processStatus(pid: number): { readonly startedAt: number; readonly ended: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2, the program's name, is in parentheses and may hold anything; the third field follows the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { startedAt: Number(fields[22 - 3]), ended: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return undefined; // No such process, or a system without /proc.
  }
}

/** Whether this host has a process of that number, whichever it is. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
