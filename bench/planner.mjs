// Simple regret of the samplers on test functions, and the time of a suggestion:
//   npm run bench:planner -- [--seeds 30] [--peer-seeds 10]
// Regret is that of the function's true value at the recommended point: of the points evaluated, the one with the best posterior
// mean under dualrate's Gaussian process, for every sampler alike; "random, lowest" recommends the lowest value seen, as random
// search does by itself. Optuna's samplers are in the table where $PYTHON (python3) has optuna.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createBayesSampler } from "../dist/planner/bayes.js";
import { createRandomSampler } from "../dist/planner/random.js";
import { createSobolSampler } from "../dist/planner/sobol.js";
import { recommend } from "../dist/planner/surrogate.js";
import { deriveKey, Random } from "../dist/random.js";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "30" },
    "peer-seeds": { type: "string", default: "10" },
    "no-peer": { type: "boolean", default: false },
  },
});
const BUDGETS = [20, 50];
const LAST = BUDGETS.at(-1);

const HARTMANN_A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const HARTMANN_P = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];
const HARTMANN_C = [1, 1.2, 3, 3.2];

/** Of the unit cube; standard definitions (Surjanovic and Bingham, Virtual Library of Simulation Experiments). */
const BRANIN = {
  d: 2,
  least: 0.39788735772973816,
  range: 308,
  value([u, v]) {
    const [x, y] = [-5 + 15 * u, 15 * v];
    const bowl = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
    return bowl * bowl + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  },
};
const HARTMANN = {
  d: 6,
  least: -3.322368011415515,
  range: 3.32,
  value: (x) =>
    -HARTMANN_C.reduce((sum, c, i) => {
      const distance = x.reduce((s, xk, k) => s + HARTMANN_A[i][k] * (xk - HARTMANN_P[i][k] / 1e4) ** 2, 0);
      return sum + c * Math.exp(-distance);
    }, 0),
};
const PROBLEMS = [
  { name: "branin", ...BRANIN, noise: 0 },
  { name: "hartmann6", ...HARTMANN, noise: 0 },
  { name: "branin-noisy", ...BRANIN, noise: 0.05 * BRANIN.range },
  { name: "hartmann6-noisy", ...HARTMANN, noise: 0.05 * HARTMANN.range },
];
const anything = () => true;
const SAMPLERS = {
  random: () => createRandomSampler(LAST),
  sobol: () => createSobolSampler(LAST, anything),
  bayes: (space) => createBayesSampler(space, LAST, anything),
};

function spaceOf(d) {
  return Array.from({ length: d }, (_, k) => ({ name: `x${k}`, distribution: { kind: "uniform", min: 0, max: 1 } }));
}

function coordinates(parameters) {
  return Object.values(parameters);
}

/** The noise of evaluation `number`: the same for all samplers of this program. */
function observe(problem, seed, number, x) {
  return problem.value(x) + problem.noise * new Random(deriveKey(seed, "noise", number)).normal();
}

function complete(number, parameters, value) {
  return { number, parameters, state: "complete", value };
}

function runSampler(problem, name, seed) {
  const space = spaceOf(problem.d);
  const sampler = SAMPLERS[name](space);
  const finished = [];
  for (let number = 1; number <= LAST; number++) {
    const parameters = sampler.suggest(space, { finished, running: [], goal: "minimize", seed }, number);
    finished.push(complete(number, parameters, observe(problem, seed, number, coordinates(parameters))));
  }
  return finished;
}

/** Regret after each budget. */
function regrets(problem, trials, seed, recommended = byPosteriorMean) {
  return BUDGETS.map((budget) => {
    const history = { finished: trials.slice(0, budget), running: [], goal: "minimize", seed };
    return problem.value(coordinates(recommended(spaceOf(problem.d), history))) - problem.least;
  });
}

function byPosteriorMean(space, history) {
  return recommend(space, history);
}

function byLowest(_, { finished }) {
  return finished.reduce((best, trial) => (trial.value < best.value ? trial : best)).parameters;
}

function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  return sorted[Math.floor(at)] + (at % 1) * (sorted[Math.ceil(at)] - sorted[Math.floor(at)]);
}

function printRow(problem, sampler, all) {
  const cells = BUDGETS.map((_, i) => {
    const of = all.map((one) => one[i]);
    return `${quantile(of, 0.5).toFixed(4).padStart(9)} (${quantile(of, 0.25).toFixed(4)} to ${quantile(of, 0.75).toFixed(4)})`;
  });
  console.log([problem.padEnd(16), sampler.padEnd(14), String(all.length).padStart(5), ...cells].join("  "));
}

/** Rows of Optuna's samplers, as planner.py prints them: one JSON object a study. */
function peerStudies() {
  const script = fileURLToPath(new URL("planner.py", import.meta.url));
  const python = process.env.PYTHON ?? "python3";
  const told = spawnSync(python, [script, flags["peer-seeds"], String(LAST)], { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (told.status !== 0) {
    console.log(`no peer: ${told.stderr?.trim().split("\n").at(-1) ?? told.error?.message}`);
    return [];
  }
  return told.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function timeSuggestions(count, repeats) {
  const space = spaceOf(6);
  const finished = Array.from({ length: count }, (_, i) => {
    const random = new Random(deriveKey(7, i));
    const parameters = Object.fromEntries(space.map(({ name }) => [name, random.uniform()]));
    return complete(i + 1, parameters, observe(PROBLEMS[3], 7, i, coordinates(parameters)));
  });
  const sampler = createBayesSampler(space, 1e6, anything);
  return Array.from({ length: repeats }, (_, seed) => {
    const start = performance.now();
    sampler.suggest(space, { finished, running: [], goal: "minimize", seed }, count + 1);
    return performance.now() - start;
  });
}

console.log(`median regret (quartiles) after ${BUDGETS.join(" and ")} evaluations`);
const seeds = Array.from({ length: Number(flags.seeds) }, (_, seed) => seed);
for (const problem of PROBLEMS) {
  for (const name of Object.keys(SAMPLERS)) {
    const studies = seeds.map((seed) => ({ seed, trials: runSampler(problem, name, seed) }));
    const row = (...how) => studies.map(({ seed, trials }) => regrets(problem, trials, seed, ...how));
    if (name === "random") printRow(problem.name, "random, lowest", row(byLowest));
    printRow(problem.name, name, row());
  }
}
const peers = flags["no-peer"] ? [] : peerStudies();
for (const problem of PROBLEMS) {
  for (const name of new Set(peers.map(({ sampler }) => sampler))) {
    const studies = peers.filter((study) => study.problem === problem.name && study.sampler === name);
    const all = studies.map(({ seed, trials }) => {
      const finished = trials.map(({ x, value }, i) => {
        return complete(i + 1, Object.fromEntries(x.map((u, k) => [`x${k}`, u])), value);
      });
      return regrets(problem, finished, seed);
    });
    printRow(problem.name, name, all);
  }
}
const times = timeSuggestions(200, 21);
console.log(
  `a suggestion at 200 trials in 6 dimensions: median ${quantile(times, 0.5).toFixed(0)} ms, most ${Math.max(...times).toFixed(0)} ms`,
);
