/** What went otherwise than the visitor expected, and what they can do now. */
import { h } from "./dom.ts";

export interface Action {
  label: string;
  run(): void;
}

export interface Message {
  text: string;
  /** A line above the actions. */
  lead?: string;
  actions?: Action[];
  calm?: boolean;
}

export class Notice {
  /** Present from the start, so that what appears in it is announced. */
  readonly element = h("div", { class: "notices", role: "alert" });

  /** Show a message; unless it is calm, the focus goes there. */
  show({ text, lead, actions = [], calm }: Message): void {
    const box = h(
      "div",
      { class: calm ? "notice calm" : "notice", tabindex: -1 },
      h("p", {}, text),
      lead ? h("p", { class: "lead" }, lead) : null,
      actions.length
        ? h(
            "div",
            { class: "row" },
            ...actions.map(({ label, run }) =>
              h("button", { type: "button", class: "plain", click: run }, label),
            ),
          )
        : null,
    );
    this.element.replaceChildren(box);
    if (!calm) box.focus();
  }

  /** Take the message away; the focus does not go with it. */
  clear(): void {
    if (this.element.matches(":focus-within")) {
      this.element.closest<HTMLElement>(".frame")?.focus({ preventScroll: true });
    }
    this.element.replaceChildren();
  }
}
