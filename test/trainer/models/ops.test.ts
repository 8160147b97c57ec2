// The fused operations: their plain form, their recorded form and finite differences must agree.
import * as tf from "@tensorflow/tfjs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../../src/random.js";
import "../../../src/trainer/engine/onnx/kernels.js";
import { encodeModel } from "../../../src/trainer/engine/onnx/proto.js";
import { record } from "../../../src/trainer/engine/onnx/recorder.js";
import {
  crossEntropy,
  dropout,
  gelu,
  geluTanh,
  layerNorm,
  linear,
  rmsNorm,
  silu,
} from "../../../src/trainer/models/ops.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const LABELS = [2, 0, 4, 4, 1];
const KEEP = Uint8Array.from({ length: 15 }, (_, i) => (i % 4 === 0 ? 0 : 1));
const CASES: readonly [name: string, shapes: number[][], op: (x: tf.Tensor[]) => tf.Tensor][] = [
  ["linear", [[5, 3], [4, 3], [4]], ([x, w, b]) => linear(x!, w!, b!)],
  ["linear, in-out", [[5, 3], [3, 4], [4]], ([x, w, b]) => linear(x!, w!, b!, "in-out")],
  [
    "linear, no bias",
    [
      [5, 3],
      [4, 3],
    ],
    ([x, w]) => linear(x!, w!),
  ],
  [
    "linear, no bias, in-out",
    [
      [5, 3],
      [3, 4],
    ],
    ([x, w]) => linear(x!, w!, undefined, "in-out"),
  ],
  ["rmsNorm", [[5, 6], [6]], ([x, g]) => rmsNorm(x!, g!, 1e-6)],
  ["silu", [[5, 3]], ([x]) => silu(x!)],
  ["layerNorm", [[5, 6], [6], [6]], ([x, g, b]) => layerNorm(x!, g!, b!, 1e-12)],
  ["gelu", [[5, 3]], ([x]) => gelu(x!)],
  ["geluTanh", [[5, 3]], ([x]) => geluTanh(x!)],
  ["relu", [[5, 3]], ([x]) => tf.relu(x!)],
  ["crossEntropy", [[5, 6]], ([x]) => crossEntropy(x!, tf.tensor1d(LABELS, "int32"))],
  ["dropout", [[5, 3]], ([x]) => dropout(x!, tf.tensor2d(KEEP, [5, 3], "bool"), 1 / 0.75)],
];

/** Two rounds of the op's output, weighted unevenly: a scalar whose gradient is not constant. */
function scalar(op: (x: tf.Tensor[]) => tf.Tensor) {
  return (...xs: tf.Tensor[]) => {
    const y = op(xs);
    const weights = tf.tensor(
      Float32Array.from({ length: y.size }, (_, i) => Math.sin(i + 1)),
      y.shape,
    );
    return tf.sum(tf.mul(y, weights)) as tf.Scalar;
  };
}

function values(shapes: number[][]): Float32Array[] {
  const random = new Random(7);
  return shapes.map((shape) => Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()));
}

/** [value, ...gradients] */
function plain(shapes: number[][], data: Float32Array[], op: (x: tf.Tensor[]) => tf.Tensor): number[][] {
  const { value, grads } = tf.valueAndGrads(scalar(op))(data.map((d, i) => tf.tensor(d, shapes[i])));
  return [value, ...grads].map((tensor) => [...tensor.dataSync()]);
}

async function recorded(
  shapes: number[][],
  data: Float32Array[],
  op: (x: tf.Tensor[]) => tf.Tensor,
): Promise<number[][]> {
  const graph = record((scope) => {
    const inputs = shapes.map((shape, i) => scope.input(`x${i}`, shape, "float32"));
    const { value, grads } = tf.valueAndGrads(scalar(op))(inputs);
    return { y0: value, ...Object.fromEntries(grads.map((gradient, i) => [`y${i + 1}`, gradient])) };
  });
  const session = await InferenceSession.create(encodeModel(graph));
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, new Tensor("float32", data[i]!, shape)]));
  const results = await session.run(feeds);
  return Array.from({ length: shapes.length + 1 }, (_, i) => [...(results[`y${i}`]!.data as Float32Array)]);
}

function close(a: number[][], b: number[][], tolerance: number) {
  expect(a.map((x) => x.length)).toEqual(b.map((x) => x.length));
  for (const [i, x] of a.flat().entries()) {
    expect(Math.abs(x - b.flat()[i]!)).toBeLessThan(tolerance * (1 + Math.abs(x)));
  }
}

// dropout's mask is a constant of the plain form only: recorded it is an input of bytes (engine tests cover it).
test.each(CASES.filter(([name]) => name !== "dropout"))("%s: recorded and plain forms agree", async (_, shapes, op) => {
  const data = values(shapes);
  close(await recorded(shapes, data, op), plain(shapes, data, op), 1e-5);
});

test.each(CASES)("%s: gradients agree with central differences", (_, shapes, op) => {
  const data = values(shapes);
  const [, ...gradients] = plain(shapes, data, op);
  const at = (moved: Float32Array[]) => scalar(op)(...moved.map((d, i) => tf.tensor(d, shapes[i]!))).dataSync()[0]!;
  for (const [i, array] of data.entries()) {
    for (let j = 0; j < array.length; j++) {
      const shifted = (by: number) => data.map((d, k) => (k === i ? d.with(j, d[j]! + by) : d));
      const difference = (at(shifted(1e-2)) - at(shifted(-1e-2))) / 2e-2; // float32: larger steps lose less to rounding
      expect(Math.abs(difference - gradients[i]![j]!)).toBeLessThan(5e-3 * (1 + Math.abs(difference)));
    }
  }
});

test("an op without a translation is named", () => {
  expect(() => record((scope) => ({ y: tf.cumsum(scope.input("x", [3], "float32")) }))).toThrow(/kernel Cumsum/);
});

test("reading a value while recording is an error that says so", () => {
  expect(() =>
    record((scope) => {
      const y = tf.add(scope.input("x", [3], "float32"), 1);
      y.dataSync();
      return { y };
    }),
  ).toThrow(/read while a step was being recorded/);
});
