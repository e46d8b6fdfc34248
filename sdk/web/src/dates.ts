/** Plain dates, and the day on which an instant falls; no time zone leaks in between. */

/** `YYYY-MM-DD`, a date on somebody's calendar rather than an instant. */
export type Day = string;
/** `YYYY-MM`. */
export type Month = string;

const noon = (day: Day): Date => new Date(`${day}T12:00:00Z`);
const plain = (date: Date): Day => date.toISOString().slice(0, 10);

export function addDays(day: Day, count: number): Day {
  const date = noon(day);
  date.setUTCDate(date.getUTCDate() + count);
  return plain(date);
}

export function addMonths(month: Month, count: number): Month {
  const date = noon(`${month}-01`);
  date.setUTCMonth(date.getUTCMonth() + count);
  return plain(date).slice(0, 7);
}

/** The same day some months on, or that month's last day where it is shorter. */
export function sameDayIn(day: Day, count: number): Day {
  const month = addMonths(monthOf(day), count);
  const last = daysIn(month);
  return `${month}-${String(Math.min(Number(day.slice(8)), last)).padStart(2, "0")}`;
}

export const monthOf = (day: Day): Month => day.slice(0, 7);
export const firstOf = (month: Month): Day => `${month}-01`;
export const daysIn = (month: Month): number =>
  Number(addDays(firstOf(addMonths(month, 1)), -1).slice(8));

/** 0 is Monday. */
export const weekday = (day: Day): number => (noon(day).getUTCDay() + 6) % 7;

/** The date that calendars in `zone` show at that instant. */
export function dayAt(instant: string | number, zone: string): Day {
  // Swedish is the locale that writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date(instant));
}

export const ownZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Every zone the browser knows, and `own` where its list leaves that out (as it does UTC). */
export function zones(own: string): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return known.includes(own) ? known : [...known, own].sort();
}
