/** How the visitor wants to meet, and at which branch. */
import type { Channel, Location } from "./api.ts";
import { h, icon, id } from "./dom.ts";
import type { Texts } from "./texts.ts";

interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
}

/** Radio buttons that look like tiles. Nothing is chosen where `chosen` is null. */
function tiles<T extends string>(
  legend: string,
  options: Option<T>[],
  chosen: T | null,
  choose: (value: T) => void,
  decorate: (value: T) => Node | null = () => null,
): HTMLFieldSetElement {
  const name = id("tiles");
  return h(
    "fieldset",
    { class: "tiles" },
    h("legend", {}, legend),
    h(
      "div",
      { class: "row" },
      ...options.map(({ value, label, hint }) =>
        h(
          "label",
          { class: "tile" },
          h("input", {
            type: "radio",
            name,
            value,
            checked: value === chosen,
            change: () => choose(value),
          }),
          decorate(value),
          h("span", {}, label, hint ? h("small", {}, hint) : null),
        ),
      ),
    ),
  );
}

export function channelTiles(
  texts: Texts,
  channels: Channel[],
  chosen: Channel,
  choose: (channel: Channel) => void,
): HTMLFieldSetElement {
  const options = channels.map((value) => ({ value, label: texts.say(value) }));
  return tiles(texts.say("channel"), options, chosen, choose, icon);
}

export function locationTiles(
  texts: Texts,
  locations: Location[],
  chosen: string | null,
  choose: (slug: string) => void,
): HTMLFieldSetElement {
  const options = locations.map((l) => ({ value: l.slug, label: l.name, hint: l.address }));
  return tiles(texts.say("location"), options, chosen, choose);
}
