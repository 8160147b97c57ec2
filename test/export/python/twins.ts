// Trials to write as Python.
import { exportedConfiguration } from "../../../src/export/configuration.js";
import type { Twin } from "../../../src/export/python/twin.js";
import { goalOf } from "../../../src/sweep/metrics.js";
import type { MetricName, Settings } from "../../../src/sweep/settings.js";
import type { Parameters } from "../../../src/sweep/space.js";
import type { CompleteTrial } from "../../../src/sweep/trial.js";
import { resolveConfig } from "../../../src/trainer/config.js";
import { complete, settings, study } from "../../report/trials.js";

/** A masked-lm trial at ratio 10 with these parameters, of a study with these settings beside its own. */
export function twin(parameters: Parameters = {}, changes: Partial<Settings> = {}, metric: MetricName = "loss"): Twin {
  const own: Settings = { ...settings, ...changes };
  const trial = complete(4, 10, 2.123456789012345, parameters) as CompleteTrial;
  const record = { ...study, sweep: { ...study.sweep, settings: own, metric: { name: metric, goal: goalOf(metric) } } };
  return {
    configuration: exportedConfiguration(record, trial, "/data"),
    settings: own,
    config: resolveConfig(own, trial.parameters, { seed: trial.seed, trainExamples: 2000 }),
  };
}

export const classification = { task: "sequence-classification" } as const;
export const tagging = { task: "token-classification" } as const;
