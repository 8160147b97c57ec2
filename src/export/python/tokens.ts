// The script's part that introduces the tokens: the first values of their rows, and the split of the tables that have a row
// for each token into parameter groups. The rules are trainer/introduce.ts's.
import { predictsTokens } from "../../sweep/settings.js";
import { join, literal } from "./literal.js";
import { hasClasses, hasHead, isRegression, type Twin, tags } from "./twin.js";

const ROW_RULES: Readonly<Record<string, string>> = {
  mean: "return rows.mean(0)",
  // Hewitt (2021), as transformers does it; (rows - mean)' z has their covariance without a decomposition of it.
  mean_resizing: "return rows.mean(0) + (1e-9 / len(rows)) ** 0.5 * torch.randn(len(rows)) @ (rows - rows.mean(0))",
  random: "return spread * torch.randn(rows.shape[1])",
  subword_mean: "return rows[subwords[token]].mean(0)",
  copy: "return rows[copied[token]]",
};

const BIAS_RULES: Readonly<Record<string, string>> = {
  mean: "return bias.mean()",
  min: "return bias.min()",
  zero: "return torch.tensor(0.0)",
  subword_mean: "return bias[subwords[token]].mean()",
};

const COPY = "copy:";

/** The rule of each token that has one of its own. */
function ownRules({ settings }: Twin): readonly (readonly [string, string])[] {
  return Object.entries(settings.introduced.tokenInit ?? {});
}

/** What the constants say of the tokens' first values. */
export function initConstants(twin: Twin): Readonly<Record<string, unknown>> {
  const rules = ownRules(twin).filter(([, rule]) => !rule.startsWith(COPY));
  const copies = ownRules(twin).filter(([, rule]) => rule.startsWith(COPY));
  return {
    ...(rules.length > 0 && { OWN_INIT: Object.fromEntries(rules) }),
    ...(copies.length > 0 && {
      COPIED_FROM: Object.fromEntries(copies.map(([token, rule]) => [token, rule.slice(COPY.length)])),
    }),
  };
}

/** The names of functions that are called for one token, with what they need beside it. */
function needs(twin: Twin) {
  const { init, biasInit } = twin.config;
  const rules = [init, ...ownRules(twin).map(([, rule]) => (rule.startsWith(COPY) ? "copy" : rule))];
  const bias = hasBias(twin);
  return {
    rules: [...new Set(rules)],
    subwords: rules.includes("subword_mean") || (bias && biasInit === "subword_mean"),
    bias,
  };
}

/** Only masked-lm's output layers have a bias. */
function hasBias({ settings }: Twin): boolean {
  return settings.task === "masked-lm";
}

export function tokensCode(twin: Twin): string {
  return join(tablesCode(twin), "\n", startCode(twin), "\n", loadCode(twin), "\n", splitCode());
}

function tablesCode({ settings }: Twin): string {
  if (!predictsTokens(settings.task)) {
    return join(
      "def vocabulary_tables(model):",
      '    """The parameters with an entry for each token, by name: here the word table alone."""',
      "    table = model.get_input_embeddings().weight",
      "    return {name: p for name, p in model.named_parameters() if p is table}",
    );
  }
  return join(
    "def vocabulary_tables(model):",
    '    """The parameters with an entry for each token, by name: the word table, the output layer\'s',
    '    weight where it is not tied to it, and its bias where it has one. Tied ones come once."""',
    "    output = model.get_output_embeddings()",
    '    tables = [model.get_input_embeddings().weight, output.weight, getattr(output, "bias", None)]',
    "    return {name: p for name, p in model.named_parameters() if any(p is table for table in tables)}",
  );
}

function startCode(twin: Twin): string {
  const { rules, bias } = needs(twin);
  const given = ["token", "rows", ...argumentsOf(twin)].join(", ");
  const choices = rules.filter((rule) => rule !== "copy" && rule !== twin.config.init);
  return join(
    `def first_row(${given}):`,
    '    """The first value of a token\'s row, from the pretrained rows [V, E]."""',
    ...(rules.includes("copy") ? ["    if token in copied:", `        ${ROW_RULES.copy}`] : []),
    ...choices.flatMap((rule) => [`    if OWN_INIT.get(token) == ${literal(rule)}:`, `        ${ROW_RULES[rule]}`]),
    `    ${ROW_RULES[twin.config.init]}`,
    ...(bias
      ? [
          "\n",
          `def first_bias(${["token", "bias", ...(twin.config.biasInit === "subword_mean" ? ["subwords"] : [])].join(", ")}):`,
          '    """The first value of a token\'s entry of the output bias, from the pretrained entries [V]."""',
          `    ${BIAS_RULES[twin.config.biasInit]}`,
        ]
      : []),
  );
}

/** What first_row takes beside the token and the rows. */
function argumentsOf(twin: Twin): readonly string[] {
  const { rules } = needs(twin);
  return [
    ...(rules.includes("subword_mean") ? ["subwords"] : []),
    ...(rules.includes("copy") ? ["copied"] : []),
    ...(rules.includes("random") ? ["spread"] : []),
  ];
}

