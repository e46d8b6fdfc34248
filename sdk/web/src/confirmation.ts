/** What stands now, and what comes next. */
import type { Booking, Customer } from "./api.ts";
import { type Icon, h, icon } from "./dom.ts";
import { type Plan, when } from "./summary.ts";
import type { Key, Texts } from "./texts.ts";

export function confirmation(
  texts: Texts,
  booking: Booking,
  plan: Plan,
  customer: Customer,
): HTMLElement {
  const state = booking.state === "requested" ? "requested" : "confirmed";
  const next = texts.say(`${state}_next`, { email: customer.email });
  const { advisor, intake_url: intake, manage_url: manage } = booking;
  return h(
    "section",
    { class: "done" },
    h("span", { class: `seal ${state}` }, icon(state === "confirmed" ? "check" : "clock")),
    h("h3", { tabindex: -1 }, texts.say(state)),
    h("p", { class: "hint" }, next),
    h(
      "dl",
      { part: "summary", class: "summary" },
      ...term(texts, "when", "calendar", ...when(texts, plan)),
      ...(advisor ? term(texts, "who", "person", h("strong", {}, advisor.name)) : []),
      ...term(texts, "where", plan.channel, ...where(texts, plan, customer)),
    ),
    intake && h("p", { class: "hint" }, texts.say("prepare_why")),
    h(
      "div",
      { class: "next" },
      intake && h("a", { class: "primary", href: intake }, texts.say("prepare")),
      h("a", { class: "plain", href: manage }, texts.say("manage")),
    ),
  );
}

const term = (texts: Texts, key: Key, name: Icon, ...children: Node[]): Node[] => [
  h("dt", {}, icon(name), texts.say(key)),
  h("dd", {}, ...children),
];

function where(texts: Texts, { channel, location }: Plan, { phone }: Customer): Node[] {
  if (channel === "branch" && location) {
    return [h("strong", {}, location.name), h("span", {}, location.address)];
  }
  if (channel === "phone" && phone) return [h("strong", {}, texts.say("where_phone", { phone }))];
  return [h("strong", {}, texts.say(channel === "video" ? "where_video" : channel))];
}
