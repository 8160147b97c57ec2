// Whether the planner is as sure as it may be: npm run bench:calibration [-- --studies 200]. Of many simulated studies on noisy
// functions, how often the 90 % set of `chances` (the most probable configurations, until their probabilities reach 0.9)
// holds the configuration that is truly the best of those tried. It should be 85 to 95 %. Whole configurations make the set hold more
// than 90 %; `exactly` counts the last one in part, so that the set holds 90 % by its own probabilities.
import { parseArgs } from "node:util";
import { chances, suggest } from "dualrate/planner";
import { deriveKey, Random } from "../dist/random.js";

const { values: flags } = parseArgs({ options: { studies: { type: "string", default: "200" } } });
const STUDIES = Number(flags.studies);

const unit = (names) => Object.fromEntries(names.map((name) => [name, { min: 0, max: 1, distribution: "uniform" }]));

const branin = ({ a, b }) => {
  const [x, y] = [15 * a - 5, 15 * b];
  return (
    (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 +
    10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) +
    10
  );
};
const A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const P = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];
const hartmann = (point) => {
  const x = Object.values(point);
  return -[1, 1.2, 3, 3.2].reduce((sum, c, i) => {
    const inner = x.reduce((s, v, j) => s + A[i][j] * (v - 1e-4 * P[i][j]) ** 2, 0);
    return sum + c * Math.exp(-inner);
  }, 0);
};
/** As a sweep's: losses about 2, the best ratio near 20, a steep rise where the rate is too high. */
const ratios = ({ base_lr, lr_ratio }) => {
  const [base, ratio] = [Math.log10(base_lr) + 4, Math.log10(lr_ratio) - 1.3];
  return 2 + 0.05 * ratio ** 2 + 0.04 * (base + 0.4 * ratio) ** 2 + 0.2 * Math.max(0, base + ratio - 1) ** 2;
};
const RATIOS = {
  base_lr: { distribution: "log_uniform_values", min: 1e-5, max: 1e-3 },
  lr_ratio: { distribution: "log_uniform_values", min: 0.1, max: 1000 },
};

const CASES = [
  ["branin", branin, unit(["a", "b"]), 15],
  ["hartmann6", hartmann, unit(["a", "b", "c", "d", "e", "f"]), 0.17],
  ["ratio x base_lr", ratios, RATIOS, 0.02],
];
const SHAPES = [
  { method: "sobol", trials: 20, seeds: 1 },
  { method: "sobol", trials: 20, seeds: 3 },
  { method: "bayes", trials: 20, seeds: 1 },
];

console.log(
  "function          trials        noise  seeds  held by the 90 % set  exactly  its size  probability of the most probable, right",
);
for (const [name, f, parameters, noise] of CASES) for (const shape of SHAPES) row(name, f, parameters, noise, shape);

function row(name, f, parameters, noise, { method, trials, seeds }) {
  let [held, exactly, size, claimed, right] = [0, 0, 0, 0, 0];
  for (let seed = 0; seed < STUDIES; seed++) {
    const study = simulated(f, parameters, noise, { method, trials, seeds, seed });
    const believed = chances(study);
    const best = study.trials.map(({ parameters }) => parameters).reduce((a, b) => (f(b) < f(a) ? b : a));
    const isBest = ({ parameters }) => JSON.stringify(parameters) === JSON.stringify(best);
    let sum = 0;
    const set = believed.filter((one) => {
      const part = Math.min(1, (0.9 - sum) / one.probability);
      sum += one.probability;
      if (isBest(one)) exactly += Math.max(0, part);
      return part > 0;
    });
    held += Number(set.some(isBest));
    size += set.length;
    claimed += believed[0].probability;
    right += Number(isBest(believed[0]));
  }
  const percent = (n) => `${((100 * n) / STUDIES).toFixed(0)} %`;
  console.log(
    [
      name.padEnd(17),
      `${trials} ${method}`.padEnd(10),
      String(noise).padStart(8),
      String(seeds).padStart(6),
      percent(held).padStart(21),
      percent(exactly).padStart(8),
      (size / STUDIES).toFixed(1).padStart(9),
      `${percent(claimed)}, ${percent(right)}`.padStart(42),
    ].join(" "),
  );
}

/** A study whose trials were suggested one by one, each with a value a seed. */
function simulated(f, parameters, noise, { method, trials, seeds, seed }) {
  const random = new Random(deriveKey("calibration", seed));
  let study = { parameters, method, seed, trials: [] };
  for (let i = 0; i < trials; i++) {
    const [point] = suggest(study);
    const values = Array.from({ length: seeds }, () => f(point) + noise * random.normal());
    study = { ...study, trials: [...study.trials, { parameters: point, state: "complete", values }] };
  }
  return study;
}
