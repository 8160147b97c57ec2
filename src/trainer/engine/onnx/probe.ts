// Whether ONNX Runtime works on this machine at all: one product of two matrices.
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { encodeModel } from "./proto.js";

/** x · x of a 2 by 2 matrix, by rows, and the version of what computed it. Rejects where it cannot. */
export async function multiplyOnce(x: readonly number[]): Promise<{ product: readonly number[]; version: string }> {
  const shape = [2, 2];
  const graph = {
    nodes: [{ op: "MatMul", domain: "", inputs: ["x", "x"], outputs: ["y"], attributes: {} }],
    constants: [],
    inputs: [{ name: "x", type: "float32", shape }],
    outputs: [{ name: "y", type: "float32", shape }],
  } as const;
  const session = await InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.from(x), shape) });
  await session.release();
  return { product: Array.from(y?.data as Float32Array), version: env.versions.node ?? env.versions.common };
}
