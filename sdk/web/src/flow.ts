/** From a wish to a booking: which step follows which, and what happens when one fails. */
import { Api, type Booking, type Hold, type MeetingType, Problem, random } from "./api.ts";
import { Availability } from "./availability.ts";
import { confirmation } from "./confirmation.ts";
import { dayAt } from "./dates.ts";
import { Details, type Typed } from "./details.ts";
import { h } from "./dom.ts";
import { Frame } from "./frame.ts";
import type { Action } from "./notice.ts";
import { type Plan, summary } from "./summary.ts";
import { type Language, Texts, capital } from "./texts.ts";

export interface Settings {
  key: string;
  meetingType: string;
  language: Language;
  api: string;
  zone: string;
  channel: string | null;
}

/** Tells the page what happened; never who it happened to. */
export type Emit = (name: string, detail?: Record<string, unknown>) => void;

const REFUSALS = ["unauthenticated", "forbidden", "meeting-type-unknown", "not-found", "settings"];
const CONFLICTS = ["slot-taken", "slot-unavailable"];
const ALTERNATIVES = 4;

export class Flow {
  readonly #frame: Frame;
  readonly #texts: Texts;
  readonly #api: Api;
  readonly #settings: Settings;
  readonly #emit: Emit;
  readonly #ended = new AbortController();
  readonly #details: Details;
  #availability: Availability | null = null;
  /** The chosen time, and whether the server may still keep it for this visitor. */
  #hold: Hold | null = null;
  #held = false;
  #expiry = 0;
  #busy = false;
  #releasing: Promise<void> = Promise.resolve();
  /** The last request to book: sent again unchanged, it is the same request. */
  #sent = { body: "", once: "" };

  constructor(settings: Settings, emit: Emit, typed: Typed = {}) {
    this.#settings = settings;
    this.#emit = emit;
    this.#texts = new Texts(settings.language);
    this.#frame = new Frame(this.#texts);
    this.#api = new Api(settings.api, settings.key, this.#ended.signal);
    this.#details = new Details(this.#texts, typed, () => void this.#book());
  }

  get element(): HTMLElement {
    return this.#frame.element;
  }

  get typed(): Typed {
    return this.#details.typed;
  }

  async start(): Promise<void> {
    const { key, meetingType, language } = this.#settings;
    this.#frame.notice.clear();
    this.#frame.loading();
    try {
      if (!key || !meetingType) throw new Problem("settings");
      this.#begin(await this.#api.meetingType(meetingType, language));
    } catch (error) {
      this.#frame.yield();
      this.#trouble(error, () => void this.start());
    }
  }

  /** Leave: what is under way ends, and a time that was kept is given back. */
  stop(): void {
    this.#ended.abort();
    this.#release();
  }

