// What `run --extend` may change of a stored study: how far it goes and where its further trials lie. Whatever would make its
// trials' numbers mean something else may not change.
import { type Change, identityChanges, limitChanges, PARAMETER_ORDER } from "./definition.js";
import type { StudyDefinition } from "./records.js";

export interface Extension {
  /** The changes that the study can take, as `key: old -> new`. */
  readonly accepted: readonly string[];
  /** Those that it cannot, each with the reason. */
  readonly refused: readonly Refusal[];
}

export interface Refusal extends Change {
  readonly why: string;
}

/**
 * Sorts what differs between a stored definition and its file's. Trials, budgets, the values and ranges of searched parameters and the
 * constraints may change in any direction: trials that the new space does not hold are facts all the same, and stay ranked.
 */
export function extensionOf(before: StudyDefinition, after: StudyDefinition): Extension {
  const changes = identityChanges(before, after);
  const sorted = changes.map((change) => ({ ...change, why: refusalOf(change, before, after) }));
  const accepted = sorted.filter(({ why }) => why === undefined);
  return {
    accepted: [...accepted, ...limitChanges(before, after)].map(({ text }) => text),
    refused: sorted.flatMap(({ key, text, why }) => (why === undefined ? [] : [{ key, text, why }])),
  };
}

const LENGTH = "learning-rate schedules depend on a trial's length";

const REASONS: Readonly<Record<string, string>> = {
  task: "its trials would be trained for something else",
  seed: "its trials would not share data order, masks and start any more",
  method: "the trials so far were chosen by the other method",
  enqueue: "these are the study's first trials; `run --enqueue` adds configurations",
  early_terminate: "its trials were judged by the other rule",
  replicates: "configurations would have different numbers of seeds; `final` gives the leaders more",
  warm_start: "the search began from it",
  model: "trials of another model cannot be compared",
  [PARAMETER_ORDER]: "it says which configuration has which number",
  "trainer.max_steps": LENGTH,
  "trainer.num_train_epochs": LENGTH,
  "content of model": "trials of another model cannot be compared",
  "content of tokenizer and tokens": "trials with other tokens cannot be compared",
  "content of data": "trials on other data cannot be compared",
};

function refusalOf(
  { key }: Change,
  { sweep: old }: StudyDefinition,
  { sweep: now }: StudyDefinition,
): string | undefined {
  if (key === "run_cap" || key === "constraints") return undefined;
  const [searched, searchedNow] = [old, now].map(({ space }) => space.some(({ name }) => name === key));
  if (searched && searchedNow) {
    const isLength = key === "batch_size" || key === "gradient_accumulation_steps";
    return isLength && now.earlyTerminate ? "early_terminate counts evaluations in the longest trial" : undefined;
  }
  if (searchedNow) return "the stored trials have no value of their own for it";
  if (searched) return "the stored trials differ in it";
  if (key.startsWith("metric.")) return "its trials were ranked, and their best evaluations chosen, by the other";
  return REASONS[key] ?? "all trials of a study share it";
}
