import { SpreekuurBooking } from "./element.ts";

declare global {
  interface HTMLElementTagNameMap {
    "spreekuur-booking": SpreekuurBooking;
  }
}

// A browser that lacks this is too old for our styles: it keeps the page's own link.
const able = CSS.supports("color", "light-dark(#fff, #000)");
// A page may load the script twice.
if (able && !customElements.get("spreekuur-booking")) {
  customElements.define("spreekuur-booking", SpreekuurBooking);
}

export { SpreekuurBooking };
