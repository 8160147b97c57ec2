// The logarithm of expected improvement, without underflow: S. Ament et al., "Unexpected Improvements to Expected
// Improvement for Bayesian Optimization", 2023, section 4.
// Notation: z = (best - mean) / deviation; EI = deviation h(z), h(z) = phi(z) + z Phi(z).

const ROOT_HALF_PI = Math.sqrt(Math.PI / 2);
const LOG_ROOT_TWO_PI = Math.log(2 * Math.PI) / 2;

/** Below, 1 + z R(z) of the exact form has lost half its digits, and the first term of its series has as many. */
const FAR = -1e4;

/** ln h(z) and its derivative Phi(z) / h(z). */
export function logH(z: number): readonly [value: number, slope: number] {
  const logDensity = -(z * z) / 2 - LOG_ROOT_TWO_PI;
  if (z < FAR) return [logDensity - 2 * Math.log(-z), -z];
  // R = Phi(z) / phi(z), Mills' ratio; erfcx does not underflow where both of these do.
  if (z < 0) {
    const ratio = ROOT_HALF_PI * scaledErfc(-z * Math.SQRT1_2);
    const rest = 1 + z * ratio;
    return [logDensity + Math.log(rest), ratio / rest];
  }
  const density = Math.exp(logDensity);
  const probability = 1 - density * ROOT_HALF_PI * scaledErfc(z * Math.SQRT1_2);
  const h = density + z * probability;
  return [Math.log(h), probability / h];
}

/** Chebyshev coefficients of W. Press et al., "Numerical Recipes", 3rd edition, 2007, section 6.2.2. */
const CHEBYSHEV = [
  -1.3026537197817094, 0.6419697923564902, 1.9476473204185836e-2, -9.561514786808631e-3, -9.46595344482036e-4,
  3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5, -1.624290004647e-6, 1.30365583558e-6, 1.5626441722e-8,
  -8.5238095915e-8, 6.529054439e-9, 5.059343495e-9, -9.91364156e-10, -2.27365122e-10, 9.6467911e-11, 2.394038e-12,
  -6.886027e-12, 8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15, -1.523e-15, -9.4e-17, 1.21e-16, -2.8e-17,
];

/** exp(x^2) erfc(x) for x >= 0, to a relative error of about 1e-15 for x up to 10. */
function scaledErfc(x: number): number {
  // Beyond, the series of 1/x is exact to working precision and the fit is not.
  if (x > 50) {
    const u = 1 / (2 * x * x);
    return (1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u)))) / (x * Math.sqrt(Math.PI));
  }
  const t = 2 / (2 + x);
  const double = 2 * (2 * t - 1);
  let [a, b] = [0, 0];
  for (let i = CHEBYSHEV.length - 1; i > 0; i--) {
    [a, b] = [double * a - b + (CHEBYSHEV[i] as number), a];
  }
  return t * Math.exp(((CHEBYSHEV[0] as number) + double * a) / 2 - b);
}
