// Dense linear algebra of symmetric positive definite matrices, on row-major Float64Arrays.
// Notation: A [n, n] = L L^T, L lower triangular; entries above the diagonal of an L are never read.

/** L [n, n] of A (of which the lower triangle is read), in place; false where A is not positive definite. */
export function factorize(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = (a[i * n + j] as number) - dotOfRows(a, i * n, j * n, j);
      if (i === j) {
        if (!(sum > 0)) return false;
        a[i * n + i] = Math.sqrt(sum);
      } else {
        a[i * n + j] = sum / (a[j * n + j] as number);
      }
    }
  }
  return true;
}

/** Four sums side by side: one would wait for itself. */
function dotOfRows(a: Float64Array, from: number, other: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += (a[from + k] as number) * (a[other + k] as number);
    s1 += (a[from + k + 1] as number) * (a[other + k + 1] as number);
    s2 += (a[from + k + 2] as number) * (a[other + k + 2] as number);
    s3 += (a[from + k + 3] as number) * (a[other + k + 3] as number);
  }
  for (; k < length; k++) s0 += (a[from + k] as number) * (a[other + k] as number);
  return s0 + s1 + s2 + s3;
}

/** x [n] with L x = b. */
export function solveLower(l: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    let sum = x[i] as number;
    for (let k = 0; k < i; k++) sum -= (l[i * n + k] as number) * (x[k] as number);
    x[i] = sum / (l[i * n + i] as number);
  }
  return x;
}

/** x [n] with L^T x = b. */
export function solveUpper(l: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = Float64Array.from(b);
  for (let i = n - 1; i >= 0; i--) {
    const value = (x[i] as number) / (l[i * n + i] as number);
    x[i] = value;
    for (let k = 0; k < i; k++) x[k] = (x[k] as number) - (l[i * n + k] as number) * value;
  }
  return x;
}

/** The lower triangle of A^-1 [n, n] = L^-T L^-1. */
export function inverse(l: Float64Array, n: number): Float64Array {
  // Row j of `columns` is column j of L^-1, so that the products below run along rows.
  const columns = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    columns[j * n + j] = 1 / (l[j * n + j] as number);
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum += (l[i * n + k] as number) * (columns[j * n + k] as number);
      columns[j * n + i] = -sum / (l[i * n + i] as number);
    }
  }
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += (columns[i * n + k] as number) * (columns[j * n + k] as number);
      result[i * n + j] = sum;
    }
  }
  return result;
}
