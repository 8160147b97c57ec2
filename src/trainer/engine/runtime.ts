// What a worker keeps for its life: the compiled steps, shared by all of its trials.
import type { Bucket } from "../data/batch.js";
import { type CompiledStep, compileStep, type StepKind, type StepSource } from "./onnx/step.js";

export interface Runtime {
  /** The compiled step for a batch shape; compiled when it is first asked for. */
  step(source: Omit<StepSource, "threads">, bucket: Bucket, kind: StepKind): Promise<CompiledStep>;
}

/** `threads`: inside one operator. Workers times threads should not exceed the cores. */
export function createRuntime({ threads = 1 }: { readonly threads?: number } = {}): Runtime {
  const steps = new Map<string, Promise<CompiledStep>>();
  return {
    step(source, bucket, kind) {
      const key = JSON.stringify([source.model.signature, bucket, kind]);
      const known = steps.get(key) ?? compileStep({ ...source, threads }, bucket, kind);
      steps.set(key, known);
      return known;
    },
  };
}
