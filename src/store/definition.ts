// What makes a study itself. Trials of another model, other data or other settings cannot be compared with its own,
// while a folder that moved or a better estimate of memory changes nothing.
import { hubModelText } from "../sweep/hub-model.js";
import { type Distribution, valuesOf } from "../sweep/space.js";
import type { StudyDefinition } from "./records.js";

/** A setting in which two definitions differ. */
export interface Change {
  /** In the sweep file's words, with its section where it has one. */
  readonly key: string;
  /** `key: old -> new` */
  readonly text: string;
}

/** What differs between two definitions, as lines "key: old -> new" in the sweep file's words; empty for the same study. */
export function definitionChanges(before: StudyDefinition, after: StudyDefinition): readonly string[] {
  return identityChanges(before, after).map(({ text }) => text);
}

/** What makes two definitions those of different studies. */
export function identityChanges(before: StudyDefinition, after: StudyDefinition): readonly Change[] {
  return [...changesOf(identity(before), identity(after)), ...movedModel(before, after)];
}

/** What differs in how far a study goes: any study takes these as its file has them. */
export function limitChanges(before: StudyDefinition, after: StudyDefinition): readonly Change[] {
  return changesOf(limits(before), limits(after));
}

function changesOf(old: Leaves, now: Leaves): readonly Change[] {
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => old.get(key) !== now.get(key))
    .map((key) => ({ key, text: `${key}: ${shown(old.get(key))} -> ${shown(now.get(key))}` }));
}

/** A branch of the hub that has moved to other weights or another tokenizer; to another README alone, it changes nothing. */
function movedModel(before: StudyDefinition, after: StudyDefinition): readonly Change[] {
  const [old, now] = [before.sweep.settings.hub, after.sweep.settings.hub];
  const same = before.inputs.model === after.inputs.model && before.inputs.tokenizer === after.inputs.tokenizer;
  if (same || !old || !now || (old.id === now.id && old.commit === now.commit)) return [];
  return [{ key: "model", text: `model: ${hubModelText(old)} -> ${hubModelText(now)}` }];
}

/** A value or a list of values as itself, whichever way the file stated it; anything else as a distribution. */
function stated(distribution: Distribution): unknown {
  const values = valuesOf(distribution);
  if (values === undefined || "probabilities" in distribution) return distribution;
  return values.length === 1 ? values[0] : values;
}

type Leaves = ReadonlyMap<string, string>;

export const PARAMETER_ORDER = "order of parameters";

function limits({ sweep }: StudyDefinition): Leaves {
  const { method, runCap, budget, final, settings } = sweep;
  return new Map([
    ...leaves("", { runCap: method === "grid" ? undefined : runCap }),
    ...leaves("budget.", { ...budget }),
    ...leaves("", { final }),
    ...leaves("trainer.", { maxTrialMinutes: settings.trainer.maxTrialMinutes }),
  ]);
}

/** Every setting that counts, by its key in the sweep file, its value as JSON. */
function identity({ sweep, inputs }: StudyDefinition): Leaves {
  const { settings, space } = sweep;
  // Paths and formats do not count: the hashes below stand for what the files hold. Nor does how long a trial may take.
  const { train, validation, test, format, ...data } = settings.data;
  const { length, maxTrialMinutes, ...trainer } = settings.trainer;
  // A suggestion of any other method does not depend on how many follow: more or fewer of them are the same study. A grid's
  // order depends on all.
  const runCap = sweep.method === "grid" ? sweep.runCap : undefined;
  const searched = space.map(({ name, distribution }) => {
    return [name, stated(distribution)] as const;
  });
  return new Map([
    ...leaves("", { task: settings.task, seed: sweep.seed, method: sweep.method, runCap }),
    ...leaves("", { constraints: sweep.constraints, enqueue: sweep.enqueued }),
    ...leaves("", { earlyTerminate: sweep.earlyTerminate, replicates: sweep.replicates }),
    ...leaves("", { warmStart: sweep.warmStart?.study }),
    ...leaves("metric.", { ...sweep.metric }),
    ...leaves("data.", { ...data, test: test === undefined ? undefined : "given" }),
    ...leaves("introduced_tokens.", { ...settings.introduced }),
    ...leaves("token_groups.", { ...settings.tokenGroups }),
    ...leaves("trainer.", { ...length, ...trainer }),
    ...leaves("", { ...settings.fixed, ...Object.fromEntries(searched) }),
    // The order of the parameters numbers the trials.
    ...leaves("", { [PARAMETER_ORDER]: space.map(({ name }) => name) }),
    ...leaves("content of ", { model: inputs.model, "tokenizer and tokens": inputs.tokenizer, data: inputs.data }),
  ]);
}

function leaves(prefix: string, values: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [prefix + snakeCase(key), JSON.stringify(value)] as const);
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const SHOWN = 60;

function shown(json: string | undefined): string {
  if (json === undefined) return "not given";
  if (/^"[0-9a-f]{64}"$/.test(json)) return json.slice(1, 13);
  return json.length > SHOWN ? `${json.slice(0, SHOWN)}...` : json;
}
