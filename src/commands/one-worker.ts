// For commands that work in a single worker and store nothing: the worker and the signals, from start to end.
import type { LocalExecutor } from "../runner/executor.js";
import { createHostExecutor } from "../runner/host-executor.js";
import { Signals } from "./signals.js";

/** Runs `work`, which returns the exit status, with a worker of its own; a signal stops the worker and decides the status. */
export async function withOneWorker(work: (executor: LocalExecutor) => Promise<number>): Promise<number> {
  const executor = createHostExecutor({ workers: 1 });
  const signals = new Signals(() => void executor.close(true));
  try {
    return await work(executor);
  } catch (error) {
    if (signals.exitStatus !== undefined) return signals.exitStatus;
    throw error;
  } finally {
    await executor.close();
    signals.release();
  }
}
