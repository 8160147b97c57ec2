// Whether the best ratio is another one at another batch size or with another optimizer, which both change what a rate does.
import { rankConfigurations } from "../sweep/configuration.js";
import type { Sweep } from "../sweep/settings.js";
import type { Value } from "../sweep/space.js";
import type { Trial } from "../sweep/trial.js";
import { formatMetric, formatParameter, formatRatio } from "./format.js";

export interface Interaction {
  readonly name: string;
  /** By ascending value, or in the order in which they came. */
  readonly best: readonly {
    readonly value: Value;
    /** Of the best configuration with this value. */
    readonly ratio: number;
    readonly metric: number;
    readonly trials: number;
  }[];
}

/** Parameters that a ratio is known to depend on, where they were searched. */
const SUSPECTS = ["optim", "batch_size", "gradient_accumulation_steps"];

/** Of more values than these, drawn from a range, none has trials enough. */
const MOST_VALUES = 6;

/** Of those with several values that have a complete trial each. */
export function interactionsOf(
  { space, metric }: Pick<Sweep, "space" | "metric">,
  trials: readonly Trial[],
): readonly Interaction[] {
  const names = SUSPECTS.filter((suspect) => space.some(({ name }) => name === suspect));
  return names.flatMap((name) => {
    const values = [...new Set(trials.flatMap(({ parameters }) => parameters[name] ?? []))];
    const best = values.flatMap((value) => {
      const those = trials.filter(({ parameters }) => parameters[name] === value);
      const [first] = rankConfigurations(those, metric.goal);
      if (first === undefined) return [];
      return [{ value, ratio: first.rates.lr_ratio, metric: first.value, trials: those.length }];
    });
    if (best.length < 2 || values.length > MOST_VALUES) return [];
    return [{ name, best: best.sort((a, b) => (typeof a.value === "number" ? a.value - Number(b.value) : 0)) }];
  });
}

/** Ratios further apart than this differ by more than a usual grid's step. */
const APART = 3.2;

/** One line each: the best ratio by value, and whether they are far apart. */
export function interactionLine({ name, best }: Interaction, metric: string): string {
  const each = best.map(
    ({ value, ratio, metric: reached }) =>
      `${formatParameter(name, value)}: ${formatRatio(ratio)} (${metric} ${formatMetric(reached)})`,
  );
  const ratios = best.map(({ ratio }) => ratio);
  const apart = Math.max(...ratios) > APART * Math.min(...ratios);
  return `best ratio by ${name}: ${each.join(", ")}${apart ? `; they are far apart: search the ratio anew for another ${name}` : ""}`;
}
