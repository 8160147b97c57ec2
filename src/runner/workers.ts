// How many workers a study gets when nobody said: what cores, memory and the plan allow.
import { availableParallelism, freemem, totalmem } from "node:os";
import { DualrateError } from "../errors.js";
import type { PreparedSummary } from "../sweep/inputs.js";

/** What a machine can give. */
export interface Machine {
  readonly cores: number;
  /** Bytes that new allocations may take. */
  readonly memory: number;
}

/** The share of the free memory that workers may take; the rest is for the file cache and for other programs. */
const MEMORY_SHARE = 0.8;

/** Cores and free memory of this machine, or of the container around this process. */
export function thisMachine(): Machine {
  // Without a limit, constrainedMemory is 0 or far above the machine's own memory. process.availableMemory() counts the
  // file cache of a container as taken, so the limit less our own use is nearer to what can be had.
  const limit = process.constrainedMemory();
  const limited = limit > 0 && limit < totalmem();
  const memory = limited ? Math.min(freemem(), limit - process.memoryUsage.rss()) : freemem();
  return { cores: availableParallelism(), memory };
}

/** Workers for a study that plans `trials` (undefined: no known end), at least 1. */
export function defaultWorkers(
  summary: Pick<PreparedSummary, "workerBytes">,
  trials: number | undefined,
  machine: Machine = thisMachine(),
): number {
  const byMemory = Math.floor((MEMORY_SHARE * machine.memory) / Math.max(1, summary.workerBytes));
  return Math.max(1, Math.min(machine.cores, byMemory, trials ?? Number.POSITIVE_INFINITY));
}

/**
 * Throws a DualrateError of code "memory" where so many workers cannot fit into the memory that is free: a program that
 * the system kills for it says nothing.
 */
export function checkMemory(
  { workerBytes }: Pick<PreparedSummary, "workerBytes">,
  workers: number,
  { memory }: Pick<Machine, "memory"> = thisMachine(),
): void {
  if (workers * workerBytes <= memory) return;
  const gigabytes = (bytes: number) => `${(Math.max(0, bytes) / 1e9).toPrecision(2)} GB`;
  const each = workers === 1 ? "a trial needs" : `${workers} trials at once need`;
  const fitting = Math.floor(memory / workerBytes);
  const fewer = fitting > 0 ? `Use --workers ${fitting}, or lower` : "Lower";
  throw new DualrateError(
    "memory",
    `${each} about ${gigabytes(workers * workerBytes)} of memory; ${gigabytes(memory)} are free`,
    { hint: `${fewer} batch_size, eval_batch_size or max_length; --overcommit starts all the same.` },
  );
}
