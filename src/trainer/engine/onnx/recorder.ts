// A TensorFlow.js backend that computes nothing: each kernel call appends nodes to an ONNX graph. Run a function of
// tensors under it, gradients included, and what it would have computed is recorded.
import * as tf from "@tensorflow/tfjs";
import { DualrateError } from "../../../errors.js";
import { Graph } from "./graph.js";
import type { DataType, GraphData } from "./proto.js";

export const BACKEND = "dualrate-onnx";

type Dtype = tf.DataType;

/** What stands behind a tensor while recording. */
interface Recorded {
  readonly value: string;
}

class RecordingBackend extends tf.KernelBackend {
  graph = new Graph();
  readonly #values = new WeakMap<object, Recorded>();
  #count = 0;

  /** The graph's name for a tensor. */
  nameOf(tensor: tf.TensorInfo): string {
    const recorded = this.#values.get(tensor.dataId);
    if (!recorded) throw new DualrateError("internal", "a tensor from outside of the recording was used in it");
    return recorded.value;
  }

  /** A tensor for a value of the graph. */
  tensor(value: string, shape: readonly number[], dtype: Dtype): tf.TensorInfo {
    const dataId = {};
    this.#values.set(dataId, { value });
    this.#count++;
    return { dataId, shape: [...shape], dtype };
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: Dtype): tf.DataId {
    const [type, data] = constantOf(values, dtype);
    return this.tensor(this.graph.constant(type, shape, data), shape, dtype).dataId;
  }

  override move(dataId: tf.DataId, values: tf.backend_util.BackendValues, shape: number[], dtype: Dtype): void {
    const [type, data] = constantOf(values, dtype);
    this.#values.set(dataId, { value: this.graph.constant(type, shape, data) });
  }

  override readSync(): never {
    throw new DualrateError("internal", "a value was read while a step was being recorded; it has none yet");
  }

  override async read(): Promise<never> {
    return this.readSync();
  }

  override numDataIds = () => this.#count;
  override disposeData = () => true;
  override refCount = () => 1;
  override incRef() {}
  decRef() {}
  override memory = () => ({ unreliable: true });
  override floatPrecision = () => 32 as const;
  override epsilon = () => 1e-7;
  override timerAvailable = () => false;
}

function constantOf(values: tf.backend_util.BackendValues, dtype: Dtype) {
  if (dtype === "int32") return ["int32", Int32Array.from(values as ArrayLike<number>)] as const;
  if (dtype === "bool") return ["bool", Uint8Array.from(values as ArrayLike<number>)] as const;
  if (dtype === "float32") return ["float32", Float32Array.from(values as ArrayLike<number>)] as const;
  throw new DualrateError("internal", `a recorded step cannot hold ${dtype} values`);
}

export const backend = new RecordingBackend();
tf.registerBackend(BACKEND, () => backend, 0);

/** What a recorded function may ask for beside TensorFlow.js itself. */
export interface RecordingScope {
  /** A graph input. `stored` is its type at run time where TensorFlow.js has no name for it. */
  input(name: string, shape: readonly number[], dtype: Dtype, stored?: DataType): tf.Tensor;
}

/**
 * Records a function. Returns the graph whose outputs are the function's named results. Nothing may be awaited in it:
 * recordings would mix.
 */
export function record(build: (scope: RecordingScope) => Readonly<Record<string, tf.Tensor>>): GraphData {
  const previous = tf.getBackend();
  tf.setBackend(BACKEND);
  backend.graph = new Graph();
  try {
    return tf.tidy(() => {
      const outputs = build({ input });
      return backend.graph.build(
        Object.entries(outputs).map(([name, tensor]) => ({
          name,
          value: backend.nameOf(tensor),
          type: tensor.dtype as DataType,
          shape: tensor.shape,
        })),
        // tidy passes on what is no tensor as it is.
      ) as unknown as tf.TensorContainer;
    }) as unknown as GraphData;
  } catch (error) {
    throw explained(error);
  } finally {
    backend.graph = new Graph();
    if (previous) tf.setBackend(previous);
  }
}

function input(name: string, shape: readonly number[], dtype: Dtype, stored?: DataType): tf.Tensor {
  backend.graph.input({ name, shape, type: stored ?? (dtype as DataType) });
  const { dataId } = backend.tensor(name, shape, dtype);
  return tf.engine().makeTensorFromDataId(dataId, [...shape], dtype, backend);
}

/** TensorFlow.js says "Kernel 'X' not registered for backend 'dualrate-onnx'". */
function explained(error: unknown): unknown {
  const kernel = error instanceof Error ? /Kernel '(\w+)' not registered/.exec(error.message)?.[1] : undefined;
  if (kernel === undefined) return error;
  return new DualrateError("internal", `the ONNX engine has no translation for the TensorFlow.js kernel ${kernel}`, {
    hint: `Add it to src/trainer/engine/onnx/kernels.ts.`,
    cause: error,
  });
}
