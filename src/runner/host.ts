// The process that holds the worker threads, for a HostExecutor elsewhere: calls come as messages, and go to Piscina. What
// native code does to its process, a crash or memory that runs out, it does to this one.
import { errorToData } from "../errors.js";
import type { Verdict } from "../sweep/trial.js";
import { createPiscinaExecutor, type RemoteHandlers } from "./piscina.js";
import type { HostCall, MessageFromHost, MessageToHost } from "./protocol.js";

const [workers, workerFile] = process.argv.slice(2);
const executor = createPiscinaExecutor({
  workers: Number(workers),
  ...(workerFile !== undefined && { workerFile: new URL(workerFile) }),
});

/** What running trials wait for, by the call that runs them. */
const verdicts = new Map<number, (verdict: Verdict) => void>();

function send(message: MessageFromHost): void {
  process.send?.(message);
}

function handlersOf(call: number): RemoteHandlers {
  return {
    onMeasurement(measurement, atRung) {
      send({ type: "measured", call, measurement, atRung });
      return new Promise((resolve) => verdicts.set(call, resolve));
    },
    onNotice: (notice) => send({ type: "notice", call, notice }),
  };
}

function perform({ call, request }: HostCall): Promise<unknown> {
  switch (request.method) {
    case "prepare":
      return executor.prepare(request.settings, request.seed);
    case "run":
      return executor.run(request.job, handlersOf(call)).finally(() => verdicts.delete(call));
    case "test":
      return executor.test(request.job);
    case "exportModel":
      return executor.exportModel(request.request);
    case "exportStart":
      return executor.exportStart(request.request);
    case "calibrate":
      return executor.calibrate(request.job);
    case "close":
      return executor.close(request.now, request.abandon);
  }
}

process.on("message", (message: MessageToHost) => {
  if (message.type === "verdict") {
    verdicts.get(message.call)?.(message.verdict);
    return;
  }
  const { call } = message;
  perform(message).then(
    (value) => send({ type: "done", call, value }),
    (error: unknown) => send({ type: "broken", call, error: errorToData(error) }),
  );
});

// The terminal sends its signals to this process too; the coordinator says what follows from them.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

// Without a coordinator nobody stores what trials find, and another one may go on with their files at any moment.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
