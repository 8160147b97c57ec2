// Reference values of test/golden/make_planner.py.
import { readFileSync } from "node:fs";
import type { Hyperparameters } from "../../src/gp/gp.js";
import type { CoordinateKind } from "../../src/gp/kernel.js";

interface PlannerGolden {
  readonly sobol: { readonly firstPoints: readonly (readonly number[])[]; readonly point63: readonly number[] };
  readonly process: {
    readonly kinds: readonly CoordinateKind[];
    readonly x: readonly (readonly number[])[];
    readonly y: readonly number[];
    readonly hyperparameters: Hyperparameters;
    readonly at: readonly (readonly number[])[];
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
    readonly logLikelihood: number;
  };
  readonly logH: readonly { readonly z: number; readonly logH: number }[];
}

const file = new URL("../golden/planner.json", import.meta.url);

export const golden = JSON.parse(readFileSync(file, "utf8")) as PlannerGolden;

/** The golden process's observations. */
export const observations = {
  kinds: golden.process.kinds,
  x: Float64Array.from(golden.process.x.flat()),
  y: Float64Array.from(golden.process.y),
};
