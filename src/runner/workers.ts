// How many workers a study gets when nobody said: what cores, memory and the plan allow.
import { availableParallelism, freemem, totalmem } from "node:os";
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
