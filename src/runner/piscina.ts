// The executor on this machine: worker threads from Piscina, inputs in shared memory. The only file that imports Piscina.
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import { DualrateError, errorFromData } from "../errors.js";
import type { InputHashes, PreparedSummary } from "../sweep/inputs.js";
import type { Settings } from "../sweep/settings.js";
import type { TrialOutcome } from "../sweep/trial.js";
import type { SharedInputs } from "../trainer/data/inputs.js";
import type { Executor, TrialHandlers } from "./executor.js";
import type {
  MessageFromWorker,
  MessageToWorker,
  PrepareReply,
  PrepareTask,
  TrainReply,
  TrialJob,
} from "./protocol.js";

export interface PiscinaSettings {
  /** Threads at most; each starts when it is first needed and then stays. */
  readonly workers: number;
  /** Compiled module that exports `prepare` and `train`; for tests. */
  readonly workerFile?: URL;
  /** How long closing at once waits for trials to notice. */
  readonly graceMs?: number;
}

/** A training step or a batch of an evaluation takes seconds at most. */
const GRACE_MS = 20_000;

/** Trials in threads of this process. A trial that throws, or whose thread dies, fails alone. */
export function createPiscinaExecutor(settings: PiscinaSettings): Executor {
  return new PiscinaExecutor(settings);
}

/** Workers run compiled JavaScript; from the TypeScript sources (tests) that lies in dist/. */
function compiledWorker(): URL {
  const compiled = import.meta.url.endsWith(".ts") ? "../../dist/runner/worker.js" : "./worker.js";
  return new URL(compiled, import.meta.url);
}

class PiscinaExecutor implements Executor {
  readonly slots: number;
  readonly #pool: Piscina;
  readonly #inputs = new Map<string, SharedInputs>();
  readonly #tasks = new Set<PendingTask>();
  /** What the threads do, given up or not. */
  readonly #work = new Set<Promise<unknown>>();
  readonly #graceMs: number;
  /** Set to 1, it tells every trial to stop before its next step. */
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #closed = false;

  constructor({ workers, workerFile = compiledWorker(), graceMs = GRACE_MS }: PiscinaSettings) {
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

  async run(job: TrialJob, handlers: TrialHandlers): Promise<TrialOutcome> {
    const inputs = this.#inputs.get(inputsKey(job.inputs));
    if (inputs === undefined)
      throw new DualrateError("internal", "a trial's inputs were not prepared by this executor");
    const { port1, port2 } = new MessageChannel();
    const progress = new Progress(port1, handlers);
    try {
      const reply = await this.#call<TrainReply>("train", { job, inputs, port: port2, stop: this.#stop }, [port2]);
      progress.drain();
      return reply.type === "finished" ? reply.outcome : failed("error", oneLine(reply.error.message));
    } catch (error) {
      if (error instanceof DualrateError) throw error;
      progress.drain();
      return failed("crashed", crashMessage(error, progress.lastStep));
    } finally {
      port1.close();
    }
  }

  async close(now = false): Promise<void> {
    this.#closed = true;
    if (now) this.#breakDown(undefined);
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
  async #call<Reply>(name: "prepare" | "train", task: unknown, transferList: MessagePort[] = []): Promise<Reply> {
    if (this.#closed) throw new DualrateError("worker", "the workers were already closed");
    let giveUp: PendingTask["giveUp"] = () => {};
    const broken = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const work: Promise<Reply> = this.#pool.run(task, { name, transferList });
    this.#work.add(work);
    work.catch(() => {}).finally(() => this.#work.delete(work));
    const reply: Promise<Reply> = Promise.race([work, broken]);
    const pending: PendingTask = { reply, giveUp };
    this.#tasks.add(pending);
    return reply.finally(() => this.#tasks.delete(pending));
  }

  #breakDown(error: Error | undefined): void {
    Atomics.store(this.#stop, 0, 1);
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

/** A trial's measurements, from its port to its handler. */
class Progress {
  lastStep = 0;
  readonly #port: MessagePort;
  readonly #handlers: TrialHandlers;

  constructor(port: MessagePort, handlers: TrialHandlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.on("message", (message: MessageFromWorker) => this.#take(message));
  }

  /** Takes what has arrived but was not handled yet: a task's end may overtake the trial's last messages. */
  drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      this.#take(next.message as MessageFromWorker);
    }
  }

  #take({ measurement, atRung }: MessageFromWorker): void {
    this.lastStep = measurement.step;
    const verdict = this.#handlers.onMeasurement(measurement, atRung);
    const answer: MessageToWorker = { type: "verdict", verdict };
    if (atRung) this.#port.postMessage(answer);
  }
}

function inputsKey({ model, tokenizer, data }: InputHashes): string {
  return `${model} ${tokenizer} ${data}`;
}

function failed(kind: "error" | "crashed", message: string): TrialOutcome {
  return { state: "failed", failure: { kind, message } };
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
