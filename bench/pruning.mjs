// What ending trials early saves, and what it costs, on the demo and on the reaction classes of sweeps/examples:
//   npm run bench:pruning -- [--seeds 5] [--orders 20] [--results FOLDER] [--rxn-model FOLDER --rxn-data FOLDER]
// Every configuration is trained to its end once a seed, by one worker; the pruners then judge the recorded curves, in the study's
// own loop with an executor that replays them: trials are deterministic, so that what comes out is what training under the pruner
// gives, and pruners and orders cost nothing. The order in which configurations come decides what a pruner can compare: the
// sweep's own, and shuffled ones. Steps do not depend on the machine's load, seconds (as recorded) do.
// The demo takes two minutes on a core. The reaction classes want the model and a folder with train.jsonl and valid.jsonl, and are
// left out without; 12 configurations of 20 steps take half a minute a trial. With --results what was trained is kept and not
// trained again.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";
import { createPruner } from "../dist/planner/planner.js";
import { deriveKey, Random } from "../dist/random.js";
import { Rungs } from "../dist/runner/rungs.js";
import { StopSignal } from "../dist/runner/stop.js";
import { runStudy } from "../dist/runner/study.js";
import { TrialFiles } from "../dist/runner/trial-files.js";
import { openReader } from "../dist/store/reader.js";
import { openWriter } from "../dist/store/writer.js";
import { configurationKey, configurationsOf, rankConfigurations } from "../dist/sweep/configuration.js";
import { earlyTerminateOf } from "../dist/sweep/early-terminate.js";
import { totalSteps } from "../dist/sweep/resolve.js";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "5" },
    orders: { type: "string", default: "20" },
    results: { type: "string" },
    "rxn-model": { type: "string" },
    "rxn-data": { type: "string" },
  },
});
const SEEDS = Number(flags.seeds);
const ORDERS = Number(flags.orders);
const PRUNERS = [
  { type: "hyperband", min_iter: 1, eta: 2 },
  { type: "hyperband", min_iter: 1, eta: 3 },
  { type: "hyperband", min_iter: 2, eta: 3 },
  { type: "asha", min_iter: 1, eta: 2 },
  { type: "asha", min_iter: 1, eta: 3 },
  { type: "median" },
];

const root = fileURLToPath(new URL("../", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "dualrate-pruning-"));
const trained = flags.results ? resolve(flags.results) : join(scratch, "trained");
const replayed = join(scratch, "replayed");
mkdirSync(trained, { recursive: true });

/** The sweep file in its own folder, with `model` and `data` elsewhere where they are given. */
function sweepAt(path, { model, data = dirname(join(root, path)) } = {}) {
  const sweep = parse(readFileSync(join(root, path), "utf8"));
  const inFolder = (name) => resolve(data, name);
  const files = { train: inFolder(sweep.data.train), validation: inFolder(sweep.data.validation) };
  return { ...sweep, model: resolve(model ?? inFolder(sweep.model)), data: { ...sweep.data, ...files } };
}

