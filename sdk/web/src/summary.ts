/** When and where somebody meets, in words. */
import type { Channel, Location } from "./api.ts";
import { dayAt, ownZone } from "./dates.ts";
import { type Icon, h, icon } from "./dom.ts";
import { type Texts, capital } from "./texts.ts";

export interface Plan {
  start: string;
  end: string;
  zone: string;
  channel: Channel;
  location: Location | null;
}

/** "Dinsdag 1 december 2026", "09:00 – 10:00", and the visitor's own time where that differs. */
export function when(texts: Texts, { start, end, zone }: Plan): Node[] {
  const times = `${texts.time(start, zone)} – ${texts.time(end, zone)}`;
  const own = ownZone();
  const shown = (z: string): string => `${dayAt(start, z)} ${texts.time(start, z)}`;
  const same = shown(own) === shown(zone);
  const there = {
    day: texts.day(dayAt(start, own)),
    time: texts.time(start, own),
    zone: texts.zone(own, start),
  };
  return [
    h("strong", {}, capital(texts.day(dayAt(start, zone)))),
    h("span", {}, times, same ? null : h("small", {}, ` ${texts.zone(zone, start)}`)),
    ...(same ? [] : [h("small", {}, texts.say("zone_own", there))]),
  ];
}

/** The chosen time, beside the form. */
export function summary(texts: Texts, plan: Plan, change: () => void): HTMLElement {
  const { channel, location } = plan;
  return h(
    "section",
    { class: "summary", part: "summary", "aria-label": texts.say("when") },
    row("calendar", ...when(texts, plan)),
    row(
      channel,
      h("span", {}, texts.say(channel)),
      location && h("small", {}, `${location.name}, ${location.address}`),
    ),
    h("button", { type: "button", class: "link", click: change }, texts.say("change")),
  );
}

export const row = (name: Icon, ...children: (Node | null)[]): HTMLElement =>
  h("div", { class: "fact" }, icon(name), h("p", {}, ...children));
