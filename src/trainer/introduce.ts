// Starting values of the introduced tokens: their rows of the embedding and of an untied output layer, by the same rule on
// each, and the entries of an output bias.
import { DualrateError } from "../errors.js";
import { deriveKey, Random } from "../random.js";
import type { BiasInit, RowInit } from "./config.js";
import type { IntroducedToken, NamedTensor } from "./data/inputs.js";

/** Hugging Face's factor on the covariance (resize_token_embeddings with mean_resizing). */
const COVARIANCE_SCALE = 1e-9;

export interface RowInitOptions {
  /** The trial's seed. */
  readonly seed: number;
  /** The config's initializer_range: standard deviation of random rows. */
  readonly initializerRange: number;
}

/**
 * Rows for the introduced tokens, [K * E], from the checkpoint's embedding, [V, E]:
 * - mean: the mean of all rows;
 * - mean_resizing: normal with the rows' mean and 1e-9 of their covariance (Hugging Face transformers, modeling_utils.py,
 *   after Hewitt, "Initializing New Word Embeddings for Pretrained Language Models", 2021);
 * - random: normal with mean 0 and standard deviation initializerRange;
 * - subword_mean: the mean of the rows of the token's own sub-words.
 * A token's own `init` comes before the trial's, and may be a copy of a row of the embedding.
 * Throws a DualrateError of code "tokens" where a token has no sub-words with rows.
 */
export function introducedRows(
  embedding: NamedTensor,
  introduced: readonly IntroducedToken[],
  init: RowInit,
  { seed, initializerRange }: RowInitOptions,
): Float32Array {
  const [rows = 0, width = 0] = embedding.shape;
  const usesMean = introduced.some((token) => ["mean", "mean_resizing"].includes(String(token.init ?? init)));
  const all = usesMean ? meanOfRows(embedding, range(rows)) : new Float64Array(width);
  const result = new Float32Array(introduced.length * width);
  introduced.forEach((token, index) => {
    const random = new Random(deriveKey(seed, "introduced-row", index));
    result.set(rowFor(token, random), index * width);
  });
  return result;

  function copyOfRow({ token }: IntroducedToken, id: number): ArrayLike<number> {
    if (id < rows) return meanOfRows(embedding, [id]);
    throw new DualrateError("tokens", `"${token}" cannot start as a copy of id ${id}: the model has ${rows} rows`, {
      hint: "Copy a token that the model was trained with.",
    });
  }

  function rowFor(token: IntroducedToken, random: Random): ArrayLike<number> {
    const own = token.init ?? init;
    if (typeof own === "object") return copyOfRow(token, own.copyOf);
    switch (own) {
      case "mean":
        return all;
      case "mean_resizing":
        return drawLikeRows(embedding, all, random);
      case "random":
        return Float64Array.from({ length: width }, () => initializerRange * random.normal());
      case "subword_mean":
        return meanOfRows(embedding, subwords(token, rows));
    }
  }
}

/**
 * Output biases of the introduced tokens, [K], from the checkpoint's bias, [V]: the mean of all, the least of all, 0, or
 * the mean of the token's own sub-words. Throws as introducedRows does.
 */
export function introducedBias(
  bias: NamedTensor,
  introduced: readonly IntroducedToken[],
  init: BiasInit,
): Float32Array {
  const { data } = bias;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const least = data.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return Float32Array.from(introduced, (token) => {
    switch (init) {
      case "mean":
        return mean;
      case "min":
        return least;
      case "zero":
        return 0;
      case "subword_mean": {
        const ids = subwords(token, data.length);
        return ids.reduce((sum, id) => sum + (data[id] ?? 0), 0) / ids.length;
      }
    }
  });
}

/**
 * One draw from N(mean, s C), C the rows' covariance C = X'X / V with X the centered rows, [V, E]: mean + sqrt(s / V) X'z
 * with z ~ N(0, I_V) has exactly this distribution, and needs no decomposition of C.
 */
function drawLikeRows({ shape, data }: NamedTensor, mean: Float64Array, random: Random): Float64Array {
  const [rows = 0, width = 0] = shape;
  const result = Float64Array.from(mean);
  const scale = Math.sqrt(COVARIANCE_SCALE / rows);
  for (let row = 0; row < rows; row++) {
    const z = scale * random.normal();
    for (let i = 0; i < width; i++) {
      result[i] = (result[i] as number) + z * ((data[row * width + i] as number) - (mean[i] as number));
    }
  }
  return result;
}

function meanOfRows({ shape, data }: NamedTensor, rows: readonly number[]): Float64Array {
  const width = shape[1] ?? 0;
  const mean = new Float64Array(width);
  for (const row of rows) {
    for (let i = 0; i < width; i++) mean[i] = (mean[i] as number) + (data[row * width + i] as number) / rows.length;
  }
  return mean;
}

function subwords({ token, subwordIds }: IntroducedToken, rows: number): readonly number[] {
  if (subwordIds.length > 0 && subwordIds.every((id) => id < rows)) return subwordIds;
  throw new DualrateError("tokens", `the introduced token "${token}" has no sub-words in the model's vocabulary`, {
    hint: "Use init: mean or random instead of subword_mean, for bias_init too.",
  });
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
