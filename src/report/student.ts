// Student's t distribution with a whole number of degrees of freedom.
// Notation: A(t|df) = P(|T| <= t); Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4.

/** P(|T| <= t) for t >= 0. */
export function studentWithin(t: number, df: number): number {
  const angle = Math.atan(t / Math.sqrt(df));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = df % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = df === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < df; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

/** The t for which P(|T| <= t) = within, in (0, 1): 0.95 gives the half-width of a 95 % interval in standard errors. */
export function studentQuantile(within: number, df: number): number {
  let [low, high] = [0, 1];
  while (studentWithin(high, df) < within) high *= 2;
  // Bisection to the last bits of a double.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, df) < within) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
