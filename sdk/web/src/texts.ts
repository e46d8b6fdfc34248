/** What the visitor reads and hears, in one language. */
import { type Day, type Month, addDays, firstOf } from "./dates.ts";
import strings from "./strings.json";

export type Language = keyof typeof strings;
export type Key = keyof typeof strings.nl;

// Fails to compile when a language misses a text.
const ALL: Record<Language, Record<Key, string>> = strings;
const LOCALES: Record<Language, string> = { nl: "nl-NL", en: "en-GB" };
const A_MONDAY: Day = "2024-01-01";

export class Texts {
  readonly language: Language;
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  constructor(language: Language) {
    this.language = language;
  }

  /** The text, with `{name}` replaced by the value of that name. */
  say(key: Key, values: Record<string, string | number> = {}): string {
    return ALL[this.language][key].replace(/\{(\w+)\}/g, (_, name: string) => `${values[name]}`);
  }

  /** "5 tijden vrij". */
  free(count: number): string {
    return this.say(count === 0 ? "free_none" : count === 1 ? "free_one" : "free_other", { count });
  }

  /** "maandag 30 november 2026". */
  day(day: Day): string {
    return this.#date(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  }

  /** "november 2026". */
  month(month: Month): string {
    return this.#date(firstOf(month), { month: "long", year: "numeric" });
  }

  /** The days of the week from Monday on, in full or short. */
  weekdays(weekday: "long" | "short"): string[] {
    return Array.from({ length: 7 }, (_, n) => this.#date(addDays(A_MONDAY, n), { weekday }));
  }

  /** "09:00". */
  time(instant: string, zone: string): string {
    return this.#format({ timeStyle: "short", timeZone: zone }).format(new Date(instant));
  }

  /** "Europe/Amsterdam (UTC+1)", with the offset that holds at that instant. */
  zone(zone: string, instant: string): string {
    const parts = this.#format({ timeZone: zone, timeZoneName: "shortOffset" });
    const offset = parts.formatToParts(new Date(instant)).find((p) => p.type === "timeZoneName");
    return `${zoneName(zone)} (${offset?.value.replace("GMT", "UTC") ?? "UTC"})`;
  }

  /** Only the words: browsers disagree about the comma after an English weekday. */
  #date(day: Day, options: Intl.DateTimeFormatOptions): string {
    const format = this.#format({ ...options, timeZone: "UTC" });
    const parts = format.formatToParts(new Date(`${day}T12:00:00Z`));
    return parts.filter(({ type }) => type !== "literal").map(({ value }) => value).join(" ");
  }

  #format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = JSON.stringify(options);
    let format = this.#formats.get(key);
    if (!format) {
      format = new Intl.DateTimeFormat(LOCALES[this.language], options);
      this.#formats.set(key, format);
    }
    return format;
  }
}

/** The language to speak: the first of the wishes that we have, else Dutch. */
export function languageOf(...wishes: (string | null)[]): Language {
  const codes = wishes.map((wish) => wish?.slice(0, 2).toLowerCase());
  return codes.find((code): code is Language => !!code && code in ALL) ?? "nl";
}

/** "America/New York". */
export const zoneName = (zone: string): string => zone.replaceAll("_", " ");

/** A text that starts a line, with a capital: Dutch writes days and months without one. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
