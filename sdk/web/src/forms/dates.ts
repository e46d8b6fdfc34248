// Dates and months as ISO 8601 writes them: as text they sort as time does. No clock, no zone.

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const lastDay = (year: number, month: number): number =>
  month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : lengths[month - 1]!;

export const isMonth = (text: string): boolean =>
  /^\d{4}-(0[1-9]|1[0-2])$/.test(text) && text.slice(0, 4) !== "0000";

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || !isMonth(text.slice(0, 7))) return false;
  const day = dayOf(text);
  return day > 0 && day <= lastDay(yearOf(text), +text.slice(5, 7));
}

/** How many days later the second date is. */
export const daysBetween = (start: string, end: string): number => daysOf(end) - daysOf(start);

/** The same day of another month, or its last one where it is shorter. */
export function addMonths(start: string, months: number): string | undefined {
  const all = monthsOf(start) + months;
  if (all < 12 || all > 9999 * 12 + 11) return undefined;
  const year = Math.floor(all / 12);
  const month = (all % 12) + 1;
  const found = `${`${year}`.padStart(4, "0")}-${two(month)}`;
  if (start.length === found.length) return found;
  return `${found}-${two(Math.min(dayOf(start), lastDay(year, month)))}`;
}

/** How many whole months fit between two dates, or two months. */
export function monthsBetween(start: string, end: string): number {
  if (end < start) return -monthsBetween(end, start);
  const months = monthsOf(end) - monthsOf(start);
  return (addMonths(start, months) ?? end) > end ? months - 1 : months;
}

export const yearsBetween = (start: string, end: string): number =>
  Math.trunc(monthsBetween(start, end) / 12);

const two = (number: number): string => `${number}`.padStart(2, "0");
const yearOf = (text: string): number => +text.slice(0, 4);
const dayOf = (text: string): number => +text.slice(8);
const monthsOf = (text: string): number => yearOf(text) * 12 + +text.slice(5, 7) - 1;

/** Days since the first of March of the year 0, when a leap day is the last of its year. */
function daysOf(text: string): number {
  const months = monthsOf(text) - 2;
  const year = Math.floor(months / 12);
  const before = Math.floor((153 * (months % 12) + 2) / 5);
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) +
    before + dayOf(text);
}
