"""Reference for test/report/certainty.test.ts: that each of three configurations has the lowest mean, by scipy's multivariate t."""

import numpy as np
from scipy import stats

values = np.array([[2.5, 3.6, 1.4, 2.2], [2.0, 3.1, 1.1, 1.9], [2.1, 2.9, 1.3, 1.85]])  # [configurations, seeds]
k, n = values.shape
means = values.mean(1)
residuals = values - means[:, None] - values.mean(0) + values.mean()
df = (k - 1) * (n - 1)
shape = (residuals**2).sum() / df / n * (np.eye(k - 1) + 1)
for i in range(k):
    differences = means[i] - np.delete(means, i)
    print(stats.multivariate_t(loc=differences, shape=shape, df=df, seed=0).cdf(np.zeros(k - 1)))
