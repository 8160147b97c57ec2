// How each TensorFlow.js kernel that the models use is written in ONNX (opset 18, and ONNX Runtime's own operators).
import * as tf from "@tensorflow/tfjs";
import { FUSED } from "../../models/ops.js";
import type { NodeOptions } from "./graph.js";
import { type DataType, dataTypeCode } from "./proto.js";
import { BACKEND, backend } from "./recorder.js";

type Inputs = Readonly<Record<string, tf.TensorInfo>>;
/** The attributes of all kernels here, by the names that TensorFlow.js gives them; each kernel has some. */
interface Attrs {
  readonly axis: number;
  readonly begin: number[];
  readonly constantValue: number;
  readonly dim: number;
  readonly dtype: "float32" | "int32" | "bool";
  readonly epsilon: number;
  readonly keepDims: boolean;
  readonly numOrSizeSplits: number[] | number;
  readonly numSegments: number;
  readonly paddings: readonly (readonly [before: number, after: number])[];
  readonly perm: readonly number[];
  readonly reps: readonly number[];
  readonly scale: number;
  readonly shape: number[];
  readonly size: number[];
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly value: number;
}
type Kernel = (inputs: Inputs, attrs: Attrs) => tf.TensorInfo | tf.TensorInfo[];

const MICROSOFT = "com.microsoft";
const name = (tensor: tf.TensorInfo | undefined) => backend.nameOf(tensor as tf.TensorInfo);
const node = (op: string, inputs: string[], options?: NodeOptions) => backend.graph.node(op, inputs, options);
const int64s = (values: readonly number[]) => backend.graph.int64s(values);
const result = (value: string, shape: readonly number[], dtype: tf.DataType) => backend.tensor(value, shape, dtype);
const broadcast = (a: number[], b: number[]) => tf.backend_util.assertAndGetBroadcastShape(a, b);
const cast = (value: string, type: DataType) => node("Cast", [value], { attributes: { to: dataTypeCode(type) } });
const axisOf = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

const unary =
  (op: string): Kernel =>
  ({ x }) =>
    result(node(op, [name(x)]), (x as tf.TensorInfo).shape, (x as tf.TensorInfo).dtype);

const binary =
  (op: string): Kernel =>
  ({ a, b }) =>
    result(
      node(op, [name(a), name(b)]),
      broadcast((a as tf.TensorInfo).shape, (b as tf.TensorInfo).shape),
      (a as tf.TensorInfo).dtype,
    );

const reduction =
  (op: string): Kernel =>
  ({ x }, { axis, keepDims: keep }) => {
    const { shape, dtype } = x as tf.TensorInfo;
    const axes = tf.util.parseAxisParam(axis, shape);
    const reduced = tf.backend_util.computeOutAndReduceShapes(shape, axes)[0];
    const value = node(op, [name(x), int64s(axes)], { attributes: { keepdims: keep ? 1 : 0 } });
    return result(value, keep ? tf.backend_util.expandShapeToKeepDim(reduced, axes) : reduced, dtype);
  };

const reshaped = (x: tf.TensorInfo, shape: readonly number[]) =>
  result(node("Reshape", [name(x), int64s(shape)]), shape, x.dtype);

const sliced = (x: tf.TensorInfo, begin: readonly number[], size: readonly number[]) =>
  result(node("Slice", [name(x), int64s(begin), int64s(begin.map((b, i) => b + (size[i] as number)))]), size, x.dtype);

/** Not stored: a fill may be as large as a vocabulary. */
const filled = (shape: readonly number[], value: number, dtype: tf.DataType = "float32") => {
  const floats = node("ConstantOfShape", [int64s(shape)], { attributes: { value: { fillWith: value } } });
  return result(dtype === "float32" ? floats : cast(floats, dtype as DataType), shape, dtype);
};

const matMul: Kernel = ({ a, b }, { transposeA, transposeB }) => {
  const [left, right] = [(a as tf.TensorInfo).shape, (b as tf.TensorInfo).shape];
  const rows = left.at(transposeA ? -1 : -2) as number;
  const columns = right.at(transposeB ? -2 : -1) as number;
  const flags = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
  if (left.length === 2 && right.length === 2) {
    return result(node("Gemm", [name(a), name(b)], { attributes: flags }), [rows, columns], "float32");
  }
  const shape = [...broadcast(left.slice(0, -2), right.slice(0, -2)), rows, columns];
  return result(node("FusedMatMul", [name(a), name(b)], { attributes: flags, domain: MICROSOFT }), shape, "float32");
};

const joined = (parts: readonly tf.TensorInfo[], axis: number) => {
  const { shape, dtype } = parts[0] as tf.TensorInfo;
  const at = axisOf(axis, shape.length);
  const total = parts.reduce((sum, part) => sum + (part.shape[at] as number), 0);
  return result(node("Concat", parts.map(name), { attributes: { axis: at } }), shape.with(at, total), dtype);
};

