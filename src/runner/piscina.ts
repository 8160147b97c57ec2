// Worker threads from Piscina, with inputs in shared memory: what runs in a host's process. The only file that imports Piscina.
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import { DualrateError, errorFromData } from "../errors.js";
import type { Calibration } from "../sweep/calibration.js";
import type { PreparedSummary } from "../sweep/inputs.js";
import type { Settings } from "../sweep/settings.js";
import type { MetricValues, TrialOutcome, Verdict } from "../sweep/trial.js";
import type { SharedInputs } from "../trainer/data/inputs.js";
import { compiledModule } from "./compiled.js";
import type { LocalExecutor, TrialHandlers } from "./executor.js";
import {
  ABANDON,
  type CalibrateReply,
  type ExportReply,
  type ExportRequest,
  inputsKey,
  type MessageFromWorker,
  type MessageToWorker,
  type PrepareReply,
  type PrepareTask,
  STOP,
  type StartRequest,
  type TestReply,
  type TrainReply,
  type TrialJob,
} from "./protocol.js";

export interface PiscinaSettings {
  /** Threads at most; each starts when it is first needed and then stays. */
  readonly workers: number;
  /** Compiled module that exports `prepare` and `train`; for tests. */
  readonly workerFile?: URL;
  /** How long trials have to notice that they are to stop: those that are closed at once, or are past their time limit. */
  readonly graceMs?: number;
}

/** A training step or a batch of an evaluation takes seconds at most. */
const GRACE_MS = 20_000;

/** Handlers in another process, whose verdicts take a while. */
export interface RemoteHandlers extends Pick<TrialHandlers, "onNotice"> {
  readonly onMeasurement: (...measured: Parameters<TrialHandlers["onMeasurement"]>) => Verdict | Promise<Verdict>;
}

export interface ThreadExecutor extends LocalExecutor {
  run(job: TrialJob, handlers: RemoteHandlers): Promise<TrialOutcome>;
}

/** Trials in threads of this process. A trial that throws, or whose thread dies, fails alone. */
export function createPiscinaExecutor(settings: PiscinaSettings): ThreadExecutor {
  return new PiscinaExecutor(settings);
}

class PiscinaExecutor implements ThreadExecutor {
  readonly slots: number;
  readonly #pool: Piscina;
  readonly #inputs = new Map<string, SharedInputs>();
  readonly #tasks = new Set<PendingTask>();
  /** What the threads do, given up or not. */
  readonly #work = new Set<Promise<unknown>>();
  readonly #graceMs: number;
  /** Those of the trials that run. */
  readonly #limits = new Set<TimeLimit>();
  #closed = false;

