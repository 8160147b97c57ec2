// What a large study costs:
//   npm run bench:scale -- [--trials 10000] [--measurements 100] [--polls 40]
// One trial of the demo is trained for real, and copied with other parameters and values until the database holds as many as asked
// for; then the program ranks the study, watches it and resumes it. Seconds are wall time from the start of the process, `cpu`
// its own time in user and kernel, which says more where the machine has other work; memory is the process's peak.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { parse, stringify } from "yaml";
import { createSampler } from "../dist/planner/planner.js";
import { openReader } from "../dist/store/reader.js";
import { openWriter } from "../dist/store/writer.js";
import { resolveRates } from "../dist/sweep/resolve.js";

const { values: flags } = parseArgs({
  options: {
    trials: { type: "string", default: "10000" },
    measurements: { type: "string", default: "100" },
    polls: { type: "string", default: "40" },
    // Set by this program for its own child.
    watch: { type: "string" },
  },
});
const TRIALS = Number(flags.trials);
const STEPS = Number(flags.measurements);
const POLLS = Number(flags.polls);

const root = fileURLToPath(new URL("../", import.meta.url));
const cli = join(root, "dist/cli.js");

const STUDIES = [
  { name: "random", method: "random" },
  { name: "bayes", method: "bayes" },
  { name: "asha", method: "random", early_terminate: { type: "asha", min_iter: Math.ceil(STEPS / 10), eta: 3 } },
];

/** Writes the sweep of so many trials, and returns its file. */
function sweepFile(folder, { name, ...search }, runCap) {
  const file = join(root, "sweeps/demo/sweep.yaml");
  const demo = parse(readFileSync(file, "utf8"));
  const at = (path) => join(dirname(file), path);
  const sweep = {
    ...demo,
    ...search,
    name,
    model: at(demo.model),
    data: { train: at(demo.data.train), validation: at(demo.data.validation) },
    trainer: { ...demo.trainer, max_steps: STEPS, eval_steps: 1 },
    parameters: {
      lr_ratio: { distribution: "log_uniform_values", min: 0.1, max: 1000 },
      introduced_warmup_ratio: { values: [0, 0.1, 0.3] },
      weight_decay: { distribution: "uniform", min: 0, max: 0.1 },
    },
    run_cap: runCap,
  };
  const written = join(folder, `${name}.yaml`);
  writeFileSync(written, stringify(sweep));
  return written;
}

/** Runs the program to its end, or until it prints `until`; its wall and CPU seconds, and its peak memory in MB. */
function measure(args, folder, until) {
  const report = join(folder, "usage.json");
  const hook = `import { isMainThread } from "node:worker_threads"; import { writeFileSync } from "node:fs";
    if (isMainThread) process.on("exit", () => writeFileSync(${JSON.stringify(report)}, JSON.stringify(process.resourceUsage())));`;
  const begun = performance.now();
  const child = spawn(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr, seconds] = ["", "", undefined];
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  child.stdout.on("data", (data) => {
    stdout += data;
    if (until === undefined || seconds !== undefined || !until.test(stdout)) return;
    seconds = (performance.now() - begun) / 1000;
    child.kill("SIGTERM");
  });
  return new Promise((resolve, reject) => {
    child.on("close", (status) => {
      if (status !== 0 && seconds === undefined) return reject(new Error(`${args.join(" ")}: ${status} ${stderr}`));
      seconds ??= (performance.now() - begun) / 1000;
      const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(report, "utf8"));
      resolve({ seconds, cpu: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024, stdout });
    });
  });
}

/** Copies trial 1 until there are enough: most complete; of a study that stops trials early two thirds pruned. */
function fill(folder, name, early) {
  const reader = openReader(folder);
  const { study } = reader.study(name);
  const [first] = reader.trials(study.id);
  reader.close();
  const { sweep } = study;
  const sampler = createSampler({ ...sweep, method: "random", runCap: TRIALS });
  const history = { finished: [], running: [], goal: "minimize", seed: sweep.seed };
  const db = new Database(join(folder, "sweeps.db"));
  const trial = db.prepare(
    `INSERT INTO trials (study_id, number, replicate, seed, parameters, base_lr, lr_ratio, intro_lr, state, started_at, ended_at,
       value, best_step, step, failure, reason)
     VALUES (@id, @number, 0, @seed, @parameters, @base_lr, @lr_ratio, @intro_lr, @state, @at, @at + 900, @value, @best_step, @step,
       @failure, @reason)`,
  );
  const measured = db.prepare(
    `INSERT INTO measurements SELECT study_id, @number, step, train_loss + @shift, loss + @shift, loss_introduced + @shift,
       loss_base + @shift, accuracy, seconds, "groups", f1
     FROM measurements WHERE study_id = @id AND number = 1 AND step <= @step`,
  );
  db.transaction(() => {
    for (let number = 2; number <= TRIALS; number++) {
      const parameters = sampler.suggest(sweep.space, history, number);
      const rates = resolveRates({ ...sweep.settings.fixed, ...parameters });
      const shift = 0.1 * Math.log10(rates.lr_ratio / 10) ** 2 + (0.01 * ((number * 7919) % 101)) / 101;
      const ended = early && number % 3 > 0 ? "pruned" : number % 50 === 0 ? "failed" : "complete";
      const step = ended === "complete" ? STEPS : Math.ceil(0.9 * STEPS);
      const end = {
        complete: { value: first.value + shift, best_step: first.bestStep, step: null, failure: null, reason: null },
        pruned: {
          value: null,
          best_step: null,
          step,
          failure: null,
          reason: "rung 1 of 3: loss 2 is rank 40 of 60, keeps 20",
        },
        failed: { value: null, best_step: null, step, failure: "diverged", reason: "the loss is not finite" },
      }[ended];
      const at = first.startedAt + 1000 * number;
      trial.run({
        id: study.id,
        number,
        seed: first.seed,
        parameters: JSON.stringify(parameters),
        ...rates,
        state: ended,
        at,
        ...end,
      });
      measured.run({ id: study.id, number, shift, step });
    }
    db.prepare(
      "UPDATE studies SET definition = json_set(definition, '$.plannedTrials', ?), checksum = NULL, version = version + 1",
    ).run(TRIALS);
  })();
  const rows = db.prepare("SELECT count(*) FROM measurements").pluck().get();
  db.close();
  return rows;
}