/** tf.stack's and tf.unstack's kernels. */
const pack: Kernel = (inputs, { axis }) => {
  const parts = Object.values(inputs);
  const expanded = parts.map((part) => reshaped(part, part.shape.toSpliced(axis, 0, 1)));
  return joined(expanded, axis);
};

const unpack: Kernel = ({ value }, { axis }) => {
  const x = value as tf.TensorInfo;
  const at = axisOf(axis, x.shape.length);
  const count = x.shape[at] as number;
  const outputs = backend.graph.nodes("Split", [name(x)], count, { attributes: { axis: at, num_outputs: count } });
  return outputs.map((part) => reshaped(result(part, x.shape.with(at, 1), x.dtype), x.shape.toSpliced(at, 1)));
};

/** tf.split's kernel. */
const split: Kernel = ({ x }, { numOrSizeSplits, axis }) => {
  const { shape, dtype } = x as tf.TensorInfo;
  const at = axisOf(axis, shape.length);
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, at);
  const parts = backend.graph.nodes("Split", [name(x), int64s(sizes)], sizes.length, { attributes: { axis: at } });
  return parts.map((part, i) => result(part, shape.with(at, sizes[i] as number), dtype));
};

const gather: Kernel = ({ x, indices }, { axis }) => {
  const { shape, dtype } = x as tf.TensorInfo;
  const at = axisOf(axis, shape.length);
  const output = shape.toSpliced(at, 1, ...(indices as tf.TensorInfo).shape);
  return result(node("Gather", [name(x), name(indices)], { attributes: { axis: at } }), output, dtype);
};

/** Rows of x added up by segment: the gradient of a gather. ScatterND with reduction attribute "add". */
const segmentSum: Kernel = ({ x, segmentIds }, { numSegments }) => {
  const { shape, dtype } = x as tf.TensorInfo;
  const output = [numSegments, ...shape.slice(1)];
  const indices = cast(node("Unsqueeze", [name(segmentIds), int64s([-1])]), "int64");
  const inputs = [name(filled(output, 0)), indices, name(x)];
  return result(node("ScatterND", inputs, { attributes: { reduction: { text: "add" } } }), output, dtype);
};