  #begin(meeting: MeetingType): void {
    this.#frame.introduce(meeting, () => this.#emit("escape"));
    this.#availability = new Availability(this.#texts, this.#api, meeting, this.#settings, {
      ready: () => this.#emit("ready", { meeting_type: meeting.slug }),
      day: (day) => this.#emit("day", { day }),
      pick: (start) => void this.#pick(start),
      say: (text) => this.#frame.say(text),
      clear: () => this.#frame.notice.clear(),
      failed: (error, again) => this.#trouble(error, again),
    });
    this.#frame.show(this.#availability.element);
    void this.#availability.open();
  }

  /** Have the server keep a time, and ask who is coming. */
  async #pick(start: string): Promise<void> {
    const times = this.#availability;
    if (this.#busy || !times) return;
    this.#busy = true;
    this.#emit("slot", { start });
    times.mark(start);
    try {
      await this.#release();
      this.#keep(await this.#api.hold(times.wish, start));
      this.#frame.notice.clear();
      this.#ask(times);
    } catch (error) {
      times.mark(null);
      if (isConflict(error)) this.#lost(error, start);
      else this.#trouble(error, () => void this.#pick(start));
    } finally {
      this.#busy = false;
    }
  }

  #keep(hold: Hold): void {
    this.#hold = hold;
    this.#held = true;
    const left = Date.parse(hold.expires_at) - (this.#availability?.now() ?? Date.now());
    this.#expiry = setTimeout(() => this.#warn(), left);
    this.#emit("hold", { start: hold.start, end: hold.end });
  }

  /** The time is no longer kept; it can still be booked as long as nobody else does. */
  #warn(): void {
    this.#frame.notice.show({ text: this.#texts.say("hold_over"), calm: true });
  }

  #ask(times: Availability): void {
    const plan = this.#plan(times);
    if (!plan) return;
    const heading = h("h3", { tabindex: -1 }, this.#texts.say("details"));
    this.#details.byPhone = plan.channel === "phone";
    this.#frame.show(
      h(
        "div",
        { class: "details" },
        summary(this.#texts, plan, () => this.#back()),
        h("div", {}, heading, this.#details.form),
      ),
      heading,
    );
    this.#frame.say(this.#texts.say("holding", { time: this.#moment(plan.start) }));
  }

  #back(): void {
    void this.#release();
    this.#frame.notice.clear();
    if (!this.#availability) return;
    this.#availability.mark(null);
    this.#frame.show(this.#availability.element);
    this.#availability.focus();
  }

  async #book(): Promise<void> {
    const times = this.#availability;
    const plan = times && this.#plan(times);
    if (!plan || this.#busy) return;
    this.#busy = this.#details.busy = true;
    this.#frame.notice.clear();
    const { customer } = this.#details;
    try {
      const booking = await this.#confirm(times, plan, customer);
      this.#finish(booking, { ...plan, start: booking.start, end: booking.end });
    } catch (error) {
      if (isConflict(error)) this.#lost(error, plan.start);
      else if (!(error instanceof Problem && this.#details.refuse(error.errors))) {
        this.#trouble(error, () => void this.#book());
      }
    } finally {
      this.#busy = this.#details.busy = false;
    }
  }

  async #confirm(times: Availability, plan: Plan, customer: object): Promise<Booking> {
    const hold = this.#held ? this.#hold?.id : null;
    const { start, zone: timezone } = plan;
    const body = JSON.stringify({ ...times.wish, start, timezone, hold, customer });
    if (body !== this.#sent.body) this.#sent = { body, once: random() };
    try {
      return await this.#api.book(body, this.#sent.once);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "hold-expired" || !this.#held) throw error;
      // Nothing was booked, and the time may well be free: ask for it without the hold.
      this.#held = false;
      return this.#confirm(times, plan, customer);
    }
  }

  #finish(booking: Booking, plan: Plan): void {
    clearTimeout(this.#expiry);
    this.#held = false;
    const done = confirmation(this.#texts, booking, plan, this.#details.customer);
    this.#frame.show(done, done.querySelector("h3"));
    const { id, start, end } = booking;
    this.#emit("booked", { booking: id, start, end });
  }

  /** Somebody was first: offer other times; everything typed stays where it is. */
  #lost(problem: Problem, start: string): void {
    const asked = this.#details.form.isConnected;
    void this.#release();
    const text = this.#texts.say(problem.code === "slot-taken" ? "slot_taken" : "slot_unavailable");
    const actions: Action[] = problem.alternatives.slice(0, ALTERNATIVES).map((other) => ({
      label: capital(this.#moment(other)),
      run: () => void this.#pick(other),
    }));
    const lead = actions.length ? this.#texts.say("alternatives") : "";
    if (asked) actions.push({ label: this.#texts.say("times_all"), run: () => this.#back() });
    const kept = asked ? ` ${this.#texts.say("details_kept")}` : "";
    this.#frame.notice.show({ text: text + kept, lead, actions });
    this.element.querySelector(".summary")?.classList.add("lost");
    this.#emit("error", { code: problem.code });
    void this.#availability?.refresh(start);
  }

  #trouble(error: unknown, again: () => void): void {
    if (this.#ended.signal.aborted) return;
    const code = error instanceof Problem ? error.code : "internal";
    this.#emit("error", { code });
    if (!(error instanceof Problem)) console.error(error);
    if (REFUSALS.includes(code)) {
      console.warn(`<spreekuur-booking>: ${code}; check key, meeting-type and the key's origins.`);
      this.#frame.yield();
      return this.#frame.notice.show({ text: this.#texts.say("trouble_refused"), calm: true });
    }
    const text = this.#texts.say(code === "network" ? "trouble_network" : "trouble_unavailable");
    const run = (): void => {
      this.#frame.notice.clear();
      again();
    };
    this.#frame.notice.show({ text, actions: [{ label: this.#texts.say("again"), run }] });
  }

  /** Give back the time that was kept; no matter if that fails, since holds end by themselves. */
  #release(): Promise<void> {
    clearTimeout(this.#expiry);
    if (this.#hold && this.#held) {
      this.#releasing = this.#api.release(this.#hold).catch(() => undefined);
    }
    this.#held = false;
    return this.#releasing;
  }

  #plan({ zone, wish, location }: Availability): Plan | null {
    if (!this.#hold) return null;
    const { start, end } = this.#hold;
    return { start, end, zone, channel: wish.channel, location };
  }

  #moment(start: string): string {
    const zone = this.#availability?.zone ?? this.#settings.zone;
    return `${this.#texts.day(dayAt(start, zone))}, ${this.#texts.time(start, zone)}`;
  }
}

const isConflict = (error: unknown): error is Problem =>
  error instanceof Problem && CONFLICTS.includes(error.code);
