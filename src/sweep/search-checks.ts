// The rules of a sweep file's constraints, enqueued configurations and seeds.
import { runCapOf } from "./budget.js";
import { anyAllowed, createAllowed, MOST_FILTERED, namesIn, parseConstraint } from "./constraints.js";
import { enqueuedPoint, enqueuedProblem } from "./enqueued.js";
import { fixedOf, parameterNamesOf, possibleValues } from "./given.js";
import { RATE_NAMES } from "./parameters.js";
import { type Problem, pathText, unused } from "./problems.js";
import type { SweepInput } from "./schema.js";
import { gridSize, type Parameters, type Space } from "./space.js";

/** `space` has the searched parameters in any order. */
export function checkSearch(input: SweepInput, space: Space): readonly Problem[] {
  const malformed = (input.constraints ?? []).flatMap((text, i) => checkConstraint(input, text, i));
  if (malformed.length > 0) return malformed;
  const allowed = createAllowed(input.constraints ?? [], fixedOf(input));
  return [
    ...checkAllowed(input, space, allowed),
    ...checkEnqueued(input, space, allowed),
    ...checkFinal(input),
    ...checkWarmStart(input),
  ];
}

function checkWarmStart({ method, warm_start: given }: SweepInput): readonly Problem[] {
  if (given === undefined || method === "bayes") return [];
  return unused(["warm_start"], `method ${method} does not go by other trials' values`);
}

const EXAMPLE = 'Write e.g. "base_lr * lr_ratio <= 0.01": numbers and parameters, * and /, one comparison.';

function checkConstraint(input: SweepInput, text: string, index: number): readonly Problem[] {
  const path = ["constraints", index];
  const constraint = parseConstraint(text);
  if ("problem" in constraint) {
    return [{ path, message: `the constraint "${text}" cannot be read: ${constraint.problem}`, hint: EXAMPLE }];
  }
  const known = parameterNamesOf(input);
  const unknown = namesIn(constraint).filter((name) => {
    if (!known.includes(name)) return true;
    return !RATE_NAMES.some((rate) => rate === name) && possibleValues(input, name).length === 0;
  });
  return unknown.map((name) => {
    const message = `the constraint "${text}" names ${name}, which this sweep gives no value`;
    return { path, message, hint: `Fix or search ${name}, or leave it out.` };
  });
}

function checkAllowed(
  { method, constraints = [] }: SweepInput,
  space: Space,
  allowed: (parameters: Parameters) => boolean,
): readonly Problem[] {
  if (constraints.length === 0) return [];
  const path = ["constraints"];
  if (method === "grid" && gridSize(space) > MOST_FILTERED) {
    const message = `constraints need a grid of at most 1,000,000 points; it has ${gridSize(space).toLocaleString("en-US")}`;
    return [{ path, message, hint: "Give fewer values, or use another method with a run_cap." }];
  }
  if (anyAllowed(space, allowed)) return [];
  const message = "no configuration of the search space was found that meets the constraints";
  return [{ path, message, hint: "Widen the parameters' ranges, or loosen the constraints." }];
}

function checkEnqueued(
  input: SweepInput,
  space: Space,
  allowed: (parameters: Parameters) => boolean,
): readonly Problem[] {
  const { method, enqueue = [] } = input;
  const runCap = runCapOf(input);
  if (enqueue.length === 0) return [];
  if (method === "grid") {
    const message = "enqueue has no effect with method grid, which runs every configuration anyway";
    return [{ path: ["enqueue"], message, hint: "Remove it, or use method random, sobol or bayes." }];
  }
  if (runCap !== undefined && enqueue.length > runCap) {
    const message = `enqueue has ${enqueue.length} configurations, and run_cap allows ${runCap} trials`;
    return [{ path: ["enqueue"], message, hint: "Raise run_cap, or enqueue fewer." }];
  }
  const forbidden = (point: Parameters) => (allowed(point) ? undefined : "it does not meet the constraints");
  return enqueue.flatMap((given, index) => {
    const path = ["enqueue", index];
    const problem = enqueuedProblem(space, given) ?? forbidden(enqueuedPoint(space, given));
    if (problem === undefined) return [];
    return [{ path, message: `${pathText(path)} is no point of the search space: ${problem}`, hint: "Correct it." }];
  });
}

function checkFinal({ replicates = 1, final }: SweepInput): readonly Problem[] {
  if (final === undefined || final.seeds > replicates) return [];
  const message = `final.seeds is ${final.seeds}, and with replicates: ${replicates} every configuration has that many anyway`;
  return [{ path: ["final", "seeds"], message, hint: `Give more than ${replicates} seeds, or remove final.` }];
}