const KERNELS: Readonly<Record<string, Kernel>> = {
  Add: binary("Add"),
  Sub: binary("Sub"),
  Multiply: binary("Mul"),
  RealDiv: binary("Div"),
  Neg: unary("Neg"),
  Exp: unary("Exp"),
  Erf: unary("Erf"),
  Tanh: unary("Tanh"),
  Sqrt: unary("Sqrt"),
  Relu: unary("Relu"),
  Sigmoid: unary("Sigmoid"),
  Square: ({ x }) => {
    const { shape, dtype } = x as tf.TensorInfo;
    return result(node("Mul", [name(x), name(x)]), shape, dtype);
  },
  Step: ({ x }) => {
    const { shape, dtype } = x as tf.TensorInfo;
    return result(cast(node("Greater", [name(x), backend.graph.float(0)]), "float32"), shape, dtype);
  },
  AddN: (inputs) => {
    const parts = Object.values(inputs);
    const { shape, dtype } = parts[0] as tf.TensorInfo;
    return result(node("Sum", parts.map(name)), shape, dtype);
  },
  Sum: reduction("ReduceSum"),
  Mean: reduction("ReduceMean"),
  BatchMatMul: matMul,
  Softmax: ({ logits }, { dim }) => {
    const { shape } = logits as tf.TensorInfo;
    const axis = axisOf(dim, shape.length);
    return result(node("Softmax", [name(logits)], { attributes: { axis } }), shape, "float32");
  },
  ArgMax: ({ x }, { axis }) => {
    const { shape } = x as tf.TensorInfo;
    const at = axisOf(axis, shape.length);
    const indices = node("ArgMax", [name(x)], { attributes: { axis: at, keepdims: 0 } });
    return result(cast(indices, "int32"), shape.toSpliced(at, 1), "int32");
  },
  Identity: ({ x }) => result(name(x), (x as tf.TensorInfo).shape, (x as tf.TensorInfo).dtype),
  Reshape: ({ x }, { shape }) => {
    const tensor = x as tf.TensorInfo;
    return reshaped(tensor, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape(tensor.shape)));
  },
  ExpandDims: ({ input }, { dim }) => {
    const { shape } = input as tf.TensorInfo;
    return reshaped(input as tf.TensorInfo, shape.toSpliced(axisOf(dim, shape.length + 1), 0, 1));
  },
  Transpose: ({ x }, { perm }) => {
    const { shape, dtype } = x as tf.TensorInfo;
    // The gradient of a gather asks for transpositions that change nothing.
    if (perm.every((axis, i) => axis === i)) return result(name(x), shape, dtype);
    const output = perm.map((axis) => shape[axis] as number);
    return result(node("Transpose", [name(x)], { attributes: { perm } }), output, dtype);
  },
  Cast: ({ x }, { dtype }) => result(cast(name(x), dtype), (x as tf.TensorInfo).shape, dtype),
  Slice: ({ x }, { begin, size }) => {
    const tensor = x as tf.TensorInfo;
    return sliced(
      tensor,
      ...(tf.slice_util.parseSliceParams(tensor as tf.Tensor, begin, size) as [number[], number[]]),
    );
  },
  PadV2: ({ x }, { paddings, constantValue }) => {
    const { shape, dtype } = x as tf.TensorInfo;
    const pads = int64s([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
    const output = shape.map((size, i) => size + (paddings[i]?.[0] ?? 0) + (paddings[i]?.[1] ?? 0));
    return result(node("Pad", [name(x), pads, backend.graph.float(constantValue)]), output, dtype);
  },
  Tile: ({ x }, { reps }) => {
    const { shape, dtype } = x as tf.TensorInfo;
    const output = shape.map((size, i) => size * (reps[i] as number));
    return result(node("Tile", [name(x), int64s(reps)]), output, dtype);
  },
  Concat: (inputs, { axis }) => joined(Object.values(inputs), axis),
  SplitV: split,
  Pack: pack,
  Unpack: unpack,
  GatherV2: gather,
  UnsortedSegmentSum: segmentSum,
  Fill: (_, { shape, value, dtype }) => filled(shape, value, dtype),
  ZerosLike: ({ x }) => filled((x as tf.TensorInfo).shape, 0, (x as tf.TensorInfo).dtype),
  OnesLike: ({ x }) => filled((x as tf.TensorInfo).shape, 1, (x as tf.TensorInfo).dtype),

  [FUSED.linear]: ({ x, weight, bias }, { transposeB }) => {
    const shape = [(x as tf.TensorInfo).shape[0] as number, (bias as tf.TensorInfo).shape[0] as number];
    const attributes = { transB: transposeB ? 1 : 0 };
    return result(node("Gemm", [name(x), name(weight), name(bias)], { attributes }), shape, "float32");
  },
  [FUSED.layerNorm]: ({ x, scale, shift }, { epsilon }) => {
    const { shape } = x as tf.TensorInfo;
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    const inputs = [name(x), name(scale), name(shift)];
    const [y, mean, inverse] = backend.graph.nodes("LayerNormalization", inputs, 3, { attributes }) as [
      string,
      string,
      string,
    ];
    const rows = [...shape.slice(0, -1), 1];
    return [result(y, shape, "float32"), result(mean, rows, "float32"), result(inverse, rows, "float32")];
  },
  [FUSED.gelu]: ({ x }) =>
    result(node("Gelu", [name(x)], { domain: MICROSOFT }), (x as tf.TensorInfo).shape, "float32"),
  [FUSED.crossEntropy]: ({ logits, labels }) => {
    const { shape } = logits as tf.TensorInfo;
    const targets = shape[0] as number;
    const logs = node("LogSoftmax", [name(logits)], { attributes: { axis: 1 } });
    const picked = node("GatherElements", [logs, column(labels)], { attributes: { axis: 1 } });
    const losses = node("Neg", [node("Reshape", [picked, int64s([targets])])]);
    return [result(losses, [targets], "float32"), result(logs, shape, "float32")];
  },
  [FUSED.crossEntropyGrad]: ({ logProbabilities, labels, dy }) => {
    const { shape } = logProbabilities as tf.TensorInfo;
    const targets = shape[0] as number;
    const minusOnes = name(filled([targets, 1], -1));
    const probabilities = node("Exp", [name(logProbabilities)]);
    const attributes = { axis: 1, reduction: { text: "add" } };
    const minusOneHot = node("ScatterElements", [probabilities, column(labels), minusOnes], { attributes });
    return result(node("Mul", [minusOneHot, name(reshaped(dy as tf.TensorInfo, [targets, 1]))]), shape, "float32");
  },
  // Bytes 0 and 1 become 0 and `scale` in one pass.
  [FUSED.keepMask]: ({ keep }, { scale }) =>
    result(
      node("DequantizeLinear", [name(keep), backend.graph.float(scale)]),
      (keep as tf.TensorInfo).shape,
      "float32",
    ),
};

const column = (labels: tf.TensorInfo | undefined) => node("Unsqueeze", [name(labels), int64s([-1])]);

for (const [kernelName, kernel] of Object.entries(KERNELS)) {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs }) => kernel(inputs as Inputs, attrs as unknown as Attrs),
  });
}
