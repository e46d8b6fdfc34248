/** The first step: how, where and when. Knows what is free; keeps nothing and books nothing. */
import type { Api, Channel, Location, MeetingType, Slots, Wish } from "./api.ts";
import { Calendar } from "./calendar.ts";
import { channelTiles, locationTiles } from "./chooser.ts";
import { type Day, type Month, addMonths, dayAt, firstOf, monthOf, ownZone } from "./dates.ts";
import { h } from "./dom.ts";
import { type Texts, capital } from "./texts.ts";
import { Times, zonePicker } from "./times.ts";

export interface Wishes {
  zone: string;
  channel: string | null;
}

export interface AvailabilityEvents {
  ready(): void;
  day(day: Day): void;
  pick(start: string): void;
  say(text: string): void;
  clear(): void;
  failed(error: unknown, again: () => void): void;
}

export class Availability {
  readonly element: HTMLElement;
  readonly #texts: Texts;
  readonly #api: Api;
  readonly #meeting: MeetingType;
  readonly #events: AvailabilityEvents;
  readonly #calendar: Calendar;
  readonly #times: Times;
  readonly #where = h("div");
  readonly #zoneBar = h("div", { class: "zones" });
  readonly #panes: HTMLElement;
  readonly #locationFirst: HTMLElement;
  #channel: Channel;
  #location: Location | null = null;
  /** The visitor's zone; only video meetings are shown in it. */
  #visitorZone: string;
  #month: Month;
  #today: Day;
  #slots: Slots | null = null;
  #day: Day | null = null;
  #starts: readonly string[] = [];
  #chosen: string | null = null;
  /** The server's clock minus ours. */
  #skew = 0;
  #turns = 0;
  #ready = false;