/** Runs the sweep with all its seeds and no pruner; its study, with the curves of its trials by configuration and seed. */
function train(sweep) {
  const file = join(scratch, `${sweep.name}.yaml`);
  writeFileSync(file, stringify({ ...sweep, replicates: SEEDS }));
  const { status, stderr } = spawnSync(
    "node",
    [join(root, "dist/cli.js"), "run", file, "--plain", "--results", trained, "--workers", "1"],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${sweep.name} ended with status ${status}: ${stderr}`);
  return recorded(sweep.name);
}

function recorded(name) {
  const reader = openReader(trained);
  const { study } = reader.study(name);
  const trials = reader.trials(study.id);
  const measurements = reader.measurements(study.id);
  reader.close();
  const curves = new Map(
    trials.map((trial) => [curveKey(trial), { trial, measurements: measurements.get(trial.number) ?? [] }]),
  );
  return { study, trials, curves };
}

function curveKey({ parameters, replicate }) {
  return `${configurationKey(parameters)} ${replicate}`;
}

/** Plays the recorded curves of one seed. */
function replayingExecutor({ study, curves }, seed) {
  const play = ({ parameters, rungs, after = 0 }, { onMeasurement }) => {
    const { trial, measurements } = curves.get(curveKey({ parameters, replicate: seed }));
    const passed = new Rungs(rungs, totalSteps(study.sweep.settings, parameters, study.summary.trainExamples));
    for (const measurement of measurements) {
      const { step } = measurement;
      const isRung = passed.reached(step) && step > after;
      const verdict = step > after ? onMeasurement(measurement, isRung) : undefined;
      if (isRung && verdict.action === "stop") return { state: "pruned", step, reason: verdict.reason };
      if (isRung && verdict.action === "pause") return { state: "paused", step, reason: verdict.reason };
    }
    return endOf(trial);
  };
  return { slots: 1, run: async (job, handlers) => play(job, handlers), close: async () => {} };
}

/** How a recorded trial ended, without its number and seed. */
function endOf({ state, value, bestStep, failure }) {
  return state === "complete" ? { state, value, bestStep } : { state, failure };
}

/** Configurations in their own order, or in one shuffled by its number. */
function ordered({ trials }, order) {
  const all = configurationsOf(trials).map(({ parameters }) => parameters);
  if (order === 0) return all;
  const random = new Random(deriveKey(0, "order", order));
  return all
    .map((one) => [random.uniform(), one])
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}

let studies = 0;

/** One study under a pruner: the steps and seconds of its trials, and the best value. */
async function replay(recording, writer, reader, early, seed, order) {
  const { replicates, ...common } = recording.study.sweep;
  const sweep = { ...common, name: `replay-${++studies}`, earlyTerminate: earlyTerminateOf(early) };
  const { inputs, summary } = recording.study;
  const configurations = ordered(recording, order);
  const sampler = { size: configurations.length, suggest: (_, __, number) => configurations[number - 1] };
  const study = writer.openStudy({ sweep, inputs, summary, plannedTrials: configurations.length });
  writer.acquireLease(study.id, 1);
  const planned = { sampler, pruner: createPruner(sweep, summary.trainExamples), writer, reader };
  const files = new TrialFiles(replayed, study.name);
  const executor = replayingExecutor(recording, seed);
  const end = await runStudy({ study, ...planned, executor, files, stop: new StopSignal() });
  if (end.reason !== "finished") throw new Error(`${study.name}: ${end.message}`);
  return outcome(sweep, reader.trials(study.id), reader.measurements(study.id));
}

function outcome({ metric }, trials, measurements) {
  const last = [...measurements.values()].map((measured) => measured.at(-1));
  const [best] = rankConfigurations(trials, metric.goal);
  return { steps: sum(last.map(({ step }) => step)), seconds: sum(last.map(({ seconds }) => seconds)), best };
}

/** What the sweep gives without a pruner, of each seed. */
function wholes({ study, trials, curves }) {
  return Array.from({ length: SEEDS }, (_, seed) => {
    const own = trials.filter(({ replicate }) => replicate === seed);
    return outcome(
      study.sweep,
      own,
      new Map(own.map((trial) => [trial.number, curves.get(curveKey(trial)).measurements])),
    );
  });
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
const percent = (share) => `${(100 * share).toFixed(0)} %`.padStart(7);

async function report(recording) {
  const { study, trials } = recording;
  const whole = wholes(recording);
  const [winner] = rankConfigurations(trials, study.sweep.metric.goal);
  const error = winner.standardError?.toFixed(4) ?? "unknown of one seed";
  console.log(
    `${study.name}: ${configurationsOf(trials).length} configurations, ${SEEDS} seeds, ${ORDERS} orders; the best configuration's ` +
      `${study.sweep.metric.name} is ${winner.value.toFixed(4)} (standard error over the seeds ${error})\n`,
  );
  console.log(`${"early_terminate".padEnd(42)}   steps seconds  best kept  best is worse by (mean, most)`);
  const writer = openWriter(replayed);
  const reader = openReader(replayed);
  for (const early of PRUNERS) {
    const rows = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      for (let order = 0; order < ORDERS; order++) {
        const cut = await replay(recording, writer, reader, early, seed, order);
        rows.push({ cut, worse: cut.best.value - whole[seed].best.value, whole: whole[seed] });
      }
    }
    printRow(early, rows);
  }
  writer.close();
  reader.close();
  console.log();
}

function printRow(early, rows) {
  const share = (key) => sum(rows.map(({ cut }) => cut[key])) / sum(rows.map(({ whole }) => whole[key]));
  const worse = rows.map((row) => row.worse);
  const kept = worse.filter((difference) => difference === 0).length / rows.length;
  console.log(
    `${JSON.stringify(early).padEnd(42)} ${percent(share("steps"))} ${percent(share("seconds"))}    ${percent(kept)}  ` +
      `${mean(worse).toFixed(4)}, ${Math.max(...worse).toFixed(4)}`,
  );
}

/** A third of the example's steps, so that every configuration can be trained with every seed; five evaluations. */
function reactionClasses() {
  const [model, data] = [flags["rxn-model"], flags["rxn-data"]];
  const sweep = sweepAt("sweeps/examples/reaction-classes.yaml", { model, data });
  const trainer = { ...sweep.trainer, max_steps: 20, eval_steps: 4 };
  return { ...sweep, trainer, data: { ...sweep.data, max_eval_samples: 50 }, run_cap: 12 };
}

try {
  await report(train(sweepAt("sweeps/demo/sweep.yaml")));
  if (flags["rxn-model"] && flags["rxn-data"]) await report(train(reactionClasses()));
  else console.log("reaction-classes: left out; it wants --rxn-model FOLDER and --rxn-data FOLDER");
} finally {
  rmSync(scratch, { recursive: true });
}
