// Minimises smooth functions of a few variables within bounds: L-BFGS (Nocedal and Wright, "Numerical Optimization", 2006,
// algorithm 7.4), projected onto the box after Bertsekas, "Projected Newton methods", 1982.
// Notation: x [n] point, g [n] gradient, s = x' - x, y = g' - g.

/** Writes the gradient at x into `gradient` and returns the value; an infinite value marks x as out of bounds. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface MinimizeOptions {
  readonly lower: number;
  readonly upper: number;
  readonly iterations: number;
  /** Ends where no free component of the gradient is larger. */
  readonly tolerance: number;
}

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
}

interface Step {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

const MEMORY = 8;
const SUFFICIENT_DECREASE = 1e-4;
const MOST_HALVINGS = 20;

/** A local minimum near `start`, which the box [lower, upper]^n must hold. */
export function minimize(objective: Objective, start: Float64Array, options: MinimizeOptions): Minimum {
  let x = Float64Array.from(start);
  let g = new Float64Array(x.length);
  let value = objective(x, g);
  const steps: Step[] = [];
  for (let iteration = 0; iteration < options.iterations; iteration++) {
    const free = freeGradient(x, g, options);
    if (free.every((component) => Math.abs(component) <= options.tolerance)) break;
    const next = lineSearch(objective, { x, value }, free, steps, options);
    if (next === undefined) {
      if (steps.length === 0) break;
      // Along the plain gradient, next.
      steps.length = 0;
      continue;
    }
    remember(steps, difference(next.x, x), difference(next.g, g));
    ({ x, g, value } = next);
  }
  return { x, value };
}

/** The gradient, zero where it points out of the box. */
function freeGradient(x: Float64Array, g: Float64Array, { lower, upper }: MinimizeOptions): Float64Array {
  return g.map((component, i) => {
    const out = component > 0 ? (x[i] as number) <= lower : (x[i] as number) >= upper;
    return out ? 0 : component;
  });
}

/** Halves the step until the value has fallen by Armijo's rule; undefined where it never does. */
function lineSearch(
  objective: Objective,
  { x, value }: Minimum,
  free: Float64Array,
  steps: readonly Step[],
  { lower, upper }: MinimizeOptions,
): (Minimum & { readonly x: Float64Array<ArrayBuffer>; readonly g: Float64Array<ArrayBuffer> }) | undefined {
  const direction = twoLoops(free, steps).map((component, i) => (free[i] === 0 ? 0 : -component));
  if (!(dot(direction, free) < 0)) return undefined;
  // Without memory the gradient's length says nothing about the distance.
  let size = steps.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(dot(free, free)));
  for (let halving = 0; halving < MOST_HALVINGS; halving++, size /= 2) {
    const there = x.map((component, i) =>
      Math.min(upper, Math.max(lower, component + size * (direction[i] as number))),
    ) as Float64Array<ArrayBuffer>;
    const g = new Float64Array(x.length);
    const reached = objective(there, g);
    const slope = dot(difference(there, x), free);
    if (slope < 0 && reached <= value + SUFFICIENT_DECREASE * slope) return { x: there, g, value: reached };
  }
  return undefined;
}

/** H g, with H the inverse Hessian that the remembered steps make. */
function twoLoops(g: Float64Array, steps: readonly Step[]): Float64Array {
  const q = Float64Array.from(g);
  const alphas = steps.toReversed().map(({ s, y, rho }) => {
    const alpha = rho * dot(s, q);
    add(q, y, -alpha);
    return alpha;
  });
  const last = steps.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1;
  for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) * scale;
  steps.forEach(({ s, y, rho }, i) => {
    add(q, s, (alphas[steps.length - 1 - i] as number) - rho * dot(y, q));
  });
  return q;
}

/** Steps along which the gradient does not rise would make H indefinite. */
function remember(steps: Step[], s: Float64Array, y: Float64Array): void {
  const curvature = dot(s, y);
  if (!(curvature > 1e-10 * dot(y, y))) return;
  steps.push({ s, y, rho: 1 / curvature });
  if (steps.length > MEMORY) steps.shift();
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function add(to: Float64Array, a: Float64Array, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + scale * (a[i] as number);
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((component, i) => component - (b[i] as number));
}
