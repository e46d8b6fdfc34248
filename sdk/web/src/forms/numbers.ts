// Exact numbers: a whole number of 10^-20ths, smaller than 10^20. Python's decimals are the same.

/** A number, times 10^20. */
export type Fixed = bigint;

const decimals = 20;
const one = 10n ** 20n;
const limit = one * one;

const written = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;
const largestJsonNumber = 1e15;

export const whole = (count: number): Fixed => BigInt(count) * one;

export const isWhole = (number: Fixed): boolean => number % one === 0n;

/** What the whole part is, for numbers that are not large. */
export const asCount = (number: Fixed): number => Number(number / one);

export const isBounded = (number: Fixed): boolean => -limit < number && number < limit;

/** A JSON number or decimal text as an exact number, unless it cannot be one. */
export function numberFrom(given: unknown): Fixed | undefined {
  if (typeof given === "number" && !(Math.abs(given) < largestJsonNumber)) return undefined;
  if (typeof given !== "number" && typeof given !== "string") return undefined;
  const parts = written.exec(String(given));
  if (!parts) return undefined;
  const fraction = parts[3] ?? "";
  const digits = BigInt(parts[2] + fraction);
  // So large an exponent only fits nothing at all; the power is never worked out.
  const shift = decimals + Number(parts[4] ?? 0) - fraction.length;
  if (digits === 0n) return 0n;
  if (Math.abs(shift) > 80) return undefined;
  const power = 10n ** BigInt(Math.abs(shift));
  if (shift < 0 && digits % power !== 0n) return undefined;
  const number = shift < 0 ? digits / power : digits * power;
  return isBounded(number) ? (parts[1] ? -number : number) : undefined;
}

/** The one way to write a number: no exponent, no zeros that say nothing. */
export function numberText(number: Fixed): string {
  const digits = (number < 0n ? -number : number).toString().padStart(decimals + 1, "0");
  const fraction = digits.slice(-decimals).replace(/0+$/, "");
  return (number < 0n ? "-" : "") + digits.slice(0, -decimals) + (fraction && `.${fraction}`);
}

export const multiply = (a: Fixed, b: Fixed): Fixed => divided(a * b, one, "half_up");

export const divide = (a: Fixed, b: Fixed): Fixed => divided(a * one, b, "half_up");

export function round(number: Fixed, scale: number, mode: string): Fixed {
  const step = 10n ** BigInt(decimals - scale);
  return divided(number, step, mode) * step;
}

export const toCents = (number: Fixed): Fixed => round(number, 2, "half_up");

function divided(above: bigint, below: bigint, mode: string): bigint {
  if (below < 0n) {
    above = -above;
    below = -below;
  }
  const found = above / below;
  const rest = above % below;
  if (rest === 0n) return found;
  const negative = rest < 0n;
  const twice = 2n * (negative ? -rest : rest);
  const away =
    mode === "up" ||
    (mode === "ceiling" && !negative) ||
    (mode === "floor" && negative) ||
    (mode.startsWith("half") &&
      (twice > below || (twice === below && (mode === "half_up" || found % 2n !== 0n))));
  return away ? found + (negative ? -1n : 1n) : found;
}
