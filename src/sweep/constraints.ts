// Constraints between parameters, such as "base_lr * lr_ratio <= 0.01": a comparison of two products of numbers and names.
import { Random } from "../random.js";
import { type AnyParameterName, isParameterName, parameterSpec, parameterValue } from "./parameters.js";
import { resolveRates } from "./resolve.js";
import { cubePoint, gridPoint, gridSize, type Parameters, type Space } from "./space.js";

const OPERATORS = {
  "<=": (a: number, b: number) => a <= b,
  "<": (a: number, b: number) => a < b,
  ">=": (a: number, b: number) => a >= b,
  ">": (a: number, b: number) => a > b,
} as const;
type Operator = keyof typeof OPERATORS;

/** One number or parameter of a product, and whether the product is divided by it. */
interface Factor {
  readonly of: number | AnyParameterName;
  readonly divides: boolean;
}

interface Constraint {
  readonly left: readonly Factor[];
  readonly operator: Operator;
  readonly right: readonly Factor[];
}

/** The constraint, or what is wrong with its text. */
export function parseConstraint(text: string): Constraint | { readonly problem: string } {
  const [left, operator, right, ...more] = text.split(/(<=|>=|<|>)/);
  if (left === undefined || operator === undefined || right === undefined || more.length > 0) {
    return { problem: "it must have one of <=, <, >=, >, once" };
  }
  const sides = [parseProduct(left), parseProduct(right)] as const;
  for (const side of sides) if ("problem" in side) return side;
  const [first, second] = sides as readonly (readonly Factor[])[];
  return { left: first ?? [], operator: operator as Operator, right: second ?? [] };
}

function parseProduct(text: string): readonly Factor[] | { readonly problem: string } {
  const parts = text.split(/([*/])/).map((part) => part.trim());
  const factors: Factor[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const part = parts[i] as string;
    const divides = parts[i - 1] === "/";
    if (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part)) factors.push({ of: Number(part), divides });
    else if (isNumeric(part)) factors.push({ of: part, divides });
    else
      return {
        problem: part === "" ? "a factor is missing" : `"${part}" is no number and no parameter that has numbers`,
      };
  }
  return factors;
}

function isNumeric(name: string): name is AnyParameterName {
  return isParameterName(name) && parameterSpec(name).domain.kind !== "choice";
}

/** The parameters that a constraint names. */
export function namesIn({ left, right }: Constraint): readonly AnyParameterName[] {
  return [...left, ...right].flatMap(({ of }) => (typeof of === "number" ? [] : [of]));
}

/** Whether a trial's searched parameters, with the fixed ones, meet all of the constraints, which must be well-formed. */
export function createAllowed(constraints: readonly string[], fixed: Parameters): (parameters: Parameters) => boolean {
  const parsed = constraints.map((text) => parseConstraint(text) as Constraint);
  return (parameters) => {
    if (parsed.length === 0) return true;
    const all = { ...fixed, ...parameters };
    const values: Parameters = { ...all, ...resolveRates(all) };
    return parsed.every(({ left, operator, right }) =>
      OPERATORS[operator](product(left, values), product(right, values)),
    );
  };
}

function product(factors: readonly Factor[], values: Parameters): number {
  return factors.reduce((result, { of, divides }) => {
    const value = typeof of === "number" ? of : Number(parameterValue(values, of));
    return divides ? result / value : result * value;
  }, 1);
}

/** The most points of a grid that are looked at one by one. */
export const MOST_FILTERED = 1e6;
const MOST_DRAWN = 10_000;

/** Whether some point is allowed: of a grid exactly, elsewhere as far as many random draws tell. */
export function anyAllowed(space: Space, allowed: (parameters: Parameters) => boolean): boolean {
  const size = gridSize(space);
  if (size <= MOST_FILTERED) {
    for (let index = 0; index < size; index++) if (allowed(gridPoint(space, index))) return true;
    return false;
  }
  const random = new Random(0);
  for (let draw = 0; draw < MOST_DRAWN; draw++) if (allowed(cubePoint(space, () => random.uniform()))) return true;
  return false;
}
