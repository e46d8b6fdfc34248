/** Who is coming. The form is built once and only hidden, so that nothing typed is lost. */
import type { Customer, FieldError } from "./api.ts";
import { h, id, put } from "./dom.ts";
import type { Key, Texts } from "./texts.ts";

type Field = "given" | "prefix" | "surname" | "email" | "tel";
type Wrong = "missing" | "invalid";

/** What has been typed, by field; it outlives the form. */
export type Typed = Partial<Record<Field | "honorific", string>>;

const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;
const TEL = /^[+(]?[\d][\d\s().-]{5,19}$/;

/** Where the server's pointers lead. */
const POINTERS: Record<string, Field> = {
  "/customer/name/given": "given",
  "/customer/name/prefix": "prefix",
  "/customer/name/surname": "surname",
  "/customer/email": "email",
  "/customer/phone": "tel",
};

export class Details {
  readonly form: HTMLFormElement;
  readonly #texts: Texts;
  readonly #inputs = {} as Record<Field, HTMLInputElement>;
  readonly #errors = {} as Record<Field, HTMLElement>;
  readonly #hints = {} as Record<Field, HTMLElement>;
  readonly #button: HTMLButtonElement;
  #byPhone = false;
  #busy = false;

  constructor(texts: Texts, typed: Typed, send: () => void) {
    this.#texts = texts;
    this.#button = h("button", { class: "primary" }, texts.say("book"));
    this.form = h(
      "form",
      {
        novalidate: true,
        part: "form",
        submit: (event) => {
          event.preventDefault();
          if (!this.#busy && this.#valid()) send();
        },
      },
      this.#honorific(typed.honorific ?? ""),
      h(
        "div",
        { class: "names" },
        this.#field("given", { autocomplete: "given-name" }, typed),
        this.#field("prefix", {}, typed, "prefix_hint"),
        this.#field("surname", { autocomplete: "family-name" }, typed),
      ),
      h(
        "div",
        { class: "pair" },
        this.#field("email", { type: "email", autocomplete: "email" }, typed, "email_hint"),
        this.#field("tel", { type: "tel", autocomplete: "tel" }, typed),
      ),
      this.#button,
    );
  }

  /** Say whether we will call: then there must be a number. */
  set byPhone(value: boolean) {
    this.#byPhone = value;
    this.#hints.tel.textContent = this.#texts.say(value ? "tel_hint" : "tel_optional");
    put(this.#inputs.tel, "aria-required", value ? "true" : null);
  }

  set busy(value: boolean) {
    this.#busy = value;
    put(this.#button, "aria-disabled", value ? "true" : null);
    this.#button.textContent = this.#texts.say(value ? "booking" : "book");
  }

  get typed(): Typed {
    const entries = Object.entries(this.#inputs).map(([name, input]) => [name, input.value.trim()]);
    return { ...Object.fromEntries(entries), honorific: this.#chosen() };
  }

  get customer(): Customer {
    const { given = "", prefix = "", surname = "", email = "", tel } = this.typed;
    const honorific = (this.#chosen() || "none") as Customer["name"]["honorific"];
    const name = { given, prefix, surname, honorific };
    return { name, email, phone: tel || null, language: this.#texts.language };
  }

  /** Mark the fields that the server refused; return whether it named any. */
  refuse(errors: FieldError[]): boolean {
    const fields = errors.map(({ pointer }) => POINTERS[pointer]).filter((field) => !!field);
    for (const field of fields) this.#mark(field, "invalid");
    if (fields[0]) this.#inputs[fields[0]].focus();
    return fields.length > 0;
  }

  #valid(): boolean {
    const wrong = (Object.keys(this.#inputs) as Field[]).filter((field) => {
      const problem = this.#problem(field);
      this.#mark(field, problem);
      return problem;
    });
    if (wrong[0]) this.#inputs[wrong[0]].focus();
    return !wrong.length;
  }

  #problem(field: Field): Wrong | null {
    const value = this.#inputs[field].value.trim();
    if (!value) return this.#required(field) ? "missing" : null;
    if (field === "email") return EMAIL.test(value) ? null : "invalid";
    if (field === "tel") return TEL.test(value) ? null : "invalid";
    return null;
  }

  #required(field: Field): boolean {
    return field === "tel" ? this.#byPhone : field !== "prefix";
  }

  #mark(field: Field, wrong: Wrong | null): void {
    const message = this.#errors[field];
    put(this.#inputs[field], "aria-invalid", wrong ? "true" : null);
    message.hidden = !wrong;
    message.textContent = wrong ? this.#texts.say(`${field}_${wrong}` as Key) : "";
  }

  #chosen(): string {
    const chosen = this.form.querySelector<HTMLInputElement>("input[type=radio]:checked");
    return chosen?.value ?? "";
  }

  #honorific(chosen: string): HTMLFieldSetElement {
    const name = id("honorific");
    const options = [
      ["mrs", "mrs"],
      ["mr", "mr"],
      ["none", "none_of_these"],
    ] as const;
    const radios = options.map(([value, key]) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type: "radio", name, value, checked: value === chosen }),
        h("span", {}, this.#texts.say(key)),
      ),
    );
    const optional = h("small", {}, ` (${this.#texts.say("optional")})`);
    const legend = h("legend", {}, this.#texts.say("honorific"), optional);
    return h("fieldset", {}, legend, h("div", { class: "row" }, ...radios));
  }

  #field(
    field: Field,
    attributes: Record<string, string>,
    typed: Typed,
    hint?: Key,
  ): HTMLDivElement {
    const own = id(field);
    const input = h("input", {
      id: own,
      type: "text",
      "aria-required": this.#required(field) && "true",
      "aria-describedby": `${own}-error ${own}-hint`,
      value: typed[field],
      input: () => {
        if (input.ariaInvalid) this.#mark(field, this.#problem(field));
      },
      ...attributes,
    });
    const error = h("p", { id: `${own}-error`, class: "error", hidden: true });
    const help = h("p", { id: `${own}-hint`, class: "hint" }, hint && this.#texts.say(hint));
    this.#inputs[field] = input;
    this.#errors[field] = error;
    this.#hints[field] = help;
    return h(
      "div",
      { class: `field ${field}` },
      h("label", { for: own }, this.#texts.say(field)),
      input,
      error,
      help,
    );
  }
}
