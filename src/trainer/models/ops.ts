// The few fused operations of the models. Each is written once in plain TensorFlow.js and, where the current backend
// has the fused kernel (it is recording an ONNX graph), runs as that kernel with an analytic gradient.
import * as tf from "@tensorflow/tfjs";

/** Kernels that a backend may register; without them the plain forms run. */
export const FUSED = {
  linear: "dualrate.Linear",
  layerNorm: "dualrate.LayerNorm",
  gelu: "dualrate.Gelu",
  crossEntropy: "dualrate.CrossEntropy",
  crossEntropyGrad: "dualrate.CrossEntropyGrad",
  keepMask: "dualrate.KeepMask",
} as const;

function fused(kernel: string): boolean {
  return tf.getKernel(kernel, tf.getBackend()) != null;
}

function run(kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor[] {
  const result = tf.engine().runKernel(kernel, inputs, attrs);
  return (Array.isArray(result) ? result : [result]) as tf.Tensor[];
}

function runOne(kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor {
  return run(kernel, inputs, attrs)[0] as tf.Tensor;
}

type Save = (tensors: tf.Tensor[]) => void;

/** tf.customGrad, whose own type knows neither the number of inputs nor of saved tensors. */
function withGradient<Inputs extends tf.Tensor[]>(
  inputs: Inputs,
  forward: (save: Save) => tf.Tensor,
  gradients: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  const op = tf.customGrad((...args: unknown[]) => ({
    value: forward(args.at(-1) as Save),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(dy, saved),
  }));
  return op(...inputs);
}

/** How a linear layer's weight [outputs, inputs] lies: as PyTorch has it, or transposed, as TensorFlow and GPT-2 have it. */
export type WeightOrder = "out-in" | "in-out";

/** A linear layer. x [N, I], weight [O, I] or, in the other order, [I, O], bias [O] where it has one -> [N, O] */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor, order: WeightOrder = "out-in"): tf.Tensor {
  const outIn = order === "out-in";
  if (!bias) return tf.matMul(x, weight, false, outIn);
  if (!fused(FUSED.linear)) return tf.add(tf.matMul(x, weight, false, outIn), bias);
  return withGradient(
    [x, weight, bias],
    (save) => {
      save([x, weight]);
      return runOne(FUSED.linear, { x, weight, bias }, { transposeB: outIn });
    },
    (dy, saved) => {
      const [x, weight] = saved as Two;
      return [
        tf.matMul(dy, weight, false, !outIn), // (N, I)
        outIn ? tf.matMul(dy, x, true) : tf.matMul(x, dy, true), // as the weight
        tf.sum(dy, 0), // (O)
      ];
    },
  );
}

/** Layer normalization over the last axis (Ba et al., 2016). x [N, H], scale [H], shift [H] -> [N, H] */
export function layerNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): tf.Tensor {
  if (!fused(FUSED.layerNorm)) {
    const centered = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), epsilon));
    return tf.add(tf.mul(tf.mul(centered, inverse), scale), shift);
  }
  return withGradient(
    [x, scale, shift],
    (save) => {
      const [y, mean, inverse] = run(FUSED.layerNorm, { x, scale, shift }, { epsilon }) as Three;
      save([x, scale, mean, inverse]);
      return y;
    },
    (dy, saved) => {
      const [x, scale, mean, inverse] = saved as Four;
      const normal = tf.mul(tf.sub(x, mean), inverse); // (N, H)
      const scaled = tf.mul(dy, scale); // (N, H)
      const projection = tf.mul(normal, tf.mean(tf.mul(scaled, normal), -1, true)); // (N, H)
      const dx = tf.mul(tf.sub(tf.sub(scaled, tf.mean(scaled, -1, true)), projection), inverse);
      return [dx, tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)];
    },
  );
}

/** Root mean square normalization over the last axis (Zhang and Sennrich, 2019). x [N, H], scale [H] -> [N, H] */
export function rmsNorm(x: tf.Tensor, scale: tf.Tensor, epsilon: number): tf.Tensor {
  const inverse = tf.div(1, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))); // (N, 1)
  return tf.mul(tf.mul(x, inverse), scale);
}

type Two = [tf.Tensor, tf.Tensor];
type Three = [tf.Tensor, tf.Tensor, tf.Tensor];
type Four = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

const INVERSE_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);

/** x * Phi(x), the exact form with erf (Hendrycks and Gimpel, 2016). */
export function gelu(x: tf.Tensor): tf.Tensor {
  const cdf = (x: tf.Tensor) => tf.add(tf.mul(tf.erf(tf.mul(x, Math.SQRT1_2)), 0.5), 0.5);
  if (!fused(FUSED.gelu)) return tf.mul(x, cdf(x));
  return withGradient(
    [x],
    (save) => {
      save([x]);
      return runOne(FUSED.gelu, { x });
    },
    (dy, saved) => {
      const x = saved[0] as tf.Tensor;
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), INVERSE_SQRT_2PI);
      return [tf.mul(dy, tf.add(cdf(x), tf.mul(x, density)))];
    },
  );
}

/** The tanh approximation of GELU, Hugging Face's `gelu_new`. */
export function geluTanh(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

/** x * sigmoid(x) (Elfwing et al., 2017), also called swish. */
export function silu(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.sigmoid(x));
}

export function relu(x: tf.Tensor): tf.Tensor {
  return tf.relu(x);
}

export function tanh(x: tf.Tensor): tf.Tensor {
  return tf.tanh(x);
}

/**
 * Cross-entropy of each row in nats. logits [T, C], labels [T] int32 -> [T]. The gradient is softmax minus one-hot; on
 * the fused path neither the one-hot matrix nor the probabilities are made in the forward pass.
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  if (!fused(FUSED.crossEntropy)) {
    const oneHot = tf.oneHot(labels as tf.Tensor1D, logits.shape[1] as number, 1, 0, "float32");
    return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits as tf.Tensor2D), oneHot), -1));
  }
  return withGradient(
    [logits],
    (save) => {
      const [losses, logProbabilities] = run(FUSED.crossEntropy, { logits, labels }) as Three;
      save([logProbabilities]);
      return losses;
    },
    (dy, saved) => [runOne(FUSED.crossEntropyGrad, { logProbabilities: saved[0] as tf.Tensor, labels, dy })],
  );
}

/** Squared error of each output. outputs [T, 1], values [T] -> [T]. */
export function squaredError(outputs: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return tf.square(tf.sub(tf.reshape(outputs, values.shape), values));
}

/**
 * Drops the entries of x where keep is 0 and scales the others by 1 / (1 - rate). keep: bool, of x's shape.
 * The scale is a number, not an input: a model's rate never changes.
 */
export function dropout(x: tf.Tensor, keep: tf.Tensor, scale: number): tf.Tensor {
  const mask = fused(FUSED.keepMask)
    ? runOne(FUSED.keepMask, { keep }, { scale })
    : tf.mul(tf.cast(keep, "float32"), scale);
  return tf.mul(x, mask);
}
