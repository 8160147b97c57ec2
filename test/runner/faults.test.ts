// A study over real threads, and over a real process, whose worker fails in every way that a trial can.
import { expect, onTestFinished, test } from "vitest";
import type { Sampler } from "../../src/planner/sampler.js";
import type { Executor } from "../../src/runner/executor.js";
import { createHostExecutor } from "../../src/runner/host-executor.js";
import { createPiscinaExecutor } from "../../src/runner/piscina.js";
import { settings } from "../store/fixture.js";
import { setup } from "./study-fixture.js";

/** Each trial does the next of `acts`; see fake-worker.mjs. */
function acting(acts: readonly string[]): Sampler {
  return {
    size: acts.length,
    suggest: (_, __, number) => {
      const act = acts[number - 1];
      return act === undefined ? undefined : { lr_ratio: number, act };
    },
  };
}

const workerFile = new URL("./fake-worker.mjs", import.meta.url);

/** Two threads of the fake worker, with a time limit of `seconds` for a trial. */
function threads(seconds: number): Promise<Executor> {
  return limited(createPiscinaExecutor({ workers: 2, workerFile, graceMs: 200 }), seconds);
}

async function limited(pool: Executor, seconds: number): Promise<Executor> {
  onTestFinished(() => pool.close(true));
  const { hashes: inputs } = await pool.prepare(settings, 0);
  const hurried = { ...settings, trainer: { ...settings.trainer, maxTrialMinutes: seconds / 60 } };
  return {
    slots: 2,
    prepare: (...args) => pool.prepare(...args),
    run: (job, handlers) => pool.run({ ...job, inputs, settings: hurried }, handlers),
    test: (job) => pool.test(job),
    close: (now) => pool.close(now),
  };
}

test("an exception, a thread's exit, a hang and NaN are recorded as what they are, and the sweep goes on", async () => {
  const { run, reader, id, messages } = setup();
  const acts = ["train", "reply-error", "nan", "train", "exit", "train", "hang", "train"];
  const end = await run(await threads(1.5), { sampler: acting(acts) });
  expect(end).toMatchObject({ reason: "finished", complete: 4, failed: 4 });
  const failures = reader.trials(id).map((trial) => (trial.state === "failed" ? trial.failure.kind : trial.state));
  const expected = ["complete", "error", "diverged", "complete", "crashed", "complete", "timeout", "complete"];
  expect(failures).toEqual(expected);
  const retried = messages().filter((message) => message.includes("is tried once more"));
  expect(retried.map((message) => message.split(" and is tried")[0]).sort()).toEqual([
    "trial 5 crashed",
    "trial 7 timed out",
  ]);
});

test("threads that exit with every trial end the sweep with the reason", async () => {
  const { run } = setup();
  const end = await run(await threads(60), { sampler: acting(Array(9).fill("exit")) });
  expect(end.reason).toBe("failures");
  expect(end.message).toMatch(
    /which no configuration explains; the last one: its worker was lost .* exited with code: 7$/,
  );
});

test("a process that crashes with some trials loses these alone, each after a second try", async () => {
  const { run, reader, id } = setup();
  const pool = await limited(createHostExecutor({ workers: 2, workerFile }), 60);
  const end = await run(pool, { sampler: acting(["train", "segv", "train", "segv", "train"]) });
  expect(end).toMatchObject({ reason: "finished", complete: 3, failed: 2 });
  const failures = reader.trials(id).map((trial) => (trial.state === "failed" ? trial.failure.kind : trial.state));
  expect(failures).toEqual(["complete", "crashed", "complete", "crashed", "complete"]);
});

test("a process that crashes with every trial ends the sweep with the reason", async () => {
  const { run } = setup();
  const end = await run(await limited(createHostExecutor({ workers: 1, workerFile }), 60), {
    sampler: acting(Array(9).fill("segv")),
  });
  expect(end.reason).toBe("failures");
  expect(end.message).toMatch(/the last one: its process was lost after step 10: SIGSEGV$/);
});
