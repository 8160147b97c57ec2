"""Writes test/golden/parquet/: the same rows under each codec, and rows.json with what they are.

Run: python test/golden/make_parquet.py
Needs pyarrow.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent / "parquet"
HERE.mkdir(exist_ok=True)

ROWS = [
    {
        "text": f"the cat sees <new> {'é ' * i}",
        "text_b": f"a dog {i}",
        "label": ["cat", "dog"][i % 2],
        "class": i % 3,
        "big": 2**60 + i,
        "score": i / 4 - 1,
        "flag": i % 2 == 0,
        "nested": list(range(i)),
        "point": {"x": i, "y": -i},
        "empty": None if i % 2 else "x",
    }
    for i in range(8)
]
SCHEMA = pa.schema([
    ("text", pa.string()), ("text_b", pa.string()), ("label", pa.string()), ("class", pa.int64()), ("big", pa.int64()),
    ("score", pa.float64()), ("flag", pa.bool_()), ("nested", pa.list_(pa.int32())),
    ("point", pa.struct([("x", pa.int32()), ("y", pa.int32())])), ("empty", pa.string()),
])
# Three rows in a group, so that there are three groups.
FILES = {
    "snappy-dictionary": dict(compression="snappy", use_dictionary=True),
    "zstd": dict(compression="zstd", use_dictionary=False),
    "gzip-delta": dict(
        compression="gzip", use_dictionary=False, data_page_version="2.0",
        column_encoding={"text": "DELTA_BYTE_ARRAY", "class": "DELTA_BINARY_PACKED"},
    ),
    "none": dict(compression="none"),
}

table = pa.Table.from_pylist(ROWS, schema=SCHEMA)
for name, options in FILES.items():
    pq.write_table(table, HERE / f"{name}.parquet", row_group_size=3, **options)
pq.write_table(table.slice(0, 0), HERE / "empty.parquet")
tokens = [{"token": "<b>", "init": None}, {"token": "<a>", "init": "random"}]
pq.write_table(pa.Table.from_pylist(tokens), HERE / "tokens.parquet")
tagged = [{"tokens": ["the", "<new>"], "names": ["O", "B-X"], "classes": [0, 2**40], "one": ["O"], "fractions": [0.5, 1.0]}]
pq.write_table(pa.Table.from_pylist(tagged), HERE / "tagged.parquet")
(HERE / "rows.json").write_text(json.dumps(ROWS, ensure_ascii=False) + "\n")
