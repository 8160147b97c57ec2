// Keeps the C library from giving memory back to the kernel after every step.
import { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeModel } from "./proto.js";

/** Just below the largest block by which glibc moves its thresholds (DEFAULT_MMAP_THRESHOLD_MAX, 32 MiB). */
const BYTES = 30 * 1024 * 1024;

let raised: Promise<void> | undefined;

/**
 * glibc gives the end of its heap back once more than a threshold of it is free, and the next step takes the pages anew,
 * one fault each: 20,000 of them, a twentieth of a step, at 22 million parameters. The threshold is twice the largest
 * block that was freed so far (mallopt(3), M_MMAP_THRESHOLD), so one such block is taken and freed here. Other C
 * libraries do not mind.
 */
export function raiseTrimThreshold(): Promise<void> {
  raised ??= allocateOnce();
  return raised;
}

async function allocateOnce(): Promise<void> {
  const value = (name: string, shape: readonly number[], type: "int64" | "float32") => ({ name, shape, type });
  const graph = encodeModel({
    nodes: [
      { op: "ConstantOfShape", domain: "", inputs: ["size"], outputs: ["block"], attributes: {} },
      { op: "ReduceMax", domain: "", inputs: ["block"], outputs: ["most"], attributes: { keepdims: 0 } },
    ],
    constants: [],
    inputs: [value("size", [1], "int64")],
    outputs: [value("most", [], "float32")],
  });
  const session = await InferenceSession.create(graph, { enableCpuMemArena: false, intraOpNumThreads: 1 });
  await session.run({ size: new Tensor("int64", BigInt64Array.of(BigInt(BYTES / 4)), [1]) });
  await session.release();
}
