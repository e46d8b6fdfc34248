/** `<spreekuur-booking>`: the element that a page contains. */
import { isZone, ownZone } from "./dates.ts";
import { Flow, type Settings } from "./flow.ts";
import css from "./styles.css";
import { languageOf } from "./texts.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/** Where this script came from is where the API is, unless the page says otherwise. */
const HOME = new URL(import.meta.url).origin;

export class SpreekuurBooking extends HTMLElement {
  static readonly observedAttributes = ["key", "meeting-type", "lang", "api", "timezone", "channel"];

  readonly #root = this.attachShadow({ mode: "open" });
  #flow: Flow | null = null;
  #signature = "";
  #planned = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
  }

  connectedCallback(): void {
    this.#plan();
  }

  disconnectedCallback(): void {
    this.#plan();
  }

  /** Called before `connectedCallback` when the page already contains the element. */
  attributeChangedCallback(): void {
    this.#plan();
  }

  /** Look at all changes of this moment at once: moving the element in the page is none. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#settle();
    });
  }

  #settle(): void {
    const settings = this.#settings();
    const signature = this.isConnected ? JSON.stringify(settings) : "";
    if (signature === this.#signature) return;
    this.#signature = signature;
    const typed = this.#flow?.typed;
    this.#flow?.stop();
    this.#flow = null;
    if (!signature) return;
    this.#flow = new Flow(settings, (name, detail = {}) => this.#emit(name, detail), typed);
    this.#root.replaceChildren(this.#flow.element);
    void this.#flow.start();
  }

  #settings(): Settings {
    const { lang } = this.ownerDocument.documentElement;
    const zone = this.getAttribute("timezone");
    return {
      key: this.getAttribute("key") ?? "",
      meetingType: this.getAttribute("meeting-type") ?? "",
      language: languageOf(this.getAttribute("lang"), lang),
      api: this.getAttribute("api") || HOME,
      zone: zone && isZone(zone) ? zone : ownZone(),
      channel: this.getAttribute("channel"),
    };
  }

  #emit(name: string, detail: Record<string, unknown>): void {
    this.dispatchEvent(new CustomEvent(`spk-${name}`, { bubbles: true, composed: true, detail }));
  }
}
