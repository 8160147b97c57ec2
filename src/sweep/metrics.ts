// The metrics of an evaluation: which tasks have them, and which way is better.
import { type Goal, type MetricName, predictsTokens, type Task } from "./settings.js";

/** What is measured and stored, and what trials can be ranked by. */
export const METRICS = [
  "loss",
  "loss_introduced",
  "loss_base",
  "accuracy",
  "f1",
] as const satisfies readonly MetricName[];

export function goalOf(metric: MetricName): Goal {
  return metric === "accuracy" || metric === "f1" ? "maximize" : "minimize";
}

/** Whether evaluations of the task have the metric. */
export function hasMetric(task: Task, metric: MetricName): boolean {
  return metric !== "f1" || !predictsTokens(task);
}

/** exp of a language model's loss in nats. It orders trials as the loss does, so nothing stores it or ranks by it. */
export function perplexity(loss: number | null): number | null {
  return loss === null ? null : Math.exp(loss);
}
