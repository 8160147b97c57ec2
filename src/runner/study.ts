// The ask/tell loop of one study: asks the sampler for trials, keeps the executor's slots full, and stores whatever they
// report at once, so that a study goes on from the database whenever and however it was stopped.
import { DualrateError, messageOf } from "../errors.js";
import type { Pruner, Sampler } from "../planner/sampler.js";
import { createStudyPlan, type StudyPlan } from "../planner/study-plan.js";
import type { EventKind, StoreReader, StoreWriter, StudyRecord } from "../store/records.js";
import { resolveRates, tokensAfter, totalSteps } from "../sweep/resolve.js";
import {
  type FailureReason,
  type Measurement,
  mayGoBetter,
  type Pause,
  type TrialCommon,
  type TrialEnd,
  type TrialOutcome,
  trialSeed,
  type Verdict,
} from "../sweep/trial.js";
import type { Notice } from "../trainer/progress.js";
import { type Costs, spentBudget, timeOfRuns } from "./budget.js";
import type { Executor } from "./executor.js";
import { jobOf } from "./job.js";
import { Ledger } from "./ledger.js";
import type { TrialJob } from "./protocol.js";
import type { StopSignal } from "./stop.js";
import { cutOffText, endText, type StudyEnd, startText } from "./study-text.js";
import { beforeTest, testWinner } from "./test-split.js";
import type { TrialFiles } from "./trial-files.js";

export type { StudyEnd } from "./study-text.js";

export interface StudyOptions {
  readonly study: StudyRecord;
  /** Failed trials that were put back for this run; its log tells them. */
  readonly retried?: readonly number[];
  readonly sampler: Sampler;
  readonly pruner: Pruner;
  /** Has prepared the study's inputs. */
  readonly executor: Executor;
  /** Holds the study's lease. */
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly files: TrialFiles;
  readonly stop: StopSignal;
}

const HEARTBEAT_EVERY = 10_000; // milliseconds

/** So many failures without a trial that works between them point to the machine or the program, not to configurations. */
const FAILURES_IN_A_ROW = 5;

/**
 * Runs the study from what is stored to its end, or until `stop` says so; on `now` it closes the executor. Rejects where
 * the store or the executor fails as a whole, or the lease is lost: the executor is closed, and the trials that ran stay
 * as they are stored, for the next run to begin again.
 */
export async function runStudy(options: StudyOptions): Promise<StudyEnd> {
  const { study, writer, reader, executor, files } = options;
  const requeued = writer.requeueRunning(study.id);
  const ledger = new Ledger(study, writer, reader);
  files.clear(ledger.trials, study.sweep.metric.goal, beforeTest(study, ledger.trials));
  const earlier = timeOfRuns(reader.events(study.id), ledger.trials);
  const begun = startText(study, ledger, executor.slots, requeued);
  writer.logEvent(study.id, "study", begun);
  for (const number of options.retried ?? []) {
    writer.logEvent(study.id, "trial", `trial ${number} had failed, and is put back`, number);
  }
  for (const number of requeued) writer.logEvent(study.id, "trial", cutOffText(ledger.trial(number)), number);
  return new StudyRun(options, ledger, earlier).run();
}

const DECISIONS = { continue: "goes on", stop: "is stopped early", pause: "is paused" } as const;

interface NextTrial {
  readonly trial: TrialCommon;
  /** Why it goes on, where it was paused. */
  readonly promoted?: string;
}

class StudyRun {
  readonly #options: StudyOptions;
  readonly #ledger: Ledger;
  readonly #plan: StudyPlan;
  readonly #running = new Set<number>();
  #planned: number | undefined;
  /** Trials that crashed or timed out once and got their second try. */
  readonly #retried = new Set<number>();
  readonly #failuresInARow: FailureReason[] = [];
  /** The error that ends the run, where there is one; nothing is stored after it. */
  #broken: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  /** When the runs would have begun, had they been one; on the clock that nobody puts back. */
  readonly #begunAt: number;

  /** `earlier`: milliseconds that earlier runs took. */
  constructor(options: StudyOptions, ledger: Ledger, earlier: number) {
    this.#begunAt = performance.now() - earlier;
    this.#options = options;
    this.#ledger = ledger;
    this.#planned = options.study.plannedTrials;
    this.#plan = createStudyPlan(options.study.sweep, options.sampler);
  }

