// The script's part that reads, splits, encodes and batches the user's files, as trainer/data does.
import type { DataFormat } from "../../sweep/data-format.js";
import { join, literal } from "./literal.js";
import { classifies, hasClasses, hasHead, splitFormats, type Twin, tags } from "./twin.js";

export function dataCode(twin: Twin): string {
  const { data, trainer, task } = twin.settings;
  return join(
    readersCode(splitFormats(twin.settings)),
    ...(data.split ? ["\n", splitCode(twin, data.split.test !== undefined)] : []),
    ...(hasClasses(twin) ? ["\n", classesCode(twin)] : []),
    "\n",
    encodeCode(twin),
    ...(task === "masked-lm" ? ["\n", maskCode(twin)] : []),
    "\n",
    collateCode(twin),
    "\n",
    batchesCode(trainer.groupByLength),
    "\n",
    EXPORTED,
  );
}

/** The expression for a split's records. */
export function recordsOf(twin: Twin, split: "train" | "validation"): string {
  const { data } = twin.settings;
  const format = splitFormats(twin.settings)[split === "train" ? 0 : 1];
  const file = split === "train" ? "TRAIN_FILE" : "VALIDATION_FILE";
  const limit = split === "train" ? data.maxTrainSamples : data.maxEvalSamples;
  const read = READ_CALLS[format](file);
  const part = data.split ? `part(${read}, "${split}")` : read;
  return limit === undefined ? part : `${part}[:${limit}]`;
}

const READ_CALLS: Readonly<Record<DataFormat, (file: string) => string>> = {
  jsonl: (file) => `read_jsonl(${file})`,
  csv: (file) => `read_table(${file}, ",")`,
  tsv: (file) => `read_table(${file}, "\\t")`,
  text: (file) => `read_text(${file})`,
  conll: (file) => `read_conll(${file})`,
  parquet: (file) => `pyarrow.parquet.read_table(${file}).to_pylist()`,
};

const READ_JSONL = `def read_jsonl(file):
    with open(file, encoding="utf-8-sig", newline="\\n") as lines:
        return [json.loads(line) for line in lines if line.strip()]`;

const READ_TABLE = `def read_table(file, delimiter):
    """Rows by the names in the first one."""
    with open(file, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter, strict=True))`;

const READ_TEXT = `def read_text(file):
    with open(file, encoding="utf-8-sig", newline="\\n") as lines:
        return [{"text": line.rstrip("\\r\\n")} for line in lines if line.strip()]`;

const READ_CONLL = `def read_conll(file):
    """Sentences of columns: the first is the word, the last its tag; a blank line ends one."""
    sentences, rows = [], []
    with open(file, encoding="utf-8-sig", newline="\\n") as lines:
        for line in [*lines, ""]:
            row = re.findall(r"[^ \\t\\r\\n]+", line)
            if not row or row[0] == "-DOCSTART-":
                if rows:
                    words, tags = [row[0] for row in rows], [row[-1] for row in rows]
                    sentences.append({"words": words, "tags": tags})
                rows = []
            elif rows or not re.match(r"#( |\\r?$)", line):
                rows.append(row)
    return sentences`;

function readersCode(formats: readonly DataFormat[]): string {
  const table = formats.includes("csv") || formats.includes("tsv");
  const readers = [
    ...(formats.includes("jsonl") ? [READ_JSONL] : []),
    ...(table ? [READ_TABLE] : []),
    ...(formats.includes("text") ? [READ_TEXT] : []),
    ...(formats.includes("conll") ? [READ_CONLL] : []),
  ];
  return readers.join("\n\n\n");
}

function splitCode(twin: Twin, withTest: boolean): string {
  const text = tags(twin) ? '" ".join(record[TEXT])' : "record[TEXT]";
  return join(
    "def part(records, name):",
    '    """One file\'s share: which split a text falls into is a hash of it."""',
    `    return [record for record in records if split_of(${text}) == name]`,
    "\n",
    "def split_of(text):",
    '    digest = hashlib.sha256(f"{SPLIT_SEED}\\n{text.strip()}".encode()).digest()',
    '    uniform = int.from_bytes(digest[:6], "big") / 2**48',
    "    if uniform < VALIDATION_SHARE:",
    '        return "validation"',
    withTest ? '    return "test" if uniform < VALIDATION_SHARE + TEST_SHARE else "train"' : '    return "train"',
  );
}

