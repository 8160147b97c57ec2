// A study as a journal of Optuna (JournalFileBackend), for its plots and its other tools: one JSON object a line. The
// records are those of optuna/storages/journal/_storage.py (JournalOperation), checked with Optuna 5.0.
import type { StudyRecord } from "../store/records.js";
import { type Distribution, quantile, type Value, valuesOf } from "../sweep/distributions.js";
import type { Goal } from "../sweep/settings.js";
import type { Measurement, Trial } from "../sweep/trial.js";

const OPERATION = { createStudy: 0, setStudyUserAttribute: 2, setStudySystemAttribute: 3, createTrial: 4 } as const;
const DIRECTION: Readonly<Record<Goal, number>> = { minimize: 1, maximize: 2 };
const STATE = { complete: 1, pruned: 2, failed: 3 } as const;

/** Of a journal's writer; Optuna's own begin with a random text. */
const WRITER = "dualrate";

/**
 * The trials that have ended, each with all of its measurements. Optuna numbers them from 0 in this order; their own numbers,
 * seeds and resolved rates are user attributes. A trial without a value, or whose value is not finite, has failed there.
 */
export function toOptunaJournal(
  { name, sweep }: StudyRecord,
  trials: readonly Trial[],
  measurements: ReadonlyMap<number, readonly Measurement[]>,
): string {
  const ended = trials.filter((trial) => "endedAt" in trial);
  const dimensions = new Map(
    sweep.space.map(({ name, distribution }) => {
      return [
        name,
        dimensionOf(
          distribution,
          ended.flatMap(({ parameters }) => parameters[name] ?? []),
        ),
      ] as const;
    }),
  );
  const { metric } = sweep;
  const attributes = { metric: metric.name, method: sweep.method, seed: sweep.seed, written_by: "dualrate export" };
  const records = [
    { op_code: OPERATION.createStudy, study_name: name, directions: [DIRECTION[metric.goal]] },
    {
      op_code: OPERATION.setStudySystemAttribute,
      study_id: 0,
      system_attr: { "study:metric_names": [metric.name] },
    },
    ...Object.entries(attributes).map(([key, value]) => ({
      op_code: OPERATION.setStudyUserAttribute,
      study_id: 0,
      user_attr: { [key]: value },
    })),
    ...ended.map((trial) => {
      const values = (measurements.get(trial.number) ?? []).flatMap(({ step, validation }) => {
        const value = validation[metric.name];
        return value !== null && Number.isFinite(value) ? [[step, value] as const] : [];
      });
      return trialRecord(trial, values, dimensions);
    }),
  ];
  return records.map((record) => `${JSON.stringify({ ...record, worker_id: WRITER })}\n`).join("");
}

/** A parameter as Optuna has it. */
interface Dimension {
  /** Optuna keeps it as a text of JSON. */
  readonly distribution: string;
  /** How the journal states a value. */
  readonly internal: (value: Value) => number;
}

function trialRecord(
  trial: Extract<Trial, { readonly endedAt: number }>,
  values: readonly (readonly [step: number, value: number])[],
  dimensions: ReadonlyMap<string, Dimension>,
) {
  const searched = Object.entries(trial.parameters).flatMap(([name, value]) => {
    const dimension = dimensions.get(name);
    return dimension ? [{ name, value: dimension.internal(value), distribution: dimension.distribution }] : [];
  });
  const value = trial.state === "complete" ? trial.value : (values.at(-1)?.[1] ?? null);
  return {
    op_code: OPERATION.createTrial,
    study_id: 0,
    datetime_start: new Date(trial.startedAt).toISOString(),
    datetime_complete: new Date(trial.endedAt).toISOString(),
    state: trial.state === "pruned" && value === null ? STATE.failed : STATE[trial.state],
    value: trial.state === "failed" ? null : value,
    values: null,
    params: Object.fromEntries(searched.map(({ name, value }) => [name, value])),
    distributions: Object.fromEntries(searched.map(({ name, distribution }) => [name, distribution])),
    intermediate_values: Object.fromEntries(values),
    user_attrs: {
      trial: trial.number,
      replicate: trial.replicate,
      seed: trial.seed,
      ...trial.rates,
      ...(trial.state === "failed" && { failure: trial.failure.kind, reason: trial.failure.message }),
      ...(trial.state === "pruned" && { reason: trial.reason }),
    },
    system_attrs: {},
  };
}

/** A normal distribution has no end: what one draw in a thousand falls beyond. */
function endsOf(distribution: Distribution): readonly number[] {
  if (distribution.kind === "int_uniform") return [distribution.min, distribution.max];
  const tails = "mu" in distribution ? [0.001, 0.999] : [0, 1];
  return tails.map((u) => Number(quantile(distribution, u)));
}

/**
 * Optuna's distribution that holds the parameter's range and every value that trials had: it has no normal distributions, and
 * none of inverses. `values` need not lie in the range, which may have been another before.
 */
function dimensionOf(distribution: Distribution, values: readonly Value[]): Dimension {
  const listed = distribution.kind === "int_uniform" ? undefined : valuesOf(distribution);
  if (listed) {
    const choices = [...new Set([...listed, ...values])];
    return {
      distribution: JSON.stringify({ name: "CategoricalDistribution", attributes: { choices } }),
      internal: (value) => choices.indexOf(value),
    };
  }
  const all = [...endsOf(distribution), ...values.map(Number)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const integer = distribution.kind === "int_uniform";
  const attributes = { low, high, log: /log/.test(distribution.kind) && low > 0, step: integer ? 1 : null };
  const name = integer ? "IntDistribution" : "FloatDistribution";
  return { distribution: JSON.stringify({ name, attributes }), internal: Number };
}
