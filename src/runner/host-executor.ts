// The executor of this program: the worker threads live in a process of their own, the host. A native crash, or memory that runs
// out, ends the host and not the study, its dashboard and its database; another host takes its place.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DualrateError, errorFromData } from "../errors.js";
import type { Calibration } from "../sweep/calibration.js";
import type { InputHashes, PreparedSummary } from "../sweep/inputs.js";
import type { Settings } from "../sweep/settings.js";
import type { Measurement, MetricValues, TrialOutcome } from "../sweep/trial.js";
import { compiledModule } from "./compiled.js";
import type { LocalExecutor, TrialHandlers } from "./executor.js";
import {
  type ExportRequest,
  type HostRequest,
  inputsKey,
  type MessageFromHost,
  type MessageToHost,
  type StartRequest,
  type TrialJob,
} from "./protocol.js";

export interface HostSettings {
  /** Threads at most; each starts when it is first needed and then stays. */
  readonly workers: number;
  /** What the threads run; for tests. */
  readonly workerFile?: URL;
}

/** Trials in threads of another process. One that crashes its process fails alone. */
export function createHostExecutor(settings: HostSettings): LocalExecutor {
  return new HostExecutor(settings);
}

/**
 * glibc reads these when a process starts. By them it keeps what a training step frees for the next step: it would give the
 * pages back to the kernel and fault them in anew, a twentieth of a step's time.
 */
export const HOST_ENVIRONMENT = {
  MALLOC_TRIM_THRESHOLD_: "4294967296",
  MALLOC_MMAP_THRESHOLD_: "33554432",
};

class HostExecutor implements LocalExecutor {
  readonly slots: number;
  readonly #settings: HostSettings;
  /** What was prepared, to be prepared again in another host. */
  readonly #prepared = new Map<string, { readonly settings: Settings; readonly seed: number }>();
  #host: Host | undefined;
  /** Settles when no trial has to run alone any more. */
  #quarantine: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(settings: HostSettings) {
    this.slots = settings.workers;
    this.#settings = settings;
  }

  async prepare(settings: Settings, seed: number): Promise<PreparedSummary> {
    const summary = await this.#prepareIn(this.#running(), settings, seed);
    this.#prepared.set(inputsKey(summary.hashes), { settings, seed });
    return summary;
  }

  async run(job: TrialJob, handlers: TrialHandlers): Promise<TrialOutcome> {
    await this.#quarantine;
    const first = await this.#try(job, handlers);
    if (!(first instanceof HostLost)) return first;
    if (first.trials === 1) return crashed(first.how, first.step);
    const others = `${first.trials} trials that ran in it are run again one by one`;
    handlers.onNotice?.({ kind: "warning", message: `lost its process, ${first.how}; the ${others}` });
    return this.#alone(job, handlers, first.step);
  }

  /**
   * Of several trials nobody can tell which one has crashed their process, so each goes on from its checkpoint by itself; the
   * one that does it again has crashed.
   */
  async #alone(job: TrialJob, handlers: TrialHandlers, step: number): Promise<TrialOutcome> {
    const after = Math.max(step, job.after ?? 0);
    const again = () => this.#try({ ...job, ...(after > 0 && { after }) }, handlers);
    const turn = this.#quarantine.then(again);
    this.#quarantine = turn.catch(() => {});
    const outcome = await turn;
    return outcome instanceof HostLost ? crashed(outcome.how, Math.max(outcome.step, after)) : outcome;
  }

  async #try(job: TrialJob, handlers: TrialHandlers): Promise<TrialOutcome | HostLost> {
    try {
      const host = await this.#hostWith(job.inputs);
      return await host.call<TrialOutcome>({ method: "run", job }, handlers);
    } catch (error) {
      if (!(error instanceof HostLost)) throw error;
      if (this.#closed) throw new DualrateError("interrupted", "the workers were stopped");
      return error;
    }
  }

  async test(job: TrialJob): Promise<MetricValues> {
    return this.#ask({ method: "test", job }, job);
  }

  async exportModel(request: ExportRequest): Promise<void> {
    await this.#ask({ method: "exportModel", request }, request.job);
  }

  async exportStart(request: StartRequest): Promise<void> {
    await this.#ask({ method: "exportStart", request }, request.job);
  }

  async calibrate(job: TrialJob): Promise<Calibration> {
    return this.#ask({ method: "calibrate", job }, job);
  }

  async #ask<Value>(request: HostRequest, job: TrialJob): Promise<Value> {
    const host = await this.#hostWith(job.inputs);
    return explained(host.call<Value>(request));
  }

  async close(now = false, abandon = false): Promise<void> {
    this.#closed = true;
    await this.#host?.end(now, abandon);
  }

  /** The host, with these inputs prepared; after a crash it reads them again. */
  async #hostWith(inputs: InputHashes): Promise<Host> {
    const key = inputsKey(inputs);
    const known = this.#prepared.get(key);
    const host = this.#running();
    // What was never prepared, the host refuses.
    if (known && !host.prepared.has(key)) {
      const { hashes } = await this.#prepareIn(host, known.settings, known.seed);
      if (inputsKey(hashes) !== key) throw changedInputs();
    }
    return host;
  }

  async #prepareIn(host: Host, settings: Settings, seed: number): Promise<PreparedSummary> {
    const summary = await explained(host.call<PreparedSummary>({ method: "prepare", settings, seed }));
    host.prepared.add(inputsKey(summary.hashes));
    return summary;
  }

  #running(): Host {
    if (this.#closed) throw new DualrateError("worker", "the workers were already closed");
    if (this.#host === undefined || this.#host.lost) this.#host = new Host(this.#settings);
    return this.#host;
  }
}

interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly handlers: TrialHandlers | undefined;
  /** Of its last measurement. */
  step: number;
}

/** A host's process has ended while a call waited for it. */
class HostLost {
  /** How it ended, in words. */
  readonly how: string;
  /** How many trials ran in it. */
  readonly trials: number;
  /** The call's last measurement. */
  readonly step: number;

  constructor(how: string, trials: number, step: number) {
    this.how = how;
    this.trials = trials;
    this.step = step;
  }
}

/** Enough of what a process says as it dies. */
const LAST_WORDS = 4000;

/** One process, and the calls that it works on. */
class Host {
  /** Keys of the inputs that it has. */
  readonly prepared = new Set<string>();
  /** Whether it has ended. */
  lost = false;
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, Call>();
  readonly #ended: Promise<void>;
  #count = 0;
  #words = "";

  constructor({ workers, workerFile }: HostSettings) {
    this.#child = fork(
      fileURLToPath(compiledModule("host.js")),
      [String(workers), ...(workerFile ? [workerFile.href] : [])],
      {
        serialization: "advanced",
        stdio: ["ignore", "ignore", "pipe", "ipc"],
        env: { ...HOST_ENVIRONMENT, ...process.env },
      },
    );
    this.#child.stderr?.on("data", (data) => {
      this.#words = `${this.#words}${data}`.slice(-LAST_WORDS);
    });
    this.#child.on("message", (message: MessageFromHost) => this.#take(message));
    this.#ended = new Promise((resolve) => {
      const lose = (how: string) => {
        this.#lose(how);
        resolve();
      };
      this.#child.on("error", (error) => lose(error.message));
      this.#child.on("close", (status, signal) => lose(endOf(status, signal, this.#words)));
    });
  }

  call<Value>(request: HostRequest, handlers?: TrialHandlers): Promise<Value> {
    const call = ++this.#count;
    return new Promise<Value>((resolve, reject) => {
      this.#calls.set(call, { resolve: resolve as Call["resolve"], reject, handlers, step: 0 });
      this.#send({ type: "call", call, request });
    });
  }

  /** Lets its calls end, or cuts them off, and ends the process. */
  async end(now: boolean, abandon: boolean): Promise<void> {
    if (this.lost) return;
    await this.call({ method: "close", now, abandon }).catch(() => {});
    // Its threads are gone: nothing is left to do in it.
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #send(message: MessageToHost): void {
    // Where it fails, the process ends, and so do its calls.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #take(message: MessageFromHost): void {
    const call = this.#calls.get(message.call);
    if (call === undefined) return;
    switch (message.type) {
      case "notice":
        call.handlers?.onNotice?.(message.notice);
        return;
      case "measured":
        this.#judge(message.call, call, message.measurement, message.atRung);
        return;
      case "done":
        call.resolve(message.value as never);
        break;
      case "broken":
        call.reject(errorFromData(message.error));
    }
    this.#calls.delete(message.call);
  }

  #judge(number: number, call: Call, measurement: Measurement, atRung: boolean): void {
    call.step = measurement.step;
    const verdict = call.handlers?.onMeasurement(measurement, atRung) ?? { action: "continue" };
    this.#send({ type: "verdict", call: number, verdict });
  }

  #lose(how: string): void {
    this.lost = true;
    const calls = [...this.#calls.values()];
    const trials = calls.filter(({ handlers }) => handlers !== undefined).length;
    this.#calls.clear();
    for (const { reject, step } of calls) reject(new HostLost(how, trials, step));
  }
}

/** How a process ended, with what it said of it: `SIGABRT: FATAL ERROR: Reached heap limit ...`. */
function endOf(status: number | null, signal: NodeJS.Signals | null, words: string): string {
  const lines = words.split("\n").map((line) => line.trim());
  const said = lines.find((line) => /^(FATAL ERROR|terminate called|\w*Error)\b/.test(line)) ?? "";
  const memory = signal === "SIGKILL" && "the system may have ended it for its memory";
  return [signal ?? `status ${status}`, said || memory || ""].filter((part) => part !== "").join(": ");
}

function crashed(how: string, step: number): TrialOutcome {
  const when = step > 0 ? `after step ${step}` : "before its first evaluation";
  return { state: "failed", failure: { kind: "crashed", message: `its process was lost ${when}: ${how}` } };
}

/** A lost host as an error, for what is no trial. */
async function explained<Value>(reply: Promise<Value>): Promise<Value> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof HostLost)) throw error;
    throw new DualrateError("worker", `the workers' process was lost: ${error.how}`, {
      hint: "Run it again; if it happens each time, the model may be too large for this machine's memory.",
    });
  }
}

function changedInputs(): DualrateError {
  return new DualrateError("study", "model, tokenizer or data have changed while the sweep ran", {
    hint: "Put the files back as they were and run it again; it goes on from here.",
  });
}
