// The demo's base model before any training: a tiny BERT over the language's whole words, as a Hugging Face folder.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deriveKey, Random } from "../../src/random.js";
import type { NamedTensor } from "../../src/trainer/data/inputs.js";
import { sizeOf } from "../../src/trainer/optim/layout.js";
import { vocabulary } from "./grammar.js";

const SPECIAL = { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" } as const;

/** Words by id: special tokens first, then every word of the pretraining texts. */
export const WORDS: readonly string[] = [...Object.values(SPECIAL), ...vocabulary()];

const IDS: ReadonlyMap<string, number> = new Map(WORDS.map((word, id) => [word, id]));

export const SPECIAL_IDS = Object.fromEntries(
  Object.entries(SPECIAL).map(([name, token]) => [name, IDS.get(token)]),
) as Readonly<Record<keyof typeof SPECIAL, number>>;

/** config.json: about 87,000 parameters. */
export const CONFIG = {
  architectures: ["BertForMaskedLM"],
  model_type: "bert",
  vocab_size: WORDS.length,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 128,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 32,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: SPECIAL_IDS.pad,
  dtype: "float32",
} as const;

/** Ids of a sentence of known words, special tokens included, as the tokenizer gives them. */
export function idsOf(sentence: string): readonly number[] {
  const ids = sentence.split(" ").map((word) => IDS.get(word) ?? SPECIAL_IDS.unk);
  return [SPECIAL_IDS.cls, ...ids, SPECIAL_IDS.sep];
}

/**
 * A tensor's values before training, as Hugging Face's BertPreTrainedModel draws them: norm weights 1, biases 0, all else
 * normal with initializer_range; the row of [PAD] is 0.
 */
export function initialTensor({ name, shape }: Omit<NamedTensor, "data">, seed: number): NamedTensor {
  const data = new Float32Array(sizeOf(shape));
  if (name.endsWith("LayerNorm.weight")) data.fill(1);
  else if (!name.endsWith("bias")) {
    const random = new Random(deriveKey(seed, "initial", name));
    for (let i = 0; i < data.length; i++) data[i] = CONFIG.initializer_range * random.normal();
  }
  if (name.endsWith("word_embeddings.weight")) data.fill(0, 0, CONFIG.hidden_size);
  return { name, shape, data };
}

/** Writes config.json and the tokenizer's two files. */
export async function writeModelFiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFile(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
  await write("config.json", CONFIG);
  await write("tokenizer.json", tokenizerJson());
  const tokens = Object.entries(SPECIAL).map(([name, token]) => [`${name}_token`, token] as const);
  await write("tokenizer_config.json", {
    tokenizer_class: "BertTokenizer",
    do_lower_case: true,
    model_max_length: CONFIG.max_position_embeddings,
    ...Object.fromEntries(tokens),
  });
}

/** WordPiece with whole words only: an unknown word becomes [UNK]. (@huggingface/tokenizers has no WordLevel model.) */
function tokenizerJson(): unknown {
  const attributes = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const frame = [SPECIAL.cls, SPECIAL.sep].map((id) => [id, { id, ids: [IDS.get(id)], tokens: [id] }] as const);
  const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const text = (id: "A" | "B", type: number) => ({ Sequence: { id, type_id: type } });
  const single = [special(SPECIAL.cls, 0), text("A", 0), special(SPECIAL.sep, 0)];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: Object.values(SPECIAL).map((content) => ({ id: IDS.get(content), content, ...attributes })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single,
      pair: [...single, text("B", 1), special(SPECIAL.sep, 1)],
      special_tokens: Object.fromEntries(frame),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: SPECIAL.unk,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(IDS),
    },
  };
}