const LOADERS: Readonly<Record<string, string>> = {
  "masked-lm": "AutoModelForMaskedLM",
  "causal-lm": "AutoModelForCausalLM",
  "sequence-classification": "AutoModelForSequenceClassification",
  "token-classification": "AutoModelForTokenClassification",
};

export function loaderOf({ settings }: Twin): string {
  return LOADERS[settings.task] ?? "AutoModel";
}

function loadCode(twin: Twin): string {
  const { rules, subwords, bias } = needs(twin);
  const groups = twin.settings.tokenGroups !== undefined;
  const row = ["token", "old[name]", ...argumentsOf(twin)].join(", ");
  const entry = ["token", "old[name]", ...(twin.config.biasInit === "subword_mean" ? ["subwords"] : [])].join(", ");
  const start = `first_row(${row})`;
  return join(
    `def load(${hasClasses(twin) ? "classes, start" : "start"}):`,
    '    """The model with the introduced tokens, its tables split into row groups, and its tokenizer."""',
    // Byte-level tokenizers, which others than they ignore, then begin each word with a space.
    `    tokenizer = AutoTokenizer.from_pretrained(MODEL${tags(twin) ? ", add_prefix_space=True" : ""})`,
    subwords && "    # What the tokenizer makes of the tokens as long as it does not know them.",
    subwords && '    subwords = {t: tokenizer(t, add_special_tokens=False)["input_ids"] for t in TOKENS}',
    rules.includes("copy") && "    copied = {t: tokenizer.convert_tokens_to_ids(of) for t, of in COPIED_FROM.items()}",
    ...modelLines(twin),
    rules.includes("random") && "    spread = model.config.initializer_range",
    "    old = {name: table.detach().clone() for name, table in vocabulary_tables(model).items()}",
    "    tokenizer.add_tokens(TOKENS, special_tokens=SPECIAL)",
    "    rows = max(model.config.vocab_size, len(tokenizer))",
    "    model.resize_token_embeddings(rows, mean_resizing=False)",
    "    introduced = tokenizer.convert_tokens_to_ids(TOKENS)",
    "    for name, table in vocabulary_tables(model).items():",
    "        for token, row in zip(TOKENS, introduced):",
    bias && "            if table.ndim == 1:  # the output bias",
    bias && `                table.data[row] = first_bias(${entry})`,
    bias && "                continue",
    `            table.data[row] = ${start}`,
    "    if start:",
    "        unknown = model.load_state_dict(load_file(start), strict=False).unexpected_keys",
    '        assert not unknown, f"{start} is of another model: it has {unknown}"',
    groups ? "    ids = {group: tokenizer.convert_tokens_to_ids(t) for group, t in TOKEN_GROUPS.items()}" : false,
    `    split = SplitRows(model, {${groups ? "**ids, " : ""}"introduced": introduced})`,
    `    return split.to(DEVICE), tokenizer${hasHead(twin) ? ', info["missing_keys"]' : ""}`,
  );
}

function modelLines(twin: Twin): readonly string[] {
  if (!hasHead(twin)) return [`    model = ${loaderOf(twin)}.from_pretrained(MODEL, dtype=torch.float32)`];
  return [
    `    model, info = ${loaderOf(twin)}.from_pretrained(`,
    "        MODEL,",
    "        dtype=torch.float32,",
    ...(isRegression(twin)
      ? ["        num_labels=1,", '        problem_type="regression",']
      : [
          "        id2label=dict(enumerate(classes)),",
          "        label2id={name: index for index, name in enumerate(classes)},",
        ]),
    "        output_loading_info=True,",
    "    )",
  ];
}

function splitCode(): string {
  return `class SplitRows(nn.Module):
    """A model whose tables with a row for each token are made of parameters of their own, one for
    each group of rows, so that each has its own rate and its own optimizer state. (One parameter
    with scaled gradients would not do: Adam's steps do not depend on the gradient's scale.)

    In your own trainer, call it in the model's place, give parameter_groups() to the optimizer, and
    call merge() before you save \`model\`."""

    def __init__(self, model, ids):
        """ids: for each group but the base, which gets all others, its token ids."""
        super().__init__()
        self.model = model
        tables = vocabulary_tables(model)
        self.names = list(tables)
        size = len(tables[self.names[0]])
        others = {i for group in ids.values() for i in group}
        ids = {"base": [i for i in range(size) if i not in others], **ids}
        self.groups = list(ids)
        # Where each id's row lies in the groups put one after the other.
        order = torch.tensor([i for group in ids.values() for i in group])
        self.register_buffer("place", torch.argsort(order))
        self.parts = nn.ModuleList(
            nn.ParameterDict({group: nn.Parameter(table.data[own]) for group, own in ids.items()})
            for table in tables.values()
        )
        for table in tables.values():
            table.requires_grad_(False)

    def tables(self):
        rows = [torch.cat([parts[group] for group in self.groups]) for parts in self.parts]
        return {name: table[self.place] for name, table in zip(self.names, rows)}

    def forward(self, **batch):
        # Tied weights follow the one that is named here.
        return functional_call(self.model, self.tables(), kwargs=batch)

    @torch.no_grad()
    def merge(self):
        """Copies the rows back into the model."""
        for name, table in self.tables().items():
            self.model.get_parameter(name).copy_(table)`;
}
