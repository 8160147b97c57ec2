// An executor in memory whose trials do what a test's script says, and that remembers what it was asked to do.
import { DualrateError } from "../../src/errors.js";
import type { Executor, TrialHandlers } from "../../src/runner/executor.js";
import type { TrialJob } from "../../src/runner/protocol.js";
import type { MetricValues, TrialOutcome } from "../../src/sweep/trial.js";

export interface Run {
  readonly job: TrialJob;
  readonly handlers: TrialHandlers;
  /** From 1: which try of its trial this is. */
  readonly attempt: number;
}

export type Script = (run: Run) => TrialOutcome | Promise<TrialOutcome>;

export class FakeExecutor implements Executor {
  readonly slots: number;
  /** Trial numbers in the order of their starts. */
  readonly started: number[] = [];
  readonly jobs: TrialJob[] = [];
  /** The most trials that ran at the same time. */
  peak = 0;
  closed = false;
  readonly #script: Script;
  readonly #giveUp = new Set<(error: Error) => void>();

  constructor(slots: number, script: Script) {
    this.slots = slots;
    this.#script = script;
  }

  prepare(): never {
    throw new Error("a study's inputs are prepared before it runs");
  }

  async run(job: TrialJob, handlers: TrialHandlers): Promise<TrialOutcome> {
    this.started.push(job.trial);
    this.jobs.push(job);
    const attempt = this.started.filter((number) => number === job.trial).length;
    let giveUp: (error: Error) => void = () => {};
    const given = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.#giveUp.add(giveUp);
    this.peak = Math.max(this.peak, this.#giveUp.size);
    try {
      // A real trial never ends before its start has returned.
      const outcome = Promise.resolve().then(() => this.#script({ job, handlers, attempt }));
      return await Promise.race([outcome, given]);
    } finally {
      this.#giveUp.delete(giveUp);
    }
  }

  /** Of the trials that were tested, in their order. */
  readonly tested: TrialJob[] = [];

  async test(job: TrialJob): Promise<MetricValues> {
    this.tested.push(job);
    const loss = job.trial + 0.5;
    return { loss, loss_introduced: null, loss_base: loss, accuracy: 0.5, f1: null };
  }

  async close(now = false): Promise<void> {
    this.closed = true;
    if (now) for (const giveUp of this.#giveUp) giveUp(new DualrateError("interrupted", "the workers were stopped"));
  }
}