const CLASS_NAME = `def class_name(record):
    """JSON's true and false are class names, too."""
    label = record[LABEL]
    return str(label).lower() if isinstance(label, bool) else str(label)


`;

function classesCode(twin: Twin): string {
  const names = tags(twin)
    ? "{str(tag) for record in records for tag in record[LABEL]}"
    : "{class_name(record) for record in records}";
  return `${tags(twin) ? "" : CLASS_NAME}def class_names(records):
    """Those of the training examples, in the order in which people count: RX_2 before RX_10."""

    def parts(name):
        numbers = re.split(r"(\\d+)", name)
        return [int(part) if part.isdigit() else part.lower() for part in numbers], name.swapcase()

    return sorted(${names}, key=parts)`;
}

function encodeCode(twin: Twin): string {
  if (tags(twin)) return ENCODE_WORDS;
  const { data, trainer } = twin.settings;
  const labelled = classifies(twin);
  const classes = hasClasses(twin);
  const texts = data.textPair === undefined ? "record[TEXT]" : "record[TEXT], record[TEXT_PAIR]";
  return join(
    `def encode(records, tokenizer${classes ? ", classes" : ""}):`,
    "    examples = []",
    "    for record in records:",
    `        text = tokenizer(${texts}, truncation=True, max_length=MAX_LENGTH)`,
    '        example = {"input_ids": text["input_ids"]}',
    // GPT-2 would add embeddings of their own for types.
    ...(twin.settings.task === "causal-lm"
      ? []
      : ['        if "token_type_ids" in text:', '            example["token_type_ids"] = text["token_type_ids"]']),
    ...(trainer.wholeWordMasking ? ['        example["words"] = text.word_ids()'] : []),
    classes && '        example["label"] = classes.index(class_name(record))',
    labelled && !classes && '        example["label"] = float(record[LABEL])',
    "        examples.append(example)",
    "    return examples",
  );
}

const ENCODE_WORDS = `def encode(records, tokenizer, classes):
    """A word's tag is asked for at its first token, and at no other (-100)."""
    examples = []
    for record in records:
        words = record[TEXT]
        text = tokenizer(words, is_split_into_words=True, truncation=True, max_length=MAX_LENGTH)
        labels, before = [], None
        for word in text.word_ids():
            first = word is not None and word != before
            labels.append(classes.index(str(record[LABEL][word])) if first else -100)
            before = word
        examples.append({"input_ids": text["input_ids"], "labels": labels})
    return examples`;

function maskCode({ settings }: Twin): string {
  const { trainer, introduced } = settings;
  const whole = trainer.wholeWordMasking === true;
  return join(
    "def mask(example, tokenizer, introduced, size, rng):",
    '    """The ids that the model sees, and as labels those that it is asked for (-100: none). Of',
    '    those some become the mask token, some a random one, and the rest stay (BERT\'s rule)."""',
    "    t = tokenizer",
    "    never = {t.pad_token_id, t.cls_token_id, t.sep_token_id, t.mask_token_id, t.unk_token_id}",
    introduced.special && "    never |= introduced",
    '    ids = list(example["input_ids"])',
    "    labels = [-100] * len(ids)",
    whole && '    words = example["words"]',
    whole && "    asked = False",
    "    for i, token in enumerate(ids):",
    whole && "        # The first token of a word decides for all of it.",
    ...(introduced.special
      ? []
      : [`        probability = INTRODUCED_MASK_PROBABILITY if token in introduced else MASK_PROBABILITY`]),
    introduced.special && "        probability = MASK_PROBABILITY",
    whole && "        if i == 0 or words[i] is None or words[i] != words[i - 1]:",
    `        ${whole ? "    " : ""}asked = token not in never and rng.random() < probability`,
    "        if not asked:",
    "            continue",
    "        labels[i] = token",
    "        draw = rng.random()",
    "        if draw < MASK_SHARE:",
    "            ids[i] = tokenizer.mask_token_id",
    "        elif draw < MASK_SHARE + RANDOM_SHARE:",
    "            ids[i] = rng.randrange(size)",
    "    return ids, labels",
  );
}

