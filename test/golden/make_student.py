"""Reference values of Student's t distribution by scipy.

    python test/golden/make_student.py
"""

import json
from pathlib import Path

from scipy.stats import t

within = [{"t": x, "df": df, "within": float(1 - 2 * t.sf(x, df))} for df in [1, 2, 3, 4, 5, 8, 29] for x in [0.1, 1, 2.5, 12]]
quantiles = [{"within": p, "df": df, "t": float(t.ppf((1 + p) / 2, df))} for df in [1, 2, 3, 4, 9, 30] for p in [0.5, 0.95, 0.99]]
(Path(__file__).parent / "student.json").write_text(json.dumps({"within": within, "quantiles": quantiles}, indent=1) + "\n")
