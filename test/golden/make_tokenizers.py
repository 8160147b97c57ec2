"""Writes test/golden/tokenizers/: three small tokenizers and what Hugging Face makes of pairs of texts with them.

Run: python test/golden/make_tokenizers.py
Needs tokenizers and transformers.
"""

import json
import random
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AlbertTokenizer, AutoTokenizer, BertTokenizer, DataCollatorForLanguageModeling, RobertaTokenizer

HERE = Path(__file__).resolve().parent / "tokenizers"
INTRODUCED = "<new>"
WORDS = "the cat sees a dog cellular cells running runner unhappily red Café naïve big bigger biggest".split()
CORPUS = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))] * 3


def trained(model, trainer, pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def bert():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    model = trained(
        models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=60, special_tokens=special),
        pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer(),
    )
    return BertTokenizer(vocab=model["vocab"])


def albert():
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    model = trained(
        models.Unigram(), trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>"),
        pre_tokenizers.Metaspace(), normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]),
    )
    return AlbertTokenizer(vocab=[(piece, score) for piece, score in model["vocab"]])


def roberta():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    model = trained(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=285, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    merges = [tuple(merge) for merge in model["merges"]]
    return RobertaTokenizer(vocab=model["vocab"], merges=merges)


def texts(draw):
    def text():
        words = draw.choices(WORDS + [INTRODUCED, f"{INTRODUCED}s", "zebra", "big,"], k=draw.randrange(1, 9))
        return " ".join(words)

    return [(text(), text()) for _ in range(12)]


def pair_case(tokenizer, a, b, max_length):
    encoded = tokenizer(a, b, truncation="longest_first", max_length=max_length, return_token_type_ids=True)
    types = encoded["token_type_ids"]
    return {"text": a, "text_pair": b, "max_length": max_length, "input_ids": encoded["input_ids"], "token_type_ids": types}


def word_case(tokenizer, text):
    """
    The word of each token for Hugging Face's collator, -1 for special ones; in ASCII, without punctuation or
    introduced tokens, where our rule is another (to the collator each byte of "é" is a word).
    """
    encoded = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    offsets, special = np.array([encoded["offset_mapping"]]), np.array([encoded["special_tokens_mask"]])
    word_ids, _ = DataCollatorForLanguageModeling._calc_word_ids_and_prob_mask(offsets, special)
    return {"text": text, "input_ids": encoded["input_ids"], "word_ids": word_ids[0].tolist()}


for name, build in {"bert": bert, "albert": albert, "roberta": roberta}.items():
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    build().save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    draw = random.Random(0)
    # ALBERT's "▁" by itself is a word to the collator, which goes by the gaps between tokens.
    words = [word_case(tokenizer, " ".join(draw.choices([word for word in WORDS if word.isascii()], k=6))) for _ in range(6 if name != "albert" else 0)]
    tokenizer.add_tokens([INTRODUCED])
    # An even number of tokens beside the special ones. With an odd one, tokenizers 0.23 lets either text have the odd token:
    # a text counts as long as its first words that make max_length tokens. Words of one token have none of that.
    specials = tokenizer.num_special_tokens_to_add(pair=True)
    pairs = [pair_case(tokenizer, a, b, specials + room) for a, b in texts(draw) for room in (4, 6, 10, 60)]
    lengths = range(1, 7) if name == "bert" else []
    short = [("a " * m, "a " * n) for m in lengths for n in lengths]
    pairs += [pair_case(tokenizer, a.strip(), b.strip(), specials + 5) for a, b in short]
    cases = {"introduced": INTRODUCED, "pairs": pairs, "words": words}
    (folder / "cases.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")
