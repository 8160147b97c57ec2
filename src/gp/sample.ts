// Draws of the hyperparameters from their posterior, for what must not rest on the single most probable ones.
// Notation: theta [d + 2] as in kernel.ts; its prior is normal, N(mu, diag sigma^2), since the hyperparameters' are log-normal.
// Elliptical slice sampling (Murray, Adams and MacKay, "Elliptical slice sampling", 2010, figure 2): nothing to tune.
import { Random } from "../random.js";
import { type Hyperparameters, hyperparametersOf } from "./gp.js";
import { logLikelihood, type Observations, pairDeltas, priors } from "./kernel.js";

/** Steps between two draws that are kept. */
const THINNED = 10;

/**
 * Shorter lengthscales and more noise than the search's priors: a search may be bold, but what is believed should not be too sure
 * (bench/NOTES.md has how often it was right).
 */
function cautious(prior: ReturnType<typeof priors>): ReturnType<typeof priors> {
  const d = prior.length - 2;
  return prior.map(({ mu, sigma }, t) => {
    if (t < d) return { mu: mu - 2, sigma: 1 };
    return t === d ? { mu, sigma } : { mu: -1.2, sigma: 0.7 };
  });
}

/** `count` draws, from a chain that begins at `start`; `key` seeds it. */
export function sampleHyperparameters(
  observations: Observations,
  start: Hyperparameters,
  count: number,
  key: number,
): readonly Hyperparameters[] {
  const random = new Random(key);
  const prior = cautious(priors(observations.kinds.length));
  const deltas = pairDeltas(observations);
  const likelihood = (theta: Float64Array) => logLikelihood(observations, deltas, theta);
  const { lengthscales, scale, noise } = start;
  let theta = Float64Array.from([...lengthscales, scale, noise], Math.log);
  let value = likelihood(theta);
  return Array.from({ length: count }, () => {
    for (let step = 0; step < THINNED; step++) {
      // Smaller and smaller angles lead back to theta itself: the loop ends.
      const level = value + Math.log(1 - random.uniform());
      const other = Float64Array.from(prior, ({ mu, sigma }) => mu + sigma * random.normal());
      let angle = 2 * Math.PI * random.uniform();
      let [low, high] = [angle - 2 * Math.PI, angle];
      for (;;) {
        const [along, across] = [Math.cos(angle), Math.sin(angle)];
        const next = theta.map((t, i) => {
          const mu = prior[i]?.mu ?? 0;
          return mu + (t - mu) * along + ((other[i] as number) - mu) * across;
        });
        const reached = likelihood(next);
        if (reached > level || high - low < 1e-9) {
          if (reached > level) [theta, value] = [next, reached];
          break;
        }
        if (angle < 0) low = angle;
        else high = angle;
        angle = low + (high - low) * random.uniform();
      }
    }
    return hyperparametersOf(theta);
  });
}
