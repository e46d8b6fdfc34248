// Prints the page that is on the screen, with the changes it shows; without a script the link
// opens the paper layout as a page of its own.
for (const link of document.querySelectorAll("[data-print]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    window.print();
  });
}
