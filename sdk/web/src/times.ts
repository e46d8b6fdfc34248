/** The free times of one day, and the zone they are shown in. */
import { type Day, zones } from "./dates.ts";
import { h, put } from "./dom.ts";
import { type Texts, capital, zoneName } from "./texts.ts";

/** From this many times on, the day is divided into morning, afternoon and evening. */
const MANY = 9;

export interface TimesEvents {
  pick(start: string): void;
}

export interface Offer {
  day: Day;
  starts: readonly string[];
  zone: string;
  chosen: string | null;
}

export class Times {
  readonly element = h("section", { class: "times", part: "slots" });
  readonly #texts: Texts;
  readonly #events: TimesEvents;
  #heading = h("h3");

  constructor(texts: Texts, events: TimesEvents) {
    this.#texts = texts;
    this.#events = events;
  }

  /** Offer the times of a day. */
  show(offer: Offer): void {
    const { day, starts } = offer;
    const say = this.#texts;
    const buttons = starts.map((start) => this.#button(start, offer));
    this.#put(
      capital(say.day(day)),
      h("p", { class: "hint" }, capital(say.free(starts.length)), ". ", say.say("day_other")),
      ...(starts.length < MANY
        ? [list(buttons)]
        : this.#parts(starts.map((start) => this.#hour(start, offer.zone)), buttons)),
    );
  }

  /** Say something in place of times, with whatever helps next. */
  empty(title: string, text: string, ...next: Node[]): void {
    this.#put(title, h("p", { class: "hint" }, text), ...next);
  }

  /** Show which time is being asked for; the buttons stay, and with them the focus. */
  mark(start: string | null): void {
    for (const button of this.element.querySelectorAll<HTMLElement>("[data-start]")) {
      put(button, "aria-pressed", button.dataset.start === start ? "true" : "false");
    }
  }

  focus(): void {
    this.#heading.focus();
  }

  #put(title: string, ...children: Node[]): void {
    this.#heading = h("h3", { tabindex: -1 }, title);
    this.element.replaceChildren(this.#heading, ...children);
  }

  #button(start: string, { day, starts, zone, chosen }: Offer): HTMLButtonElement {
    const time = this.#texts.time(start, zone);
    // On the night the clock goes back an hour comes twice; the offset tells the two apart.
    const twice = starts.some((s) => s !== start && this.#texts.time(s, zone) === time);
    return h(
      "button",
      {
        type: "button",
        class: "time",
        part: "time",
        "aria-pressed": start === chosen ? "true" : "false",
        "data-start": start,
        click: () => this.#events.pick(start),
      },
      twice ? `${time} (${start.slice(-6)})` : time,
      h("span", { class: "unseen" }, `, ${this.#texts.day(day)}`),
    );
  }

  #hour(start: string, zone: string): number {
    return Number(this.#texts.time(start, zone).slice(0, 2));
  }

  #parts(hours: number[], buttons: HTMLButtonElement[]): Node[] {
    const parts = [
      ["morning", 0, 12],
      ["afternoon", 12, 18],
      ["evening", 18, 24],
    ] as const;
    return parts.flatMap(([key, from, until]) => {
      const mine = buttons.filter((_, n) => hours[n]! >= from && hours[n]! < until);
      return mine.length ? [h("h4", {}, this.#texts.say(key)), list(mine)] : [];
    });
  }
}

const list = (buttons: HTMLButtonElement[]): HTMLUListElement =>
  h("ul", {}, ...buttons.map((button) => h("li", {}, button)));

/** A choice of every zone that the browser knows. */
export function zonePicker(
  texts: Texts,
  zone: string,
  choose: (zone: string) => void,
): HTMLElement {
  const options = zones(zone).map((each) =>
    h("option", { value: each, selected: each === zone }, zoneName(each)),
  );
  const select: HTMLSelectElement = h("select", { change: () => choose(select.value) }, ...options);
  return h("label", { class: "zone" }, h("span", {}, texts.say("zone")), select);
}