/** In a process of its own: a dashboard beside a writer that adds a measurement, now and then a trial, before each poll. */
async function watch(folder) {
  // As openDashboard has it.
  process.env.NODE_ENV ??= "production";
  const { renderToString } = await import("ink");
  const { createElement } = await import("react");
  const { Dashboard } = await import("../dist/dashboard/components/dashboard.js");
  const { initialState, reduce } = await import("../dist/dashboard/state.js");
  const { createTheme } = await import("../dist/dashboard/theme.js");
  const { StudyWatch } = await import("../dist/dashboard/watch.js");
  const writer = openWriter(folder);
  const reader = openReader(folder);
  const { study } = reader.study();
  writer.acquireLease(study.id, 2);
  const [{ number: _, ...like }] = reader.trials(study.id);
  const [measurement] = reader.measurementsOf(study.id, 1);
  let running = reader.trials(study.id).length;
  let step = 0;
  const begin = () => {
    running++;
    step = 0;
    writer.addTrial(study.id, { ...like, number: running });
    writer.startTrial(study.id, running);
  };
  begin();
  const theme = createTheme(false, {});
  const size = { columns: 100, rows: 30 };
  const draw = (state) => renderToString(createElement(Dashboard, { state, theme }), { columns: size.columns });
  const timed = (work) => {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    const result = work();
    const { user, system } = process.cpuUsage(cpu);
    return { result, wall: performance.now() - wall, cpu: (user + system) / 1000 };
  };
  const opened = timed(() => {
    const watching = new StudyWatch(reader, study.id);
    const state = initialState(watching.last, Date.now(), size, undefined);
    draw(state);
    return { watching, state };
  });
  let { watching, state } = opened.result;
  const polls = [];
  for (let poll = 0; poll < POLLS; poll++) {
    step++;
    writer.recordMeasurement(study.id, running, { ...measurement, step });
    if (poll % 5 === 4) {
      writer.endTrial(study.id, running, { state: "complete", value: 3, bestStep: step });
      begin();
    }
    const { result, ...times } = timed(() => {
      const next = reduce(state, { type: "polled", snapshot: watching.poll(), now: Date.now() });
      return { state: next.state, frame: draw(next.state) };
    });
    if (!result.frame.includes(`▶1`)) throw new Error(`the frame shows no running trial:\n${result.frame}`);
    state = result.state;
    polls.push(times);
  }
  writer.requeueTrial(study.id, running);
  writer.close();
  console.log(JSON.stringify({ opened: { wall: opened.wall, cpu: opened.cpu }, polls }));
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const line = (...cells) =>
  console.log(cells.map((cell, i) => String(cell)[i === 0 ? "padEnd" : "padStart"]([40, 10, 10, 10, 10][i])).join(""));

async function study(settings) {
  const folder = mkdtempSync(join(tmpdir(), "dualrate-scale-"));
  const results = ["--results", folder];
  const { name } = settings;
  try {
    await measure([cli, "run", sweepFile(folder, settings, 1), "--plain", ...results], folder);
    const rows = fill(folder, name, settings.early_terminate !== undefined);
    const size = statSync(join(folder, "sweeps.db")).size / 1e6;
    console.log(`\n${name}: ${TRIALS} trials, ${rows} measurements, ${size.toFixed(0)} MB`);
    line("", "wall", "cpu", "limit", "memory");
    const told = (what, { seconds, cpu, megabytes }, limit) =>
      line(what, `${seconds.toFixed(2)} s`, `${cpu.toFixed(2)} s`, limit, `${megabytes.toFixed(0)} MB`);
    for (const more of [[], ["--json"]])
      told(`rank ${more}`, await measure([cli, "rank", ...more, ...results], folder), "0.3 s");
    const finished = sweepFile(folder, settings, TRIALS);
    told("run: has finished", await measure([cli, "run", finished, "--plain", ...results], folder), "2 s");
    const watched = await measure(
      [fileURLToPath(import.meta.url), "--watch", folder, "--polls", String(POLLS)],
      folder,
    );
    const { opened, polls } = JSON.parse(watched.stdout);
    const ms = (value) => `${value.toFixed(0)} ms`;
    const of = (key, pick) => ms(pick(polls.map((poll) => poll[key])));
    line("dashboard: first frame", ms(opened.wall), ms(opened.cpu), "", `${watched.megabytes.toFixed(0)} MB`);
    line("dashboard: refresh, median", of("wall", median), of("cpu", median), "50 ms");
    line(
      "dashboard: refresh, worst",
      of("wall", (all) => Math.max(...all)),
      of("cpu", (all) => Math.max(...all)),
      "50 ms",
    );
    const more = sweepFile(folder, settings, 2 * TRIALS);
    const run = [cli, "run", more, "--plain", "--json", "--workers", "1", ...results];
    told("run: until its next trial starts", await measure(run, folder, /"event":"started"/), "2 s");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (flags.watch !== undefined) await watch(flags.watch);
else for (const settings of STUDIES) await study(settings);
