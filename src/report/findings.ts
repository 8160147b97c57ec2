// What a study's trials say together, beyond the best of them: for `compare`, its page, and `explain`.
import type { Sweep } from "../sweep/settings.js";
import type { Trial } from "../sweep/trial.js";
import { type Importance, importanceLine, importanceOf } from "./importance.js";
import { type Interaction, interactionLine, interactionsOf } from "./interactions.js";
import { type RatioCurve, ratioCurveOf } from "./ratio-curve.js";
import { type Ridge, ridgeLine, ridgeOf } from "./ridge.js";
import { studyModel } from "./study-model.js";
import { curveLines } from "./verdict.js";

/** Each undefined where too little is known. */
export interface Findings {
  readonly curve: RatioCurve | undefined;
  readonly importance: readonly Importance[] | undefined;
  readonly ridge: Ridge | undefined;
  readonly interactions: readonly Interaction[];
}

export function findingsOf(sweep: Sweep, trials: readonly Trial[]): Findings {
  const model = studyModel(sweep, trials);
  return {
    curve: ratioCurveOf(sweep, trials, model),
    importance: importanceOf(sweep, trials, model),
    ridge: ridgeOf(sweep, trials, model),
    interactions: interactionsOf(sweep, trials),
  };
}

/** A line each. */
export function findingLines({ curve, importance, ridge, interactions }: Findings, metric: string): readonly string[] {
  return [
    ...(curve ? curveLines(curve) : []),
    ...(importance ? [importanceLine(importance, metric)] : []),
    ...(ridge ? [ridgeLine(ridge)] : []),
    ...interactions.map((one) => interactionLine(one, metric)),
  ];
}
