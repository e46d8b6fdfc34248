"use strict";

// The server may draw the form anew while the next answer is being typed. What stands in that
// field goes on in the new one, and is saved when the customer leaves it.
(() => {
  // htmx notes the page's address when it loads, and this address is a secret.
  sessionStorage.removeItem("htmx-current-path-for-history");

  let typing = null;

  document.addEventListener("htmx:beforeSwap", () => {
    const field = document.activeElement;
    const writes = field instanceof HTMLTextAreaElement ||
      (field instanceof HTMLInputElement && field.type !== "radio" && field.type !== "checkbox");
    typing = writes && field.id ? { id: field.id, value: field.value } : null;
  });

  document.addEventListener("htmx:afterSwap", () => {
    const field = typing && document.getElementById(typing.id);
    if (field && field.value !== typing.value) {
      field.value = typing.value;
      const save = () => field.dispatchEvent(new Event("change", { bubbles: true }));
      field.addEventListener("blur", save, { once: true });
    }
    typing = null;
  });

  // What could not be saved is said where "saved" is said otherwise.
  const failed = () => {
    const place = document.getElementById("saved");
    const words = document.createElement("span");
    words.className = "pill bad";
    words.textContent = place.dataset.failed;
    place.replaceChildren(words);
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, failed);
  }
})();
