// The store under load: a writer that stores 1,000 measurements a second beside reader processes that poll ten times a second.
//   npm run bench:store -- [--seconds 5] [--readers 8] [--rate 1000]
// Prints the time that one measurement takes to be stored (a transaction each), the time that a reader's refresh takes (the
// dashboard's: what changed since the last look), and how many calls failed. Fails where one did.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { StudyWatch } from "../dist/dashboard/watch.js";
import { openReader } from "../dist/store/reader.js";
import { openWriter } from "../dist/store/writer.js";

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    readers: { type: "string", default: "8" },
    rate: { type: "string", default: "1000" },
    /** The folder to poll: this process is one of the readers. */
    poll: { type: "string" },
  },
});
const [SECONDS, READERS, RATE] = [flags.seconds, flags.readers, flags.rate].map(Number);
const POLL_MS = 100;
/** As a trial with an evaluation every few steps. */
const MEASUREMENTS_A_TRIAL = 100;

function definition() {
  const settings = {
    model: "m",
    task: "masked-lm",
    data: {},
    introduced: { tokens: ["a"] },
    trainer: { length: {} },
    fixed: {},
  };
  const space = [{ name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10] } }];
  const metric = { name: "loss", goal: "minimize" };
  const sweep = { name: "bench", file: "bench.yaml", seed: 0, settings, method: "grid", metric, space };
  const inputs = { model: "m", tokenizer: "t", data: "d" };
  return { sweep, inputs, summary: { hashes: inputs, trainExamples: 1, warnings: [] }, plannedTrials: undefined };
}

function measurement(step) {
  const group = { lr: 1e-4, gradNorm: 1.5, updateRatio: 1e-3 };
  const validation = { loss: 1 / step, loss_introduced: 1, loss_base: 1, accuracy: 0.5, f1: null };
  return { step, trainLoss: 1, validation, groups: { base: group, introduced: group }, seconds: step };
}

async function write(folder) {
  const writer = openWriter(folder);
  const { id } = writer.openStudy(definition());
  writer.acquireLease(id, 1);
  const readers = Array.from({ length: READERS }, () => startReader(folder));
  await Promise.all(readers.map(({ ready }) => ready));
  const [times, errors] = [[], []];
  const begin = performance.now();
  for (let done = 0; done < SECONDS * RATE; done++) {
    const wait = begin + (1000 * done) / RATE - performance.now();
    if (wait > 1) await sleep(wait);
    const [number, step] = [1 + Math.floor(done / MEASUREMENTS_A_TRIAL), 1 + (done % MEASUREMENTS_A_TRIAL)];
    const start = performance.now();
    try {
      if (step === 1) beginTrial(writer, id, number);
      writer.recordMeasurement(id, number, measurement(step));
      if (step === MEASUREMENTS_A_TRIAL) writer.endTrial(id, number, { state: "complete", value: 1, bestStep: step });
    } catch (error) {
      errors.push(error.message);
    }
    times.push(performance.now() - start);
  }
  const seconds = (performance.now() - begin) / 1000;
  writer.close();
  return { times, errors, seconds, readers: await Promise.all(readers.map(({ result }) => result)) };
}

function beginTrial(writer, id, number) {
  const rates = { base_lr: 1, lr_ratio: number, intro_lr: number };
  writer.addTrial(id, { number, replicate: 0, seed: 0, parameters: { lr_ratio: number }, rates });
  writer.startTrial(id, number);
}

/** A reader process: `ready` once it polls, `result` what it has seen. */
function startReader(folder) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--poll", folder], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const messages = { ready: once(child, "message") };
  return {
    ready: messages.ready,
    result: messages.ready.then(() => once(child, "message")).then(([result]) => result),
  };
}

/** Polls until the writer has given its lease back. */
async function poll(folder) {
  const [times, errors] = [[], []];
  const reader = openReader(folder);
  const watch = new StudyWatch(reader, reader.study("bench").study.id);
  process.send("ready");
  for (let isOver = false; !isOver; ) {
    const start = performance.now();
    try {
      isOver = watch.poll().overview.owner === undefined;
    } catch (error) {
      errors.push(error.message);
    }
    times.push(performance.now() - start);
    await sleep(Math.max(0, POLL_MS - (performance.now() - start)));
  }
  const seen = [...watch.last.measurements.values()].reduce((sum, measured) => sum + measured.length, 0);
  reader.close();
  process.send({ times, errors, seen });
  process.disconnect();
}

function row(what, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(2).padStart(9);
  return `${what.padEnd(24)}${at(0.5)}${at(0.99)}${at(1)}  ms   ${sorted.length} times`;
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "dualrate-bench-"));
  try {
    const { times, errors, seconds, readers } = await write(folder);
    console.log(
      `${(times.length / seconds).toFixed(0)} measurements a second for ${seconds.toFixed(1)} s, ${READERS} readers`,
    );
    console.log(`${"".padEnd(24)}   median      99 %      most`);
    console.log(row("a measurement stored", times));
    console.log(
      row(
        "a reader's refresh",
        readers.flatMap((reader) => reader.times),
      ),
    );
    const failed = [...errors, ...readers.flatMap((reader) => reader.errors)];
    const missed = readers.filter(({ seen }) => seen !== times.length).length;
    console.log(`errors: ${failed.length}; readers that did not see all in the end: ${missed}`);
    for (const message of new Set(failed)) console.log(`  ${message}`);
    if (failed.length + missed > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await (flags.poll === undefined ? main() : poll(flags.poll));