  async run(): Promise<StudyEnd> {
    const { study, writer, stop } = this.#options;
    const unsubscribe = stop.onChange(() => this.#stopChanged());
    const heartbeat = setInterval(() => this.#guarded(() => writer.heartbeat(study.id)), HEARTBEAT_EVERY);
    heartbeat.unref();
    try {
      this.#stopChanged();
      await this.#loop();
      if (!this.#broken && this.#endReason() === "finished") await this.#test();
      if (this.#broken) {
        this.#logBroken(this.#broken.error);
        throw this.#broken.error;
      }
      return this.#studyEnd();
    } finally {
      clearInterval(heartbeat);
      unsubscribe();
    }
  }

  async #loop(): Promise<void> {
    for (;;) {
      this.#guarded(() => this.#fillSlots());
      if (this.#running.size === 0 && !this.#waitsPaused()) {
        // The finals may begin once no trial is paused.
        if (this.#endsPaused()) continue;
        return;
      }
      // Nothing since the slots were filled gave way to other code, so no change was missed.
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #test(): Promise<void> {
    try {
      await testWinner(this.#options);
    } catch (error) {
      if (this.#options.stop.level !== "now") this.#break(error);
    }
  }

  #fillSlots(): void {
    const { executor, stop } = this.#options;
    while (this.#mayStart() && !stop.paused && this.#running.size < executor.slots) {
      const next = this.#next();
      if (next === undefined) return;
      const { number, resumed } = this.#ledger.start(next.trial);
      if (next.promoted) this.#log("trial", `trial ${number} is taken up again: ${next.promoted}`, number);
      this.#running.add(number);
      this.#countPlanned();
      void this.#follow(next.trial, resumed);
    }
  }

  #mayStart(): boolean {
    return this.#options.stop.level === "none" && !this.#broken && this.#failuresInARow.length < FAILURES_IN_A_ROW;
  }

  #waitsPaused(): boolean {
    return this.#options.stop.paused && this.#mayStart() && this.#next() !== undefined;
  }

  /** The trial to run next; undefined where none is left, or no budget for it. Changes nothing. */
  #next(): NextTrial | undefined {
    return this.#spent() === undefined ? this.#left() : undefined;
  }

  #left(): NextTrial | undefined {
    if (this.#ledger.nextQueued) return { trial: this.#ledger.nextQueued };
    const { study, pruner } = this.#options;
    // A large study's standings take a while to read.
    const promotion = this.#ledger.paused.length > 0 ? pruner.promote?.(this.#ledger.standings()) : undefined;
    if (promotion) return { trial: this.#ledger.trial(promotion.number), promoted: promotion.reason };
    const { seed, settings } = study.sweep;
    const planned = this.#plan.next(this.#ledger.history(), this.#ledger.trials);
    if (planned === undefined) return undefined;
    const { parameters, replicate } = planned;
    const rates = resolveRates({ ...settings.fixed, ...parameters });
    const trial = { number: this.#ledger.nextNumber, replicate, seed: trialSeed(seed, replicate), parameters, rates };
    return { trial };
  }

  /** How many trials the finals take is known when they begin; those that a person adds come on top. */
  #countPlanned(): void {
    const { study, writer } = this.#options;
    const total = this.#plan.total(this.#ledger.history(), this.#ledger.trials);
    if (total !== undefined && total !== this.#planned) writer.planTrials(study.id, total);
    this.#planned = total;
  }

  /** Which budget is spent, in words. */
  #spent(): string | undefined {
    const { sweep, summary } = this.#options.study;
    const costs: Costs = {
      stepsOf: (parameters) => totalSteps(sweep.settings, parameters, summary.trainExamples),
      tokensOf: (parameters, steps) => tokensAfter(steps, sweep.settings, parameters, summary),
    };
    return (
      sweep.budget && spentBudget(sweep.budget, this.#ledger.lastSteps(), costs, performance.now() - this.#begunAt)
    );
  }

  /** Sees one trial to its end. Never rejects. */
  async #follow(trial: TrialCommon, resumed: Pause | undefined): Promise<void> {
    const { study, executor, pruner, stop, files } = this.#options;
    const { number } = trial;
    const onNotice = ({ kind, message }: Notice) =>
      this.#guarded(() => this.#log(kind, `trial ${number} ${message}`, number));
    const onMeasurement = (measurement: Measurement, atRung: boolean) => this.#measured(number, measurement, atRung);
    try {
      const kept = { checkpoint: files.checkpoint(number), weights: files.weights(number) };
      const after = resumed && { after: resumed.step };
      // A later seed is run to say how good its configuration is, whatever that is.
      const rungs = trial.replicate === 0 ? pruner.rungs : [];
      const job: TrialJob = { ...jobOf(study, trial), ...kept, ...after, rungs };
      const outcome = await executor.run(job, { onMeasurement, onNotice });
      this.#guarded(() => this.#ended(number, outcome));
    } catch (error) {
      if (stop.level === "now") this.#guarded(() => this.#putBack(number));
      else this.#break(error);
    } finally {
      this.#running.delete(number);
      this.#wake();
    }
  }

  /** Stores a measurement, and judges its trial at a rung. */
  #measured(number: number, measurement: Measurement, atRung: boolean): Verdict {
    let verdict: Verdict = { action: "continue" };
    this.#guarded(() => {
      this.#ledger.record(number, measurement);
      if (!atRung) return;
      verdict = this.#options.pruner.judge(...this.#ledger.standing(number));
      if (verdict.reason === undefined) return;
      this.#log(
        "trial",
        `trial ${number} ${DECISIONS[verdict.action]} at step ${measurement.step}: ${verdict.reason}`,
        number,
      );
    });
    return verdict;
  }

  #ended(number: number, outcome: TrialOutcome): void {
    if (outcome.state === "failed" && mayGoBetter(outcome.failure)) this.#failuresInARow.push(outcome.failure);
    else this.#failuresInARow.length = 0;
    if (outcome.state === "failed") this.#failed(number, outcome.failure);
    else if (outcome.state === "paused") this.#pause(number, outcome);
    else this.#end(number, outcome);
    this.#giveUp();
  }

  /** Ends paused trials that will not be promoted, so that their files go. */
  #giveUp(): void {
    if (this.#ledger.paused.length === 0) return;
    const { pruner } = this.#options;
    const given = pruner.giveUp?.(this.#ledger.standings(), this.#plan.searched(this.#ledger.trials)) ?? [];
    for (const { number, reason } of given) {
      const trial = this.#ledger.trial(number);
      if (trial.state === "paused") this.#end(number, { state: "pruned", step: trial.step, reason });
    }
  }

  /** Its files stay: it goes on from its checkpoint, and its best evaluation may have been before. */
  #pause(number: number, { step, reason }: Omit<Pause, "checkpoint">): void {
    this.#ledger.pause(number, { step, reason, checkpoint: this.#options.files.checkpoint(number) });
  }

  /** Once nothing is left to run, no paused trial will be promoted any more. */
  #endsPaused(): boolean {
    const { paused } = this.#ledger;
    if (this.#broken || this.#failuresInARow.length >= FAILURES_IN_A_ROW || paused.length === 0) return false;
    this.#guarded(() => {
      if (this.#left() !== undefined) return;
      for (const { number, step, reason } of paused) {
        this.#end(number, { state: "pruned", step, reason: `${reason}; nor was it among them later` });
      }
    });
    return this.#ledger.paused.length === 0;
  }

  #end(number: number, outcome: TrialEnd): void {
    this.#ledger.end(number, outcome);
    const { study, files } = this.#options;
    const { trials } = this.#ledger;
    files.clear(trials, study.sweep.metric.goal, beforeTest(study, trials));
  }

  /** A crash or a slow run may be bad luck, such as memory that another program took, and gets one more try at once. */
  #failed(number: number, failure: FailureReason): void {
    const { kind, message } = failure;
    if ((kind === "crashed" || kind === "timeout") && !this.#retried.has(number)) {
      this.#retried.add(number);
      this.#ledger.requeue(number);
      const what = kind === "crashed" ? "crashed" : "timed out";
      this.#log("warning", `trial ${number} ${what} and is tried once more: ${message}`, number);
      return;
    }
    this.#end(number, { state: "failed", failure });
    this.#log(kind === "diverged" ? "trial" : "error", `trial ${number} failed (${kind}): ${message}`, number);
  }

  #putBack(number: number): void {
    this.#ledger.requeue(number);
    this.#log("trial", `trial ${number} is put back: the run was stopped at once`, number);
  }

  #stopChanged(): void {
    if (this.#options.stop.level === "now") this.#closeExecutor();
    this.#wake();
  }

  /** Runs `step` unless the run is broken; an error breaks it. */
  #guarded(step: () => void): void {
    if (this.#broken) return;
    try {
      step();
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    if (this.#broken) return;
    this.#broken = { error };
    this.#closeExecutor(isLeaseLost(error));
    this.#wake();
  }

  /** Makes the running trials reject; the loop waits for that. `abandon`: their files are another process's. */
  #closeExecutor(abandon = false): void {
    this.#options.executor.close(true, abandon).catch((error: unknown) => {
      this.#broken ??= { error };
    });
  }

  #studyEnd(): StudyEnd {
    this.#countPlanned();
    const counts = this.#ledger.counts();
    const reason = this.#endReason();
    const message = endText(reason, counts, this.#failuresInARow, this.#spent() ?? "");
    this.#log(reason === "failures" ? "error" : "study", message);
    return { reason, message, ...counts };
  }

  #endReason(): StudyEnd["reason"] {
    if (this.#failuresInARow.length >= FAILURES_IN_A_ROW) return "failures";
    if (this.#left() === undefined) return "finished";
    if (this.#spent() !== undefined) return "budget";
    return this.#options.stop.level === "now" ? "stopped" : "drained";
  }

  /** The error itself may be that nothing can be stored. */
  #logBroken(error: unknown): void {
    const [what] = messageOf(error).split("\n");
    try {
      if (!isLeaseLost(error)) this.#log("error", `the run ended with an error: ${what}`);
    } catch {}
  }

  #log(kind: EventKind, message: string, trial?: number): void {
    this.#options.writer.logEvent(this.#options.study.id, kind, message, trial);
  }
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof DualrateError && error.code === "lease";
}
