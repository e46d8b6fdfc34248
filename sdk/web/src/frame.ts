/** What stays while the steps change: the heading, notices, and the way to a human. */
import type { MeetingType } from "./api.ts";
import { h, icon } from "./dom.ts";
import { Notice } from "./notice.ts";
import type { Texts } from "./texts.ts";

export class Frame {
  readonly element: HTMLElement;
  readonly notice = new Notice();
  readonly #texts: Texts;
  readonly #header = h("header", { part: "header" });
  #step = h("div", { class: "step" });
  readonly #footer = h("footer");
  readonly #status = h("p", { role: "status", class: "unseen" });
  // Shows what the page's author put inside the element: a link to the hosted page.
  readonly #fallback = h("slot", { hidden: true });

  constructor(texts: Texts) {
    this.#texts = texts;
    this.element = h(
      "div",
      { class: "frame", part: "frame", lang: texts.language, tabindex: -1 },
      this.#header,
      this.notice.element,
      this.#fallback,
      this.#step,
      this.#status,
      this.#footer,
    );
  }

  loading(): void {
    this.#fallback.hidden = true;
    this.show(h("p", { class: "loading" }, this.#texts.say("loading")));
  }

  introduce(meeting: MeetingType, escape: () => void): void {
    const { name, description, durations, phone } = meeting;
    const minutes = durations[0] ? this.#texts.say("minutes", { count: durations[0] }) : null;
    this.#header.replaceChildren(
      h("h2", {}, name),
      h("p", { class: "meta" }, icon("clock"), minutes),
      description ? h("p", {}, description) : "",
    );
    if (!phone) return;
    const call = this.#texts.say("human_call", { phone });
    const href = `tel:${phone.replace(/[^+\d]/g, "")}`;
    this.#footer.replaceChildren(
      icon("phone"),
      h("span", {}, this.#texts.say("human")),
      h("a", { href, click: escape }, call),
    );
  }

  /** Show a step in place of the present one; the focus goes to `focus`. */
  show(step: HTMLElement, focus?: HTMLElement | null): void {
    // A new box, for one that is moved and filled counts as a jump of the page.
    const fresh = h("div", { class: "step" }, step);
    this.#step.replaceWith(fresh);
    this.#step = fresh;
    this.say("");
    focus?.focus();
  }

  /** Tell those who listen rather than look. */
  say(text: string): void {
    this.#status.textContent = text;
  }

  /** Leave the visitor with the page's own link, when nothing can be shown. */
  yield(): void {
    this.#step.replaceChildren();
    this.#fallback.hidden = false;
  }
}
