// Writes ONNX models: the part of onnx.proto (onnx/onnx, IR version 9) that a recorded step needs, over protobufjs.
import protobuf from "protobufjs";

const SCHEMA = `
syntax = "proto2";
package onnx;
message AttributeProto {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4;
  optional TensorProto t = 5; repeated int64 ints = 8; optional int32 type = 20;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated AttributeProto attribute = 5; optional string domain = 7;
}
message TensorProto { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9; }
message Dimension { optional int64 dim_value = 1; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorTypeProto { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
message TypeProto { optional TensorTypeProto tensor_type = 1; }
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message ModelProto {
  optional int64 ir_version = 1; optional string producer_name = 2; optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}`;

const ModelProto = protobuf.parse(SCHEMA).root.lookupType("onnx.ModelProto");

/** TensorProto.DataType */
const DATA_TYPES = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;
export type DataType = keyof typeof DATA_TYPES;
export const dataTypeCode = (type: DataType): number => DATA_TYPES[type];

/** A constant in the graph; `data` in the machine's (little-endian) byte order, as ONNX wants it. */
export interface ConstantData {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

/** An integer, a list of integers, a float, a string, or (`fillWith`) a one-element float tensor. */
export type Attribute =
  | number
  | readonly number[]
  | { readonly float: number }
  | { readonly text: string }
  | { readonly fillWith: number };

export interface NodeData {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface ValueData {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
}

export interface GraphData {
  readonly nodes: readonly NodeData[];
  readonly constants: readonly ConstantData[];
  readonly inputs: readonly ValueData[];
  readonly outputs: readonly ValueData[];
}

/** A serialized ModelProto with operator sets ai.onnx 18 and com.microsoft 1. */
export function encodeModel(graph: GraphData): Uint8Array {
  const model = {
    irVersion: 9,
    producerName: "dualrate",
    opsetImport: [
      { domain: "", version: 18 },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: {
      name: "step",
      node: graph.nodes.map(node),
      initializer: graph.constants.map(({ name, ...tensor }) => ({ name, ...tensorProto(tensor) })),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  };
  return ModelProto.encode(model).finish();
}

function node({ op, domain, inputs, outputs, attributes }: NodeData, index: number) {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeValue(value) }));
  return { opType: op, name: `${op}_${index}`, domain, input: inputs, output: outputs, attribute };
}

/** `type` is AttributeProto.AttributeType. */
function attributeValue(value: Attribute) {
  if (typeof value === "number") return { type: 2, i: value };
  if (!("float" in value || "text" in value || "fillWith" in value)) return { type: 7, ints: value };
  if ("float" in value) return { type: 1, f: value.float };
  if ("text" in value) return { type: 3, s: Buffer.from(value.text) };
  return { type: 4, t: tensorProto({ type: "float32", shape: [1], data: Float32Array.of(value.fillWith) }) };
}

function tensorProto({ type, shape, data }: Omit<ConstantData, "name">) {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims: shape, dataType: DATA_TYPES[type], rawData };
}

function valueInfo({ name, type, shape }: ValueData) {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: DATA_TYPES[type], shape: { dim } } } };
}
