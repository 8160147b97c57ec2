// A model folder and data files small enough to write in a test: an uncased WordPiece tokenizer of 20 tokens.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IntroducedTokens, Settings } from "../../../src/sweep/settings.js";
import { writeSafetensors } from "../../../src/trainer/files/safetensors.js";

export const WORDS = [
  ..."[PAD] [UNK] [CLS] [SEP] [MASK]".split(" "),
  ..."the cat dog sees a cell ##ular ##s big red x ##y z <old> ##z".split(" "),
] as const;

export const idOf = (word: (typeof WORDS)[number] | string): number => WORDS.indexOf(word as (typeof WORDS)[number]);

interface Overrides {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** Added tokens beside the special ones. */
  readonly addedTokens?: readonly { readonly id: number; readonly content: string; readonly single_word: boolean }[];
  /** What tokens inside of words begin with, as the tokenizer has it; the vocabulary keeps its "##". */
  readonly wordPrefix?: string;
  /** Whether the template knows pairs of texts. */
  readonly pairs?: boolean;
}

/** Writes the folder and returns its path. */
export async function tinyModel({
  config,
  tokenizerConfig,
  addedTokens = [],
  wordPrefix = "##",
  pairs = false,
}: Overrides = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dualrate-tiny-"));
  const write = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value));
  await write("config.json", {
    model_type: "bert",
    vocab_size: WORDS.length,
    hidden_size: 4,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    intermediate_size: 8,
    max_position_embeddings: 32,
    ...config,
  });
  await write("tokenizer.json", tokenizerJson(addedTokens, { wordPrefix, pairs }));
  await write("tokenizer_config.json", {
    tokenizer_class: "BertTokenizer",
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    cls_token: "[CLS]",
    sep_token: "[SEP]",
    mask_token: "[MASK]",
    ...tokenizerConfig,
  });
  const rows = Float32Array.from({ length: WORDS.length * 4 }, (_, i) => i / 10);
  const name = "bert.embeddings.word_embeddings.weight";
  await writeSafetensors(join(folder, "model.safetensors"), [{ name, shape: [WORDS.length, 4], data: rows }]);
  return folder;
}

function tokenizerJson(
  addedTokens: NonNullable<Overrides["addedTokens"]>,
  { wordPrefix, pairs }: { readonly wordPrefix: string; readonly pairs: boolean },
): unknown {
  const plain = { single_word: false, lstrip: false, rstrip: false };
  const special = WORDS.slice(0, 5).map((content, id) => ({ ...plain, id, content, special: true, normalized: false }));
  const added = addedTokens.map((token) => ({ ...plain, special: false, normalized: true, ...token }));
  const specialToken = (id: string, type = 0) => ({ SpecialToken: { id, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const single = [specialToken("[CLS]"), sequence("A", 0), specialToken("[SEP]")];
  const entry = (id: string) => [id, { id, ids: [idOf(id)], tokens: [id] }] as const;
  return {
    version: "1.0",
    added_tokens: [...special, ...added],
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
      pair: pairs ? [...single, sequence("B", 1), specialToken("[SEP]", 1)] : [],
      special_tokens: Object.fromEntries([entry("[CLS]"), entry("[SEP]")]),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: wordPrefix,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
  };
}

/** Writes a JSONL file into a new folder and returns its path. */
export async function jsonl(examples: readonly unknown[]): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "dualrate-data-")), "data.jsonl");
  await writeFile(file, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
  return file;
}

/** Settings of a sweep over a tiny model; `trainer` overrides its defaults. */
export function tinySettings(
  model: string,
  data: { readonly train: string; readonly validation: string; readonly test?: string },
  {
    tokens = ["<new>", "zyx"],
    special = false,
    task = "masked-lm",
    ...trainer
  }: Partial<Settings["trainer"]> & Partial<IntroducedTokens> & { readonly task?: Settings["task"] } = {},
): Settings {
  return {
    model,
    task,
    data: { ...data, text: "text", label: "label" },
    introduced: { tokens, special },
    trainer: {
      length: { maxSteps: 10 },
      evalSteps: 5,
      evalBatchSize: 4,
      maxLength: 16,
      maskProbability: 0.15,
      introducedMaskProbability: 0.15,
      maskReplacement: [0.8, 0.1, 0.1],
      dropout: true,
      groupByLength: true,
      ...trainer,
    },
    fixed: { batch_size: 2 },
  };
}
