"""Writes test/golden/words/: small trained tokenizers (WordPiece, Unigram, byte-level BPE), and what Hugging Face's make of
sentences that come as words (is_split_into_words). Run: python test/golden/make_words.py; needs transformers and tokenizers."""

import json
import shutil
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AlbertTokenizer, AutoTokenizer, BertTokenizer, RobertaTokenizer

HERE = Path(__file__).resolve().parent / "words"
CORPUS = [
    "the enzyme p53 binds to the promoter of MDM2 in human cells",
    "Aspirin inhibits cyclooxygenase and lowers prostaglandin levels",
    "Angela Merkel visited Paris, France on 3 May 2012.",
    "the U.S. dollar rose against the euro; it's a state-of-the-art result!",
    "ein schöner Überblick über naïve façades and the # sign",
] * 4
INTRODUCED = ["<GENE_1>", "covid"]
SENTENCES = [
    ["Angela", "Merkel", "visited", "Paris", ",", "France", "."],
    ["the", "<GENE_1>", "enzyme", "binds", "anti-<GENE_1>-cells"],
    ["covid", "and", "postcovid", "levels", "rose", "by", "3.5%"],
    ["naïve", "Überblick", "it's", "state-of-the-art", "#", "U.S.", "MDM2/p53"],
    ["words", "with a space", " lead", "trail ", "", " ", "\u200e", "end"],
    ["漢字", "e\u0301te\u0301", "ﬁne", "\ufffd", "½", "cyclooxygenase"],
]
MAX_LENGTH = 12


def trained(model, trainer, normalizer, pre_tokenizer):
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def word_piece():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    model = trained(models.WordPiece(unk_token="[UNK]"), trainer, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    return BertTokenizer(vocab=model["vocab"])


def unigram():
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>", show_progress=False)
    model = trained(models.Unigram(), trainer, normalizers.Lowercase(), pre_tokenizers.Metaspace())
    return AlbertTokenizer(vocab=[tuple(entry) for entry in model["vocab"]])


def byte_level():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=360, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    model = trained(models.BPE(), trainer, None, pre_tokenizers.ByteLevel(add_prefix_space=False))
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]])


def encoded(tokenizer, words, **options):
    encoding = tokenizer(words, is_split_into_words=True, **options)
    firsts, before = [], None
    for position, word in enumerate(encoding.word_ids()):
        if word is not None and word != before:
            firsts.append([position, word])
        before = word
    return {"ids": encoding["input_ids"], "firsts": firsts}


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    for name, make in {"bert": word_piece, "albert": unigram, "roberta": byte_level}.items():
        folder = HERE / name
        make().save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, **({"add_prefix_space": True} if name == "roberta" else {}))
        tokenizer.add_tokens(INTRODUCED)
        values = {
            "introduced": INTRODUCED,
            "max_length": MAX_LENGTH,
            "sentences": [
                {"words": words, "whole": encoded(tokenizer, words),
                 "cut": encoded(tokenizer, words, truncation=True, max_length=MAX_LENGTH)}
                for words in SENTENCES
            ],
        }
        (folder / "words.json").write_text(json.dumps(values, ensure_ascii=False) + "\n")
        print(name, tokenizer.vocab_size, [tokenizer.convert_ids_to_tokens(s["whole"]["ids"]) for s in values["sentences"]])
