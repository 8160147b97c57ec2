// The errors of a study whose sweep file was changed, with what can be done about it.
import { DualrateError } from "../errors.js";
import { identityChanges } from "./definition.js";
import { extensionOf, type Refusal } from "./extension.js";
import type { StudyDefinition, StudyOwner } from "./records.js";

const INSTEAD = "give the sweep a new name, or another --results folder";

/** Of a run without --extend. */
export function changedDefinition(known: StudyDefinition, definition: StudyDefinition, results: string): DualrateError {
  const changes = identityChanges(known, definition).map(({ text }) => text);
  const { name } = definition.sweep;
  return changed(
    definition,
    `study "${name}" in ${results} was started with another definition; what changed:\n  ${changes.join("\n  ")}`,
    hintFor(changes.length, extensionOf(known, definition).refused),
  );
}

function hintFor(changes: number, refused: readonly Refusal[]): string {
  if (refused.length === 0) return `Add --extend to go on with the study as changed. Or undo the change, ${INSTEAD}.`;
  const undo = `Undo the change, or ${INSTEAD}.`;
  if (refused.length === changes) return undo;
  return `--extend takes all of these but ${refused.map(({ key }) => key).join(", ")}. ${undo}`;
}

/** Of a run with --extend. */
export function notExtended(definition: StudyDefinition, refused: readonly Refusal[]): DualrateError {
  const lines = refused.map(({ text, why }) => `${text} (${why})`);
  return changed(
    definition,
    `study "${definition.sweep.name}" cannot be extended with these changes:\n  ${lines.join("\n  ")}`,
    `Undo them, or ${INSTEAD}. What may change: run_cap, budget, final, constraints, and the values or ranges of searched parameters.`,
  );
}

export function nothingToExtend(definition: StudyDefinition, results: string): DualrateError {
  const message = `${results} holds no study named "${definition.sweep.name}" to extend`;
  return changed(definition, message, "Leave out --extend to start it, or name the --results folder that holds it.");
}

export function runsElsewhere(definition: StudyDefinition, { pid, host }: StudyOwner): DualrateError {
  const message = `study "${definition.sweep.name}" cannot be extended while process ${pid} on ${host} runs it`;
  return changed(definition, message, "Stop that run (Ctrl-C there), then extend; its trials are kept.");
}

function changed({ sweep: { file } }: StudyDefinition, message: string, hint: string): DualrateError {
  return new DualrateError("study", message, { hint, place: { file } });
}