function collateCode(twin: Twin): string {
  const masked = twin.settings.task === "masked-lm";
  const typed = twin.settings.task === "masked-lm" || classifies(twin);
  return join(
    "def padded(lists, value):",
    "    longest = max(map(len, lists))",
    "    return torch.tensor([items + [value] * (longest - len(items)) for items in lists])",
    "\n",
    `def collate(examples, tokenizer${masked ? ", introduced, size, rng" : ""}):`,
    masked && "    masked = [mask(example, tokenizer, introduced, size, rng) for example in examples]",
    masked ? "    ids = [ids for ids, _ in masked]" : '    ids = [example["input_ids"] for example in examples]',
    "    batch = {",
    '        "input_ids": padded(ids, tokenizer.pad_token_id or 0),',
    '        "attention_mask": padded([[1] * len(text) for text in ids], 0),',
    `        "labels": ${labelsOf(twin)},`,
    "    }",
    ...(typed
      ? [
          '    if "token_type_ids" in examples[0]:',
          '        types = [example["token_type_ids"] for example in examples]',
          '        batch["token_type_ids"] = padded(types, 0)',
        ]
      : []),
    "    return {name: tensor.to(DEVICE) for name, tensor in batch.items()}",
  );
}

function labelsOf(twin: Twin): string {
  switch (twin.settings.task) {
    case "masked-lm":
      return "padded([labels for _, labels in masked], -100)";
    case "causal-lm":
      return "padded(ids, -100)";
    case "sequence-classification":
      return 'torch.tensor([example["label"] for example in examples])';
    case "token-classification":
      return 'padded([example["labels"] for example in examples], -100)';
  }
}

function batchesCode(byLength: boolean): string {
  return join(
    "def training_order(examples, rng):",
    `    """Steps, epoch after epoch, as lists of batches of examples${byLength ? " of about the same length" : ""}."""`,
    "    while True:",
    "        order = rng.sample(examples, len(examples))",
    ...(byLength
      ? [
          "        size = BATCH_SIZE * max(1, min(50, len(order) // (BATCH_SIZE * 4)))",
          "        chunks = [order[i : i + size] for i in range(0, len(order), size)]",
          "        for chunk in chunks:",
          '            chunk.sort(key=lambda example: len(example["input_ids"]), reverse=True)',
          "        order = [example for chunk in chunks for example in chunk]",
        ]
      : []),
    "        batches = [order[i : i + BATCH_SIZE] for i in range(0, len(order), BATCH_SIZE)]",
    ...(byLength ? ["        rng.shuffle(batches)  # or the lengths would follow the learning rate"] : []),
    "        for i in range(0, len(batches), ACCUMULATION_STEPS):",
    "            yield batches[i : i + ACCUMULATION_STEPS]",
  );
}

const EXPORTED = `def exported_steps(file):
    """The batches of \`dualrate export --train-batches\`, by step."""
    steps = {}
    for line in open(file, encoding="utf-8"):
        batch = json.loads(line)
        tensors = {name: torch.tensor(values, device=DEVICE) for name, values in batch.items()}
        steps.setdefault(tensors.pop("step").item(), []).append(tensors)
    return list(steps.values())`;

/** What the constants say of the data. */
export function dataConstants(twin: Twin): readonly string[] {
  const { settings, configuration } = twin;
  const { data } = settings;
  const conll = splitFormats(settings)[0] === "conll";
  const path = (file: unknown) => `HERE / ${literal(file)}`;
  const { file, train, validation } = configuration.data;
  return [
    `TRAIN_FILE = ${path(file ?? train)}`,
    file === undefined ? `VALIDATION_FILE = ${path(validation)}` : "VALIDATION_FILE = TRAIN_FILE",
    ...(data.split ? [`VALIDATION_SHARE = ${data.split.validation}`, `SPLIT_SEED = ${data.split.seed}`] : []),
    ...(data.split?.test === undefined ? [] : [`TEST_SHARE = ${data.split.test}`]),
    `TEXT = ${literal(conll ? "words" : data.text)}`,
    ...(data.textPair === undefined ? [] : [`TEXT_PAIR = ${literal(data.textPair)}`]),
    ...(hasHead(twin) ? [`LABEL = ${literal(conll ? "tags" : data.label)}`] : []),
  ];
}