  constructor({ workers, workerFile = compiledModule("worker.js"), graceMs = GRACE_MS }: PiscinaSettings) {
    this.slots = workers;
    this.#graceMs = graceMs;
    this.#pool = new Piscina({
      filename: fileURLToPath(workerFile),
      name: "train",
      minThreads: 1,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    });
    // A task waits only while a thread starts, so an error beside a waiting task means that threads cannot start.
    this.#pool.on("error", (error) => this.#pool.queueSize > 0 && this.#breakDown(error));
  }

  async prepare(settings: Settings, seed: number): Promise<PreparedSummary> {
    const task: PrepareTask = { settings, seed };
    const reply = await this.#call<PrepareReply>("prepare", task).catch((error: unknown) => {
      throw error instanceof DualrateError ? error : lostWhilePreparing(error);
    });
    if (reply.type === "broken") throw errorFromData(reply.error);
    this.#inputs.set(inputsKey(reply.summary.hashes), reply.inputs);
    return reply.summary;
  }

  async run(job: TrialJob, handlers: RemoteHandlers): Promise<TrialOutcome> {
    const inputs = this.#inputsOf(job);
    const { port1, port2 } = new MessageChannel();
    const progress = new Progress(port1, handlers);
    const limit = new TimeLimit(job.settings.trainer.maxTrialMinutes, this.#graceMs);
    this.#limits.add(limit);
    try {
      const task = { job, inputs, port: port2, stop: limit.stop };
      const reply = await this.#call<TrainReply>("train", task, [port2], limit.signal);
      progress.drain();
      if (reply.type === "finished") return reply.outcome;
      // A full disk would fail all other trials too; this one goes on from its checkpoint when there is room.
      if (reply.error.code === "store") throw errorFromData(reply.error);
      return limit.isOver ? timedOut(limit, progress.lastStep) : failed("error", oneLine(reply.error.message));
    } catch (error) {
      if (error instanceof DualrateError) throw error;
      progress.drain();
      if (limit.isOver) return timedOut(limit, progress.lastStep);
      return failed("crashed", crashMessage(error, progress.lastStep));
    } finally {
      limit.clear();
      this.#limits.delete(limit);
      port1.close();
    }
  }

  async test(job: TrialJob): Promise<MetricValues> {
    return (await this.#ask<TestReply>("test", { job })).values;
  }

  async exportModel(request: ExportRequest): Promise<void> {
    await this.#ask<ExportReply>("exportModel", request);
  }

  async exportStart(request: StartRequest): Promise<void> {
    await this.#ask<ExportReply>("exportStart", request);
  }

  async calibrate(job: TrialJob): Promise<Calibration> {
    return (await this.#ask<CalibrateReply>("calibrate", { job })).calibration;
  }

  /** A task about one job, on its inputs; rejects with the error that its worker met. */
  async #ask<Reply extends ExportReply | CalibrateReply | TestReply>(
    name: "exportModel" | "exportStart" | "calibrate" | "test",
    request: { readonly job: TrialJob },
  ): Promise<Exclude<Reply, { type: "broken" }>> {
    const reply = await this.#call<Reply>(name, { ...request, inputs: this.#inputsOf(request.job) });
    if (reply.type === "broken") throw errorFromData(reply.error);
    return reply as Exclude<Reply, { type: "broken" }>;
  }

  #inputsOf(job: TrialJob): SharedInputs {
    const inputs = this.#inputs.get(inputsKey(job.inputs));
    if (inputs) return inputs;
    throw new DualrateError("internal", "a trial's inputs were not prepared by this executor");
  }

  async close(now = false, abandon = false): Promise<void> {
    this.#closed = true;
    if (now) this.#breakDown(undefined, abandon ? ABANDON : STOP);
    await Promise.allSettled([...this.#tasks].map((task) => task.reply));
    await this.#idle();
    await this.#pool.destroy();
  }

  /**
   * Waits, for a while, until no thread works: ending a thread inside of ONNX Runtime's native code aborts the process
   * (its binding throws into an environment that is gone).
   */
  async #idle(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, this.#graceMs);
    });
    await Promise.race([Promise.allSettled(this.#work), grace]);
    clearTimeout(timer);
  }

  /** One task in the pool. Rejects with a DualrateError when the executor is broken or closed, else as Piscina does. */
  async #call<Reply>(
    name: "prepare" | "train" | "test" | "exportModel" | "exportStart" | "calibrate",
    task: unknown,
    transferList: MessagePort[] = [],
    signal: AbortSignal | null = null,
  ): Promise<Reply> {
    if (this.#closed) throw new DualrateError("worker", "the workers were already closed");
    let giveUp: PendingTask["giveUp"] = () => {};
    const broken = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const work: Promise<Reply> = this.#pool.run(task, { name, transferList, signal });
    this.#work.add(work);
    work.catch(() => {}).finally(() => this.#work.delete(work));
    const reply: Promise<Reply> = Promise.race([work, broken]);
    const pending: PendingTask = { reply, giveUp };
    this.#tasks.add(pending);
    return reply.finally(() => this.#tasks.delete(pending));
  }

  #breakDown(error: Error | undefined, how = STOP): void {
    for (const { stop } of this.#limits) Atomics.store(stop, 0, how);
    const reason = error
      ? new DualrateError("worker", `worker threads cannot start: ${error.message}`, {
          hint: "Build the project with `npm run build`, or install it again.",
          cause: error,
        })
      : new DualrateError("interrupted", "the workers were stopped");
    for (const task of [...this.#tasks]) task.giveUp(reason);
  }
}

interface PendingTask {
  readonly reply: Promise<unknown>;
  /** Makes the task reject, whatever its worker does. */
  readonly giveUp: (error: DualrateError) => void;
}

/**
 * The time that a trial may take. Once it is over the trial is told to stop, and if it does not, its thread is ended:
 * late, since a thread that still computes would take the process with it (see `#idle`).
 */
class TimeLimit {
  readonly minutes: number;
  /** Over shared memory: set to STOP or ABANDON, it tells the trial to stop before its next step. */
  readonly stop = new Int32Array(new SharedArrayBuffer(4));
  /** Whether the trial was told to stop for its time. */
  isOver = false;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(minutes: number | undefined, graceMs: number) {
    this.minutes = minutes ?? Number.POSITIVE_INFINITY;
    this.#after(60_000 * this.minutes, () => {
      this.isOver = true;
      Atomics.store(this.stop, 0, STOP);
      this.#after(graceMs, () => this.#abort.abort());
    });
  }

  /** Aborts when the trial has not stopped by itself. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  /** Timers take at most 2^31 - 1 milliseconds; longer times, of 24 days, are no limit. */
  #after(milliseconds: number, then: () => void): void {
    if (milliseconds < 2 ** 31) this.#timer = setTimeout(then, milliseconds);
  }
}

/** A trial's measurements, from its port to its handler. */
class Progress {
  lastStep = 0;
  readonly #port: MessagePort;
  readonly #handlers: RemoteHandlers;

  constructor(port: MessagePort, handlers: RemoteHandlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.on("message", (message: MessageFromWorker) => void this.#take(message));
  }

  /** Takes what has arrived but was not handled yet: a task's end may overtake the trial's last messages. */
  drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      void this.#take(next.message as MessageFromWorker);
    }
  }

  async #take(message: MessageFromWorker): Promise<void> {
    if (message.type === "notice") {
      this.#handlers.onNotice?.(message.notice);
      return;
    }
    const { measurement, atRung } = message;
    this.lastStep = measurement.step;
    const verdict = await this.#handlers.onMeasurement(measurement, atRung);
    const answer: MessageToWorker = { type: "verdict", verdict };
    this.#port.postMessage(answer);
  }
}

function failed(kind: "error" | "crashed" | "timeout", message: string): TrialOutcome {
  return { state: "failed", failure: { kind, message } };
}

function timedOut({ minutes, signal }: TimeLimit, lastStep: number): TrialOutcome {
  const until = lastStep > 0 ? `its last evaluation was at step ${lastStep}` : "it had no evaluation yet";
  const hung = signal.aborted ? "; it did not stop when told to, so its thread was ended" : "";
  return failed("timeout", `it took longer than max_trial_minutes (${minutes}): ${until}${hung}`);
}

/** An unexpected error's stack as one line: the message and the place it came from. */
function oneLine(message: string): string {
  const [first = "", ...stack] = message.split("\n");
  const frame = stack.find((line) => /^\s+at /.test(line))?.trim();
  return frame ? `${first} (${frame.replace(/[^\s(]*\//, "")})` : first;
}

function crashMessage(error: unknown, lastStep: number): string {
  const when = lastStep > 0 ? `after step ${lastStep}` : "before its first evaluation";
  return `its worker was lost ${when}: ${reasonOf(error)}`;
}

function lostWhilePreparing(error: unknown): DualrateError {
  return new DualrateError("worker", `the worker was lost while it prepared the inputs: ${reasonOf(error)}`, {
    hint: "Run it again; if it happens each time, the model may be too large for this machine's memory.",
    cause: error,
  });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return "out of memory (JavaScript heap)";
  if (!(error instanceof Error)) return String(error);
  // Piscina's own word for a thread that ended; where in Piscina it was said is of no use.
  return error.message.startsWith("worker exited") ? `${error}` : oneLine(error.stack ?? error.message);
}
