// An ONNX graph while it is being recorded: nodes in order, constants by content, names.
import type { Attribute, ConstantData, DataType, GraphData, NodeData, ValueData } from "./proto.js";

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Operators of ONNX Runtime itself are in "com.microsoft". */
  readonly domain?: string;
}

export class Graph {
  readonly #nodes: NodeData[] = [];
  readonly #constants = new Map<string, ConstantData>();
  readonly #shared = new Map<string, string>();
  readonly #inputs: ValueData[] = [];
  #names = 0;

  /** Appends a node and returns its only output's name. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.nodes(op, inputs, 1, options)[0] as string;
  }

  /** Appends a node with several outputs. */
  nodes(op: string, inputs: readonly string[], count: number, options: NodeOptions = {}): string[] {
    const outputs = Array.from({ length: count }, () => this.#name());
    this.#nodes.push({ op, domain: options.domain ?? "", inputs, outputs, attributes: options.attributes ?? {} });
    return outputs;
  }

  input(value: ValueData): string {
    this.#inputs.push(value);
    return value.name;
  }

  constant(type: DataType, shape: readonly number[], data: ConstantData["data"]): string {
    const name = this.#name();
    this.#constants.set(name, { name, type, shape, data });
    return name;
  }

  /** A one-dimensional int64 constant: shapes, axes, bounds. Equal ones are stored once. */
  int64s(values: readonly number[]): string {
    return this.#once(`i${values}`, () => this.constant("int64", [values.length], BigInt64Array.from(values, BigInt)));
  }

  float(value: number): string {
    return this.#once(`f${value}`, () => this.constant("float32", [], Float32Array.of(value)));
  }

  /**
   * The recorded graph with the named values as outputs; constants that nothing reads are left out. A value takes its
   * output's name, so that its node writes straight into the output's buffer; one that has a name already is copied.
   */
  build(outputs: readonly (ValueData & { readonly value: string })[]): GraphData {
    const made = new Set(this.#nodes.flatMap((node) => node.outputs));
    const renamed = new Map<string, string>();
    const copies: NodeData[] = [];
    for (const { name, value } of outputs) {
      if (made.has(value) && !renamed.has(value)) renamed.set(value, name);
      else copies.push({ op: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
    }
    const named = (names: readonly string[]) => names.map((name) => renamed.get(name) ?? name);
    const recorded = [...this.#nodes, ...copies].map((node) => ({
      ...node,
      inputs: named(node.inputs),
      outputs: named(node.outputs),
    }));
    const read = new Set(recorded.flatMap((node) => node.inputs));
    const nodes = leavesBackwards(recorded, read);
    const constants = [...this.#constants.values()].filter(({ name }) => read.has(name));
    return { nodes, constants, inputs: this.#inputs, outputs };
  }

  #name(): string {
    return `t${this.#names++}`;
  }

  #once(key: string, make: () => string): string {
    const name = this.#shared.get(key) ?? make();
    this.#shared.set(key, name);
    return name;
  }
}

/**
 * ONNX Runtime runs what the last node without readers needs, then what the one before it needs, and so on. Of a training
 * step these are the loss and, from the head to the embeddings, the gradients. In the order of their recording it would
 * go down to the embeddings first and keep everything for the weights' gradients; backwards each is made in passing.
 */
function leavesBackwards(nodes: readonly NodeData[], read: ReadonlySet<string>): NodeData[] {
  const isLeaf = ({ outputs }: NodeData) => !outputs.some((name) => read.has(name));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}
