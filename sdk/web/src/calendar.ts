/** A month of days to choose from: a plain table, so that screen readers can walk through it. */
import {
  type Day,
  type Month,
  addDays,
  addMonths,
  daysIn,
  firstOf,
  monthOf,
  sameDayIn,
  weekday,
} from "./dates.ts";
import { h, icon, put } from "./dom.ts";
import { type Texts, capital } from "./texts.ts";

export interface Page {
  month: Month;
  /** The first day that can be shown as free; earlier months are not offered. */
  today: Day;
  /** Free starts by day; null while they are on their way. */
  days: Readonly<Record<Day, readonly string[]>> | null;
  chosen: Day | null;
  /** Whether no later month can have free times. */
  last: boolean;
}

export interface CalendarEvents {
  day(day: Day): void;
  /** Another month is asked for; `focus` is the day that the keyboard went to. */
  month(month: Month, focus?: Day): void;
}

export class Calendar {
  readonly element: HTMLElement;
  readonly #texts: Texts;
  readonly #events: CalendarEvents;
  readonly #heading = h("h3", { "aria-live": "polite" });
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #body = h("tbody");
  readonly #table: HTMLTableElement;
  readonly #cells = new Map<Day, HTMLButtonElement>();
  #page: Page | null = null;
  #tabbable: Day | null = null;

  constructor(texts: Texts, events: CalendarEvents) {
    this.#texts = texts;
    this.#events = events;
    this.#previous = this.#turner("left", texts.say("month_previous"), -1);
    this.#next = this.#turner("right", texts.say("month_next"), 1);
    this.#table = h("table", { keydown: (event) => this.#key(event as KeyboardEvent) });
    this.#table.append(h("thead", {}, this.#weekdays()), this.#body);
    this.element = h(
      "section",
      { class: "calendar", part: "grid", "aria-label": texts.say("day_choose") },
      h("div", { class: "month" }, this.#heading, this.#previous, this.#next),
      this.#table,
      h("p", { class: "hint" }, texts.say("day_choose_hint")),
    );
  }

  /** Show a page. The days keep the focus when they had it, or get it when `focus` names one. */
  show(page: Page, focus?: Day): void {
    const had = focus ?? (this.#focused() ? (this.#tabbable ?? undefined) : undefined);
    if (page.month !== this.#page?.month) this.#build(page);
    this.#page = page;
    put(this.#table, "aria-busy", page.days ? null : "true");
    put(this.#previous, "aria-disabled", page.month <= monthOf(page.today) ? "true" : null);
    put(this.#next, "aria-disabled", page.last ? "true" : null);
    for (const [day, cell] of this.#cells) this.#label(day, cell, page);
    const stays = had && this.#cells.has(had) ? had : null;
    this.#tab(stays ?? this.#preferred(page));
    if (stays) this.#cells.get(stays)?.focus();
  }

  #turner(name: "left" | "right", label: string, step: number): HTMLButtonElement {
    const turn = (): void => {
      const button = step < 0 ? this.#previous : this.#next;
      if (!this.#page || button.ariaDisabled) return;
      this.#events.month(addMonths(this.#page.month, step));
    };
    const attributes = { type: "button", class: "turn", "aria-label": label, click: turn };
    return h("button", attributes, icon(name));
  }

  #weekdays(): HTMLTableRowElement {
    const full = this.#texts.weekdays("long");
    const short = this.#texts.weekdays("short");
    return h("tr", {}, ...full.map((abbr, n) => h("th", { scope: "col", abbr }, short[n])));
  }

  #build({ month }: Page): void {
    const first = firstOf(month);
    const caption = capital(this.#texts.month(month));
    this.#heading.textContent = caption;
    this.#table.setAttribute("aria-label", caption);
    this.#cells.clear();
    const rows: HTMLTableRowElement[] = [];
    for (let n = -weekday(first); n < daysIn(month); n++) {
      if ((n + weekday(first)) % 7 === 0) rows.push(h("tr"));
      const cell = h("td");
      if (n >= 0) cell.append(this.#cell(addDays(first, n)));
      rows.at(-1)?.append(cell);
    }
    this.#body.replaceChildren(...rows);
  }

  #cell(day: Day): HTMLButtonElement {
    const choose = (): void => {
      this.#tab(day);
      if (!cell.ariaDisabled) this.#events.day(day);
    };
    const cell = h(
      "button",
      { type: "button", class: "day", part: "day", click: choose },
      String(Number(day.slice(8))),
    );
    this.#cells.set(day, cell);
    return cell;
  }

  #label(day: Day, cell: HTMLButtonElement, page: Page): void {
    const count = page.days?.[day]?.length ?? 0;
    const words = page.days ? `, ${this.#texts.free(count)}` : "";
    put(cell, "aria-label", `${this.#texts.day(day)}${words}`);
    // Never `disabled`: that would take the focus away, and the keyboard walks over these days.
    put(cell, "aria-disabled", count ? null : "true");
    put(cell, "aria-pressed", day === page.chosen ? "true" : "false");
    put(cell, "aria-current", day === page.today ? "date" : null);
  }

  #preferred({ month, today, days, chosen }: Page): Day {
    if (chosen && monthOf(chosen) === month) return chosen;
    const free = Object.keys(days ?? {}).sort().find((day) => this.#cells.has(day));
    return free ?? (monthOf(today) === month ? today : firstOf(month));
  }

  #tab(day: Day): void {
    this.#tabbable = day;
    for (const [each, cell] of this.#cells) cell.tabIndex = each === day ? 0 : -1;
  }

  #focused(): boolean {
    const root = this.element.getRootNode() as ShadowRoot;
    return !!root.activeElement && this.#body.contains(root.activeElement);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#page || !this.#tabbable) return;
    const target = this.#target(event, this.#tabbable);
    if (!target) return;
    event.preventDefault();
    const { month, today, last } = this.#page;
    const wanted = monthOf(target);
    if (wanted < monthOf(today) || (last && wanted > month)) return;
    if (wanted !== month) return this.#events.month(wanted, target);
    this.#tab(target);
    this.#cells.get(target)?.focus();
  }

  /** Where a key leads (ARIA Authoring Practices, date picker); null for any other key. */
  #target({ key, shiftKey }: KeyboardEvent, day: Day): Day | null {
    const ahead = getComputedStyle(this.element).direction === "rtl" ? -1 : 1;
    const months = shiftKey ? 12 : 1;
    switch (key) {
      case "ArrowLeft":
        return addDays(day, -ahead);
      case "ArrowRight":
        return addDays(day, ahead);
      case "ArrowUp":
        return addDays(day, -7);
      case "ArrowDown":
        return addDays(day, 7);
      case "Home":
        return addDays(day, -weekday(day));
      case "End":
        return addDays(day, 6 - weekday(day));
      case "PageUp":
        return sameDayIn(day, -months);
      case "PageDown":
        return sameDayIn(day, months);
      default:
        return null;
    }
  }
}
