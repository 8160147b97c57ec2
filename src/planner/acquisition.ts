// Where a surrogate expects the greatest improvement: quasi-random candidates, then local search from the best of them.
// Notation: x [d] coordinates of dimensions.ts; the improvement is that of the best posterior mean, as in knowledge-gradient.ts.
import { minimize } from "../gp/lbfgs.js";
import { deriveKey, Random } from "../random.js";
import { gridPoint, gridSize, type Parameters, type Space } from "../sweep/space.js";
import { type Dimension, decode, encode } from "./dimensions.js";
import { logGain } from "./knowledge-gradient.js";
import { type Allowed, MOST_REDRAWN } from "./sampler.js";
import { sobolPoint } from "./sobol.js";
import type { Surrogate } from "./surrogate.js";

/** A space of no more points is searched point by point. */
const MOST_LISTED = 1000;
const CANDIDATES = 400;
const NEAR_LEADERS = 5;
const NEAR_EACH = 24;
const CLIMBED = 5;
/** Of the unit cube: from a refinement of the best to its wider surroundings. */
const SPREADS = [0.005, 0.03, 0.15];

interface Candidate {
  readonly parameters: Parameters;
  readonly x: Float64Array;
  readonly value: number;
}

/** The new and allowed configuration of greatest expected improvement; undefined where there is none. */
export function mostImproving(space: Space, surrogate: Surrogate, key: number, isNew: Allowed): Parameters | undefined {
  const listed = gridSize(space) <= MOST_LISTED;
  const points = listed ? everyPoint(space) : [...spreadPoints(space, key), ...nearPoints(space, surrogate, key)];
  const candidates = points.filter(isNew).map((parameters) => candidateAt(surrogate, parameters));
  candidates.sort((a, b) => b.value - a.value);
  if (!listed) {
    const climbed = candidates.slice(0, CLIMBED).map(({ x }) => climb(space, surrogate, x, isNew));
    candidates.unshift(...climbed.filter(({ parameters }) => isNew(parameters)));
  }
  if (candidates.length === 0) return firstNew(space, key, isNew);
  return candidates.reduce((a, b) => (b.value > a.value ? b : a)).parameters;
}

function everyPoint(space: Space): readonly Parameters[] {
  return Array.from({ length: gridSize(space) }, (_, index) => gridPoint(space, index));
}

function spreadPoints(space: Space, key: number): readonly Parameters[] {
  return Array.from({ length: CANDIDATES }, (_, index) => sobolPoint(space, key, index));
}

/** The leaders' surroundings: shifted in ranges, another level now and then in lists. */
function nearPoints(space: Space, { dimensions, leaders }: Surrogate, key: number): readonly Parameters[] {
  const random = new Random(deriveKey(key, "near"));
  return leaders.slice(0, NEAR_LEADERS).flatMap((leader) =>
    Array.from({ length: NEAR_EACH }, (_, i) => {
      const spread = SPREADS[i % SPREADS.length] as number;
      return decode(
        space,
        dimensions,
        leader.map((coordinate, k) => {
          const dimension = dimensions[k] as Dimension;
          if ("range" in dimension) return reflected(coordinate + spread * random.normal());
          if (random.uniform() * dimensions.length > 1) return coordinate;
          return dimension.levels[random.below(dimension.levels.length)]?.coordinate ?? coordinate;
        }),
      );
    }),
  );
}

/** Back into [0, 1], as from a mirror. */
function reflected(x: number): number {
  const distance = Math.abs(x) % 2;
  return distance > 1 ? 2 - distance : distance;
}

function candidateAt(surrogate: Surrogate, parameters: Parameters): Candidate {
  const x = encode(surrogate.dimensions, parameters);
  return { parameters, x, value: logImprovement(surrogate, x) };
}

function logImprovement(surrogate: Surrogate, x: Float64Array): number {
  return improvementAt(surrogate, x).gain.value;
}

function improvementAt({ lookahead, contenders }: Surrogate, x: Float64Array) {
  const ahead = lookahead(x);
  const tried = contenders.map(({ mean }, i) => ({ a: mean, b: ahead.changes[i] as number }));
  return { ahead, gain: logGain([{ a: ahead.mean, b: ahead.change }, ...tried]) };
}

const CLIMB = { lower: 0, upper: 1, iterations: 40, tolerance: 1e-5 };
const MOST_ROUNDS = 3;

/** Ascent along the ranges and the best level of each list, in turns, until neither helps. */
function climb(space: Space, surrogate: Surrogate, start: Float64Array, isNew: Allowed): Candidate {
  const { dimensions } = surrogate;
  const isAllowed = (x: Float64Array) => isNew(decode(space, dimensions, x));
  let best = { x: start, value: logImprovement(surrogate, start) };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = best.value;
    const { x, value } = minimize(
      (at, gradient) => minusLogImprovement(surrogate, at, gradient, isAllowed),
      best.x,
      CLIMB,
    );
    best = bestLevels(surrogate, { x, value: -value }, isAllowed);
    if (dimensions.every((dimension) => "range" in dimension) || best.value - before < 1e-6) break;
  }
  // Rounded where the distribution rounds: what would be trained is what counts.
  return candidateAt(surrogate, decode(space, dimensions, best.x));
}

function minusLogImprovement(
  surrogate: Surrogate,
  x: Float64Array,
  gradient: Float64Array,
  isAllowed: (x: Float64Array) => boolean,
): number {
  if (!isAllowed(x)) return Number.POSITIVE_INFINITY;
  const { ahead, gain } = improvementAt(surrogate, x);
  const [own, ...tried] = gain.byB;
  const slopes = ahead.gradient({
    mean: gain.byA[0] as number,
    change: own as number,
    changes: Float64Array.from(tried),
  });
  surrogate.dimensions.forEach((dimension, k) => {
    gradient[k] = "range" in dimension ? -(slopes[k] as number) : 0;
  });
  return -gain.value;
}

type Scored = Pick<Candidate, "x" | "value">;

function bestLevels(surrogate: Surrogate, start: Scored, isAllowed: (x: Float64Array) => boolean): Scored {
  let best = start;
  surrogate.dimensions.forEach((dimension, k) => {
    if ("range" in dimension) return;
    for (const { coordinate } of dimension.levels) {
      const x = best.x.map((other, i) => (i === k ? coordinate : other));
      const value = isAllowed(x) ? logImprovement(surrogate, x) : Number.NEGATIVE_INFINITY;
      if (value > best.value) best = { x, value };
    }
  });
  return best;
}

/** Where all candidates were seen or are not allowed: any other point of the sequence. */
function firstNew(space: Space, key: number, isNew: Allowed): Parameters | undefined {
  for (let index = CANDIDATES; index < CANDIDATES + MOST_REDRAWN; index++) {
    const point = sobolPoint(space, key, index);
    if (isNew(point)) return point;
  }
  return undefined;
}
