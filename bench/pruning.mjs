// What ending trials early saves on the demo, and what it costs:
//   npm run bench:pruning -- [--seeds 5] [--workers 1]
// Each row is the demo's grid with one early_terminate, over several seeds: optimizer steps and seconds of all trials against those
// of the whole grid, and how much worse the best loss is than the whole grid's of the same seed, mean and standard error. Steps do
// not depend on the machine's load, seconds do.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";
import { openReader } from "../dist/store/reader.js";

const { values: flags } = parseArgs({
  options: { seeds: { type: "string", default: "5" }, workers: { type: "string", default: "1" } },
});
const SEEDS = Array.from({ length: Number(flags.seeds) }, (_, seed) => seed);
const PRUNERS = [
  undefined,
  { type: "hyperband", min_iter: 1, eta: 2 },
  { type: "hyperband", min_iter: 1, eta: 2, strict: true },
  { type: "asha", min_iter: 1, eta: 2 },
  { type: "asha", min_iter: 1, eta: 3 },
  { type: "median" },
];

const root = fileURLToPath(new URL("../", import.meta.url));
const demoFile = join(root, "sweeps/demo/sweep.yaml");
const folder = mkdtempSync(join(tmpdir(), "dualrate-pruning-"));

function run(name, seed, early_terminate) {
  const demo = parse(readFileSync(demoFile, "utf8"));
  const at = (path) => join(dirname(demoFile), path);
  const data = { train: at(demo.data.train), validation: at(demo.data.validation) };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify({ ...demo, name, seed, model: at(demo.model), data, early_terminate }));
  const results = ["--results", folder, "--workers", flags.workers];
  const { status, stderr } = spawnSync("node", [join(root, "dist/cli.js"), "run", file, "--plain", ...results]);
  if (status !== 0) throw new Error(`${name} ended with status ${status}: ${stderr}`);
}

/** Steps and seconds of all trials, and the best value. */
function outcome(reader, name) {
  const { id } = reader.study(name).study;
  const last = [...reader.measurements(id).values()].map((measured) => measured.at(-1));
  return {
    steps: sum(last.map(({ step }) => step)),
    seconds: sum(last.map(({ seconds }) => seconds)),
    best: Math.min(...reader.trials(id).flatMap(({ state, value }) => (state === "complete" ? [value] : []))),
  };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
const standardError = (values) => {
  const centre = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1) / values.length);
};
const percent = (share) => `${(100 * share).toFixed(0)} %`.padStart(7);

try {
  for (const [i, early] of PRUNERS.entries()) for (const seed of SEEDS) run(`p${i}-s${seed}`, seed, early);
  const reader = openReader(folder);
  const whole = SEEDS.map((seed) => outcome(reader, `p0-s${seed}`));
  console.log(
    `demo, ${SEEDS.length} seeds; without pruning the best loss is ${mean(whole.map(({ best }) => best)).toFixed(4)}\n`,
  );
  console.log(`${"early_terminate".padEnd(56)}   steps seconds  best is worse by`);
  for (const [i, early] of PRUNERS.entries()) {
    if (early === undefined) continue;
    const cut = SEEDS.map((seed) => outcome(reader, `p${i}-s${seed}`));
    const share = (key) => sum(cut.map((one) => one[key])) / sum(whole.map((one) => one[key]));
    const worse = cut.map(({ best }, j) => best - whole[j].best);
    const cost = `${mean(worse).toFixed(4)} (standard error ${standardError(worse).toFixed(4)})`;
    console.log(`${JSON.stringify(early).padEnd(56)} ${percent(share("steps"))} ${percent(share("seconds"))}  ${cost}`);
  }
  reader.close();
} finally {
  rmSync(folder, { recursive: true });
}
