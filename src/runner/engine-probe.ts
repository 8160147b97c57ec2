// Runs in a process of its own, since a native library that does not fit the machine may end it: loads the engines and the SIMD
// kernels, computes something small with each, and prints what came of it as JSON on the last line.
import { messageOf } from "../errors.js";
import { kernelMemory } from "../trainer/simd/kernels.js";
import type { EngineFacts, Outcome } from "./engines.js";

/** x · y of [[1, 2], [3, 4]] and itself. */
const PRODUCT = [7, 10, 15, 22];

async function onnx(): Promise<string> {
  const { multiplyOnce } = await import("../trainer/engine/onnx/probe.js");
  const { product, version } = await multiplyOnce([1, 2, 3, 4]);
  if (product.join() !== PRODUCT.join())
    throw new Error(`it computes ${product.join(" ")} instead of ${PRODUCT.join(" ")}`);
  return `onnxruntime-node ${version} multiplies matrices`;
}

function simd(): string {
  const { kernels, buffer } = kernelMemory(4 * 16);
  new Float32Array(buffer).set(Array.from({ length: 16 }, () => 2));
  const norm = kernels.squaredNorm(0, 16);
  if (norm !== 64) throw new Error(`it computes ${norm} instead of 64`);
  return "kernels.wasm computes";
}

/** An optional peer, whose name is no constant so that nothing demands its types. */
async function tensorflow(): Promise<string> {
  const reasons: string[] = [];
  for (const name of ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"]) {
    try {
      const loaded = (await import(name)) as { readonly version?: { readonly "tfjs-node"?: string } };
      return `${name} ${loaded.version?.["tfjs-node"] ?? ""} loads`;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      reasons.push(code === "ERR_MODULE_NOT_FOUND" ? `${name} is not installed` : `${name}: ${messageOf(error)}`);
    }
  }
  throw new Error(reasons.join("; "));
}

async function outcomeOf(work: () => string | Promise<string>): Promise<Outcome> {
  try {
    return { works: true, message: await work() };
  } catch (error) {
    return { works: false, message: messageOf(error) };
  }
}

const facts: EngineFacts = {
  onnx: await outcomeOf(onnx),
  simd: await outcomeOf(simd),
  tensorflow: await outcomeOf(tensorflow),
};
process.stdout.write(`\n${JSON.stringify(facts)}\n`);
