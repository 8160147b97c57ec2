// How often the 95 % interval for the best ratio holds it: npm run bench:coverage [-- --studies 200]. Simulated studies with a known best
// ratio, between 0.6 and 160, a valley of random width that bends with base_lr, and noise; it should be 90 to 98 %.
import { parseArgs } from "node:util";
import { createSampler } from "../dist/planner/planner.js";
import { deriveKey, Random } from "../dist/random.js";
import { ratioCurveOf } from "../dist/report/ratio-curve.js";

const { values: flags } = parseArgs({ options: { studies: { type: "string", default: "200" } } });
const STUDIES = Number(flags.studies);
const range = (min, max) => ({ kind: "log_uniform_values", min, max });
const SPACE = [
  { name: "base_lr", distribution: range(1e-5, 1e-3) },
  { name: "lr_ratio", distribution: range(0.1, 1000) },
];
const SHAPES = [
  { method: "random", trials: 30, noise: 0.02 },
  { method: "random", trials: 16, noise: 0.04 },
  { method: "bayes", trials: 30, noise: 0.02 },
];

/** A loss over both rates, and where it is lowest. */
function problem(seed) {
  const random = new Random(deriveKey("coverage", seed));
  const [optimum, width, bend] = [
    10 ** (2.4 * random.uniform() - 0.2),
    0.03 + 0.1 * random.uniform(),
    random.uniform(),
  ];
  const loss = (base, ratio) => {
    const [x, y] = [Math.log10(base) + 4, Math.log10(ratio / optimum)];
    return 2 + width * y * y + 0.05 * (x + 0.6 * bend * y) ** 2 + 0.15 * Math.max(0, x + y - 1.2) ** 2;
  };
  let best = { loss: Number.POSITIVE_INFINITY, ratio: 1 };
  for (let i = 0; i <= 400; i++) {
    for (let j = 0; j <= 100; j++) {
      const ratio = 0.1 * 10 ** ((4 * i) / 400);
      const value = loss(1e-5 * 10 ** ((2 * j) / 100), ratio);
      if (value < best.loss) best = { loss: value, ratio };
    }
  }
  return { random, loss, ratio: best.ratio };
}

function simulated({ random, loss }, { method, trials: count, noise }, seed) {
  const metric = { name: "loss", goal: "minimize" };
  const sweep = { space: SPACE, settings: { fixed: {} }, metric, seed, method, runCap: count };
  const sampler = createSampler(sweep);
  const trials = [];
  for (let number = 1; number <= count; number++) {
    const parameters = sampler.suggest(SPACE, { finished: trials, running: [], goal: "minimize", seed }, number);
    const { base_lr, lr_ratio } = parameters;
    const value = loss(base_lr, lr_ratio) + noise * random.normal();
    const rates = { base_lr, lr_ratio, intro_lr: base_lr * lr_ratio };
    const ended = { state: "complete", startedAt: 1, endedAt: 2, value, bestStep: 1 };
    trials.push({ number, replicate: 0, seed: 0, parameters, rates, ...ended });
  }
  return { sweep, trials };
}

console.log("method  trials  noise  held  width in powers of ten  of the estimate, off by (median)");
for (const shape of SHAPES) {
  let [held, width] = [0, 0];
  const off = [];
  for (let seed = 0; seed < STUDIES; seed++) {
    const one = problem(seed);
    const { sweep, trials } = simulated(one, shape, seed);
    const { best } = ratioCurveOf(sweep, trials);
    held += Number(best.low <= one.ratio * 1.0001 && one.ratio <= best.high * 1.0001);
    width += Math.log10(best.high / best.low);
    off.push(Math.abs(Math.log10(best.ratio / one.ratio)));
  }
  off.sort((a, b) => a - b);
  console.log(
    [
      shape.method.padEnd(6),
      String(shape.trials).padStart(7),
      String(shape.noise).padStart(6),
      `${((100 * held) / STUDIES).toFixed(0)} %`.padStart(6),
      (width / STUDIES).toFixed(2).padStart(22),
      off[off.length >> 1].toFixed(2).padStart(33),
    ].join(" "),
  );
}
