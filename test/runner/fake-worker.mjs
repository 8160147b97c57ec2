// A worker of a few lines: each trial does what its parameter `act` says.
let trained = 0;

export async function prepare({ settings }) {
  if (settings.model === "absent") {
    return { type: "broken", error: { code: "model", message: "no such folder: absent", hint: "Give a folder." } };
  }
  if (settings.model === "deadly") process.exit(3);
  if (settings.model === "forever") await new Promise(() => setInterval(() => {}, 1000));
  const weights = new Float32Array(new SharedArrayBuffer(8));
  weights.set([1, 2]);
  const hashes = { model: "m", tokenizer: "t", data: "d" };
  return { type: "prepared", summary: { hashes, workerBytes: 1 }, inputs: { weights } };
}

export async function train({ job, inputs, port, stop }) {
  trained++;
  switch (job.parameters.act) {
    case "reply-error":
      return { type: "broken", error: { code: "internal", message: "TypeError: no\n    at f (/a/b/model.js:3:1)" } };
    case "disk-full":
      return {
        type: "broken",
        error: { code: "store", message: "c.safetensors cannot be written", hint: "Make room." },
      };
    case "exit":
      measured(port, 10, false);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return process.exit(7);
    case "segv":
      if (job.after === undefined) measured(port, 10, false);
      await new Promise((resolve) => setTimeout(resolve, 100));
      process.kill(process.pid, "SIGSEGV");
      return new Promise(() => {});
    case "heap":
      for (const kept = []; ; ) kept.push(new Array(100_000).fill(kept.length));
    case "slow":
      measured(port, 1, false);
      await new Promise((resolve) => setTimeout(resolve, 300));
      measured(port, 2, false);
      return { type: "finished", outcome: { state: "complete", value: job.after ?? 0, bestStep: 2 } };
    case "throw-later":
      setTimeout(() => {
        throw new RangeError("from nowhere");
      });
      return new Promise(() => {});
    case "hang":
      return new Promise(() => setInterval(() => {}, 1000));
    case "until-stopped":
      measured(port, 1, false);
      while (Atomics.load(stop, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return { type: "broken", error: { code: "interrupted", message: "stopped" } };
    case "nan": {
      const failure = { kind: "diverged", step: 3, message: "the training loss is NaN" };
      return { type: "finished", outcome: { state: "failed", failure } };
    }
    case "spin":
      for (;;);
    case "rung": {
      measured(port, 5, true);
      const { verdict } = await new Promise((resolve) => port.once("message", resolve));
      return { type: "finished", outcome: { state: "pruned", step: 5, reason: verdict.reason ?? verdict.action } };
    }
    default:
      for (let step = 1; step <= 50; step++) measured(port, step, false);
      return { type: "finished", outcome: { state: "complete", value: inputs.weights[1], bestStep: trained } };
  }
}

function measured(port, step, atRung) {
  const validation = { loss: 1, loss_introduced: 1, loss_base: 1, accuracy: 0, f1: null };
  const measurement = { step, trainLoss: 1, validation, groups: {}, seconds: step };
  port.postMessage({ type: "measured", measurement, atRung });
}
