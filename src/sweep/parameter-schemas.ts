// The part of a sweep file's shape that the table of parameters gives: fixed values in their sections, and the search.
import { z } from "zod";
import {
  type AnyParameterName,
  type Default,
  type Domain,
  GROUP_SUFFIXES,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type ParameterSpec,
  parameterNames,
  parameterSpec,
} from "./parameters.js";
import type { Value } from "./space.js";

const SPECS: Readonly<Record<ParameterName, ParameterSpec>> = PARAMETERS;

/** The JSON Schema that YAML language servers know best. */
export const TARGET = { target: "draft-07", io: "input" } as const;

export const probability = z.number().min(0).max(1);

function domainSchema(domain: Domain): z.ZodType<Value> {
  if (domain.kind === "choice") return z.enum(domain.choices);
  let schema: z.ZodNumber = domain.kind === "integer" ? z.int() : z.number();
  if (domain.min !== undefined) schema = schema.min(domain.min);
  if (domain.max !== undefined) schema = schema.max(domain.max);
  if (domain.above !== undefined) schema = schema.gt(domain.above);
  if (domain.below !== undefined) schema = schema.lt(domain.below);
  return schema;
}

function describeDefault(fallback: Default): string {
  if (fallback === "none") return "";
  return "sameAs" in fallback ? ` Default: as ${fallback.sameAs}.` : ` Default: ${fallback.value}.`;
}

function describeParameter(name: AnyParameterName): string {
  const { description, default: fallback } = parameterSpec(name);
  return description + describeDefault(fallback);
}

/** One key for each of the parameters. */
function shapeOf<Name extends ParameterName, Schema>(names: readonly Name[], schema: (name: Name) => Schema) {
  return Object.fromEntries(names.map((name) => [name, schema(name)])) as Record<Name, Schema>;
}

type NamesIn<Section> = {
  [Name in ParameterName]: (typeof PARAMETERS)[Name]["section"] extends Section ? Name : never;
}[ParameterName];

/** The parameters whose fixed values stand in a section, each optional. */
export function fixedShape<Section extends ParameterSpec["section"]>(section: Section) {
  const names = PARAMETER_NAMES.filter((name) => SPECS[name].section === section) as NamesIn<Section>[];
  return shapeOf(names, (name) => domainSchema(SPECS[name].domain).optional().describe(describeParameter(name)));
}

/** At least one of the keys, for editors. */
function anyOf(...keys: readonly string[]) {
  return { anyOf: keys.map((key) => ({ required: [key] })) };
}

/** W&B's names. */
export const DISTRIBUTIONS = [
  "constant",
  "categorical",
  "int_uniform",
  "uniform",
  "q_uniform",
  "log_uniform",
  "q_log_uniform",
  "inv_log_uniform",
  "log_uniform_values",
  "q_log_uniform_values",
  "inv_log_uniform_values",
  "normal",
  "q_normal",
  "log_normal",
  "q_log_normal",
] as const;

/** How values of a kind are searched. */
function searchOf<Kind extends z.ZodType<Value>>(value: Kind) {
  return z.strictObject({
    value: value.optional().describe("The one value."),
    values: z
      .array(value)
      .min(1)
      .meta({ uniqueItems: true })
      .optional()
      .describe("The values to try, in the grid's order."),
    probabilities: z.array(probability).min(1).optional().describe("One a value, for random and sobol; they sum to 1."),
    distribution: z
      .enum(DISTRIBUTIONS)
      .optional()
      .describe("Default for min and max: int_uniform where both are integers (1.0 is one), else uniform."),
    min: z
      .number()
      .optional()
      .describe(
        "Of the values; for log_uniform and q_log_uniform of their natural logarithms, for inv_log_uniform of their inverses'.",
      ),
    max: z.number().optional().describe("As min."),
    mu: z.number().optional().describe("Mean (of the natural logarithm, for the log kinds). Default: 0."),
    sigma: z.number().gt(0).optional().describe("Standard deviation, as mu. Default: 1."),
    q: z.number().gt(0).optional().describe("Values are rounded to multiples of q. Default: 1."),
  });
}

/** Of a parameter of which nothing is known. */
export const searchSchema = searchOf(z.union([z.number(), z.string(), z.boolean()]));

/** What `searchSchema` takes. */
export interface Search {
  readonly value?: Value;
  readonly values?: readonly Value[];
  readonly probabilities?: readonly number[];
  readonly distribution?: (typeof DISTRIBUTIONS)[number];
  readonly min?: number;
  readonly max?: number;
  readonly mu?: number;
  readonly sigma?: number;
  readonly q?: number;
}

function searchSchemaOf(name: AnyParameterName) {
  return searchOf(domainSchema(parameterSpec(name).domain)).meta({
    description: describeParameter(name),
    ...anyOf("value", "values", "min", "distribution"),
  });
}

export function parametersSchema(tokenGroups: readonly string[]) {
  const names = parameterNames(tokenGroups) as readonly ParameterName[];
  return z.strictObject(shapeOf(names, (name) => searchSchemaOf(name).optional()));
}

/** For editors, which do not know a file's groups: parameters of any. */
export function groupPatterns() {
  const patterns = GROUP_SUFFIXES.map((suffix) => {
    const { $schema: _, ...schema } = z.toJSONSchema(searchSchemaOf(`group_${suffix}`), TARGET);
    return [
      `^[a-z][a-z0-9_]*_${suffix}$`,
      { ...schema, description: `As head_${suffix}, for a group of token_groups.` },
    ];
  });
  return { patternProperties: Object.fromEntries(patterns) };
}
