// Repairs of the theme's accessible names. Some of its parts come late (icons are drawn
// by a script), so the repairs run again whenever the page grows.
(() => {
  const each = (selector, repair) => document.querySelectorAll(selector).forEach(repair);

  function repairAll() {
    each("button.theme-switch-button svg:not([aria-hidden=true])", (icon) => icon.setAttribute("aria-hidden", "true"));
    each("button.theme-switch-button svg[role]", (icon) => icon.removeAttribute("role"));
    each("button.theme-switch-button svg title", (title) => title.remove());
    // A label that differs from the words in sight cannot be spoken to.
    each("summary[aria-label], button.search-button-field[aria-label]", (e) => e.removeAttribute("aria-label"));
    each(".citation-list[role], .citation-list > [role=doc-biblioentry]", (list) => list.removeAttribute("role"));
    each(".sidebar-primary-items__start > .sidebar-primary-item:first-child:not([role])", (brand) => {
      brand.setAttribute("role", "region");
      brand.setAttribute("aria-label", "Book title");
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    repairAll();
    new MutationObserver(repairAll).observe(document.body, { childList: true, subtree: true });
  });
})();
