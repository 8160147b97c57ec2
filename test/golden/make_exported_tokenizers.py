"""Small tokenizers of the three kinds that BERT, ALBERT / XLM-R, and RoBERTa / GPT-2 use, and what Hugging Face makes of
1,000 lines with them once dualrate has exported them with introduced tokens. Writes test/golden/exported-tokenizers/.

    npm run build && python test/golden/make_exported_tokenizers.py
"""

import hashlib
import json
import random
import subprocess
import tempfile
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

GOLDEN = Path(__file__).parent
FOLDER = GOLDEN / "exported-tokenizers"
LINES = 1000
WORDS = (
    "the cell membrane Receptor binds protein kinase inhibitor acid-base naïve café résumé Übung straße Москва привет мир "
    "日本語 東京 한국어 مرحبا 3.14 1,000 C6H12O6 don't isn't it's e-mail http://x.y/z?a=b#c foo_bar camelCase HELLO ﬁne "
    "½ x² Å µm 😀 👍🏽 — … “quoted” (a) [b] {c} <d> <|e|> a/b\\c & && ## ##ing ▁ Ġ � tokens learn faster than rows"
).split(" ")
INTRODUCED = ["<rx_1>", "<rx_10>", "NeuroX", "naïveté", "東京大学", "co-op", "a\u00a0b", "Δβ", "🧬", "<|new|>", "##new", "semi colon"]


def lines() -> list[str]:
    rng = random.Random(0)
    spaces = [" "] * 12 + ["", "  ", "\t", "\u00a0", "\u3000", ", ", ". ", "-"]
    made = []
    for _ in range(LINES):
        parts = [rng.choice(INTRODUCED if rng.random() < 0.2 else WORDS) for _ in range(rng.randint(1, 14))]
        parts = [part.upper() if rng.random() < 0.05 else part for part in parts]
        made.append("".join(part + rng.choice(spaces) for part in parts))
    return made


def wordpiece(corpus: list[str]) -> tuple[Tokenizer, dict]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer, {"tokenizer_class": "BertTokenizer", "do_lower_case": True} | names(special)


def unigram(corpus: list[str]) -> tuple[Tokenizer, dict]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.UnigramTrainer(vocab_size=400, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast"} | names(special)


def byte_bpe(corpus: list[str]) -> tuple[Tokenizer, dict]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    given = names(["<pad>", "<unk>", "<s>", "</s>", "<mask>"])
    return tokenizer, {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": False} | given


def names(special: list[str]) -> dict:
    return dict(zip(["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"], special))


def main() -> None:
    corpus = [" ".join(random.Random(i).choices(WORDS, k=12)) for i in range(300)]
    FOLDER.mkdir(exist_ok=True)
    texts = lines()
    (FOLDER / "lines.json").write_text(json.dumps(texts, ensure_ascii=False, indent=0) + "\n")
    for name, make in {"wordpiece": wordpiece, "unigram": unigram, "byte-bpe": byte_bpe}.items():
        tokenizer, config = make(corpus)
        folder = FOLDER / name
        folder.mkdir(exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    expected = {}
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["node", str(GOLDEN / "export-tokenizers.mjs"), out, json.dumps(INTRODUCED)], check=True)
        for folder in sorted(Path(out).iterdir()):
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = [tokenizer(text)["input_ids"] for text in texts]
            files = {file.name: sha256(file.read_bytes()) for file in sorted(folder.iterdir())}
            expected[folder.name] = {"files": files, "lines": [sha256(json.dumps(line).encode())[:8] for line in ids]}
            introduced = {tokenizer.convert_tokens_to_ids(token) for token in INTRODUCED}
            print(folder.name, sum(bool(introduced & set(line)) for line in ids), "lines with introduced tokens")
    (FOLDER / "expected.json").write_text(json.dumps({"introduced": INTRODUCED, "tokenizers": expected}, ensure_ascii=False) + "\n")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
