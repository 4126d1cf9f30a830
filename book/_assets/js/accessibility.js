// Repairs of the theme: accessible names, and formulas that are too wide. Some of its parts come late (icons are drawn
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

  // A formula within a line cannot break; one that is wider than its column scrolls.
  function scrollWideFormulas() {
    const inline = [...document.querySelectorAll(".bd-article mjx-container:not([display])")];
    inline.forEach((formula) => formula.classList.remove("wide"));
    const wide = inline.filter((formula) => {
      const column = formula.closest("p, li, dd");
      return column && formula.getBoundingClientRect().right > column.getBoundingClientRect().right + 1;
    });
    wide.forEach((formula) => formula.classList.add("wide"));
  }

  document.addEventListener("DOMContentLoaded", () => {
    repairAll();
    new MutationObserver(repairAll).observe(document.body, { childList: true, subtree: true });
  });
  // Paper has no pictures that come later.
  window.addEventListener("beforeprint", () => each("img[loading=lazy]", (picture) => (picture.loading = "eager")));
  window.addEventListener("load", () => {
    window.MathJax?.startup?.promise?.then(scrollWideFormulas);
    window.addEventListener("resize", scrollWideFormulas);
  });
})();