  constructor(
    texts: Texts,
    api: Api,
    meeting: MeetingType,
    wishes: Wishes,
    events: AvailabilityEvents,
  ) {
    this.#texts = texts;
    this.#api = api;
    this.#meeting = meeting;
    this.#events = events;
    this.#visitorZone = wishes.zone;
    this.#today = dayAt(Date.now(), wishes.zone);
    this.#month = monthOf(this.#today);
    const fixed = meeting.channels.find((channel) => channel === wishes.channel);
    const channels = fixed ? [fixed] : meeting.channels;
    this.#channel = channels[0] ?? "video";
    this.#calendar = new Calendar(texts, {
      day: (day) => this.#choose(day),
      month: (month, focus) => void this.#turn(month, focus),
    });
    this.#times = new Times(texts, { pick: (start) => events.pick(start) });
    this.#locationFirst = h("p", { class: "hint" }, texts.say("location_first"));
    this.#panes = h(
      "div",
      { class: "panes" },
      this.#calendar.element,
      this.#times.element,
      this.#zoneBar,
    );
    this.element = h(
      "div",
      {},
      channels.length > 1 &&
        channelTiles(texts, channels, this.#channel, (channel) => this.#meet(channel)),
      this.#where,
      this.#locationFirst,
      this.#panes,
    );
    this.#place();
  }

  get wish(): Wish {
    return {
      meeting_type: this.#meeting.slug,
      channel: this.#channel,
      location: this.#location?.slug ?? null,
      duration: this.#meeting.durations[0] ?? null,
    };
  }

  get location(): Location | null {
    return this.#location;
  }

  /** The zone that times are shown and booked in: a branch's own, or the visitor's for video. */
  get zone(): string {
    if (this.#channel === "video") return this.#visitorZone;
    return (this.#location ?? this.#meeting.locations[0])?.timezone ?? this.#visitorZone;
  }

  /** The server's time, in milliseconds: the visitor's own clock may be wrong. */
  now(): number {
    return Date.now() + this.#skew;
  }

  /** Show the first month with free times, and the first of its days that has any. */
  async open(): Promise<void> {
    this.#day = null;
    this.#turns++;
    this.#panes.hidden = this.#undecided;
    this.#locationFirst.hidden = !this.#undecided;
    if (this.#undecided) return;
    const again = (): void => void this.open();
    if (!(await this.#turn(monthOf(this.#today), undefined, again))) return;
    const now = monthOf(this.#today);
    if (this.#month !== now && !(await this.#turn(now, undefined, again))) return;
    const next = this.#slots?.next_available;
    if (next && !(await this.#turn(this.#monthAt(next), undefined, again))) return;
    this.#day = this.#first();
    this.#draw();
    if (this.#day) this.#events.say(this.#offer());
    if (!this.#ready) this.#events.ready();
    this.#ready = true;
  }

  /** Look again at what is free around `start`. */
  async refresh(start: string): Promise<void> {
    await this.#turn(this.#monthAt(start));
  }

  /** Show which time is being asked for. */
  mark(start: string | null): void {
    this.#chosen = start;
    this.#times.mark(start);
  }

  focus(): void {
    this.#times.focus();
  }

  get #undecided(): boolean {
    return this.#channel === "branch" && !this.#location;
  }

  #meet(channel: Channel): void {
    this.#channel = channel;
    this.#location = null;
    this.#place();
    this.#events.clear();
    void this.open();
  }

  /** Ask for the branch where that matters, and say which zone the times are in. */
  #place(): void {
    const { locations } = this.#meeting;
    this.#where.replaceChildren();
    if (this.#channel === "branch") {
      if (locations.length === 1) this.#location = locations[0] ?? null;
      const choose = (slug: string): void => {
        this.#location = locations.find((location) => location.slug === slug) ?? null;
        this.#tellZone();
        void this.open();
      };
      this.#where.append(
        locationTiles(this.#texts, locations, this.#location?.slug ?? null, choose),
      );
    }
    this.#tellZone();
  }

  #tellZone(): void {
    if (this.#channel === "video") {
      const choose = (zone: string): void => {
        this.#visitorZone = zone;
        void this.open();
      };
      this.#zoneBar.replaceChildren(zonePicker(this.#texts, this.#visitorZone, choose));
      return;
    }
    const now = new Date(this.now()).toISOString();
    const differs = this.#texts.time(now, this.zone) !== this.#texts.time(now, ownZone());
    const zone = this.#texts.zone(this.zone, now);
    const note = h("p", { class: "hint" }, this.#texts.say("zone_fixed", { zone }));
    this.#zoneBar.replaceChildren(...(differs ? [note] : []));
  }

  /** Show a month; false when it did not come, or another was asked for meanwhile. */
  async #turn(month: Month, focus?: Day, again?: () => void): Promise<boolean> {
    const turn = ++this.#turns;
    this.#month = month;
    this.#slots = null;
    this.#draw(focus);
    const { wish, zone } = this;
    try {
      const slots = await this.#api.slots(wish, firstOf(month), firstOf(addMonths(month, 1)), zone);
      if (turn !== this.#turns) return false;
      this.#skew = Date.parse(slots.as_of) - Date.now();
      this.#today = dayAt(slots.as_of, zone);
      this.#slots = slots;
    } catch (error) {
      if (turn === this.#turns) {
        this.#events.failed(error, again ?? ((): void => void this.#turn(month)));
      }
      return false;
    }
    this.#draw();
    return true;
  }

  #choose(day: Day): void {
    this.#day = day;
    this.#draw();
    this.#times.focus();
    this.#events.day(day);
  }

  async #jump(start: string): Promise<void> {
    this.#events.clear();
    if (await this.#turn(this.#monthAt(start))) this.#choose(dayAt(start, this.zone));
  }

  #draw(focus?: Day): void {
    const days = this.#slots?.days ?? null;
    const last = !!this.#slots && !this.#first() && !this.#slots.next_available;
    const page = { month: this.#month, today: this.#today, days, chosen: this.#day, last };
    this.#calendar.show(page, focus);
    if (!this.#slots) return this.#wait();
    if (!this.#first()) return this.#none(this.#slots.next_available);
    if (!this.#day) return this.#times.empty(this.#texts.say("day_choose"), "");
    if (monthOf(this.#day) === this.#month) this.#starts = days?.[this.#day] ?? [];
    this.#times.show({
      day: this.#day,
      starts: this.#starts,
      zone: this.zone,
      chosen: this.#chosen,
    });
  }

  #wait(): void {
    if (!this.#day) this.#times.empty(this.#texts.say("day_choose"), this.#texts.say("loading"));
  }

  #none(next: string | null): void {
    const say = this.#texts;
    if (!next) return this.#times.empty(say.say("day_choose"), say.say("none"));
    const label = say.say("month_jump", { day: say.day(dayAt(next, this.zone)) });
    const text = say.say("month_empty", { month: say.month(this.#month) });
    const go = h("button", { type: "button", class: "plain", click: () => void this.#jump(next) });
    go.textContent = label;
    this.#times.empty(say.say("day_choose"), text, go);
    this.#events.say(text);
  }

  #first(): Day | null {
    return Object.keys(this.#slots?.days ?? {}).sort()[0] ?? null;
  }

  #monthAt(instant: string): Month {
    return monthOf(dayAt(instant, this.zone));
  }

  #offer(): string {
    const count = this.#starts.length;
    return `${capital(this.#texts.day(this.#day ?? ""))}, ${this.#texts.free(count)}`;
  }
}
