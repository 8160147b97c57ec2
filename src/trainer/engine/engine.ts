// What trains: an Engine owns parameters, moments and updates, so that they can live on a device.
import type { RowUpdates } from "../../sweep/settings.js";
import type { ByGroup, GradClipping, OptimizerConfig } from "../config.js";
import type { Batch } from "../data/batch.js";

/** What changes from step to step and from trial to trial; none of it is compiled in. */
export interface StepRates {
  /** Learning rate of each group at this step. */
  readonly lr: ByGroup<number>;
  readonly weightDecay: ByGroup<number>;
  /** 0 is off. */
  readonly maxGradNorm: number;
  /** Whether maxGradNorm is for the gradient as a whole, or for each group's. */
  readonly gradClipping: GradClipping;
  readonly optimizer: OptimizerConfig;
  /** Lazy is for models whose word table is not tied to the output. */
  readonly rowUpdates: RowUpdates;
  /**
   * Steps at the start in which the base group is frozen: without gradient, update or moments, and no part of the norm that
   * is clipped. Its bias corrections count from its first update.
   */
  readonly baseFrozenSteps: number;
  /** Key of this step's dropout masks; null trains without dropout. */
  readonly dropoutKey: number | null;
}

export interface GroupNorms {
  /** L2 norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** L2 norm of the change that the step made. */
  readonly updateNorm: number;
  /** L2 norm of the weights after the step. */
  readonly weightNorm: number;
}

export interface StepResult {
  /** Mean over the batch's targets of the cross-entropy, in nats, or in regression of the squared error. */
  readonly loss: number;
  /** L2 norm over all groups, before clipping. */
  readonly gradNorm: number;
  /** By name, of those that have parameters. */
  readonly groups: Readonly<Record<string, GroupNorms>>;
}

/** One entry per target slot, unused slots included. */
export interface EvalResult {
  readonly losses: Float32Array;
  /** Most likely labels; empty in regression. */
  readonly predictions: Int32Array;
}

export interface EngineState {
  readonly step: number;
  readonly tensors: ReadonlyMap<
    string,
    { readonly value: Float32Array; readonly m: Float32Array; readonly v: Float32Array }
  >;
}

export interface Engine {
  /** One optimizer step over micro-batches, whose losses and gradients are averaged over all their targets. */
  step(batches: readonly Batch[], rates: StepRates): Promise<StepResult>;
  /** Loss and most likely label of each target, dropout off. */
  evaluate(batch: Batch): Promise<EvalResult>;
  /** Weights and optimizer state, copied. */
  save(): Promise<EngineState>;
  /** As `save`, but valid until the next step or load alone: it may be the engine's own memory. */
  view(): Promise<EngineState>;
  load(state: EngineState): Promise<void>;
  dispose(): void;
}
