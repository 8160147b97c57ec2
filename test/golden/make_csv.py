"""Rows of delimited texts as Python's csv module reads them in strict mode: reference for trainer/data/csv.ts.

python make_csv.py > csv.json
"""

import csv
import io
import json
import random

TEXTS = [
    (",", "text,label\na,1\nb,2\n"),
    (",", "text,label\r\na,1\r\nb,2"),
    (",", 'text,label\n"a, b",1\n"say ""yes""",2\n'),
    (",", 'text,label\n"two\nlines",1\n"three\r\nmore\n\nlines",2\r\n'),
    (",", '"",""\n,\n"""",\n"""""",x\n'),
    (",", "é ü,日本\n\u2028,\u0085\n"),
    ("\t", 'text\tlabel\na, b\t1\n"tab\there"\t2\n'),
    (",", 'one\n\n"two"\n'),
]


def random_table(draw: random.Random) -> tuple[str, str]:
    """A table of random fields, as the csv module writes them."""
    delimiter = draw.choice(",\t")
    fields = [["".join(draw.choices('ab ",\t\n;', k=draw.randrange(1, 9))) for _ in range(3)] for _ in range(5)]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=draw.choice(["\n", "\r\n"])).writerows(fields)
    return delimiter, out.getvalue()


draw = random.Random(0)
cases = [
    {
        "delimiter": delimiter,
        "text": text,
        # The csv module makes an empty line an empty row.
        "rows": [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row],
    }
    for delimiter, text in TEXTS + [random_table(draw) for _ in range(40)]
]
print(json.dumps(cases, ensure_ascii=False))
