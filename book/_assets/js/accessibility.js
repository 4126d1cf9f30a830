// Repairs of the theme: accessible names, and formulas that are too wide. Some of its parts come late, so the repairs
// run again whenever the page grows.
(() => {
  const each = (selector, repair) => document.querySelectorAll(selector).forEach(repair);

  function repairAll() {
    // A label that differs from the words in sight cannot be spoken to.
    each("summary[aria-label], button.search-button-field[aria-label]", (e) => e.removeAttribute("aria-label"));
    each(".citation-list[role], .citation-list > [role=doc-biblioentry]", (list) => list.removeAttribute("role"));
    // Many buttons of one name: each is told by what it opens.
    each("button.toggle-button", (button) => {
      const title = button.closest(".admonition")?.querySelector(".admonition-title")?.cloneNode(true);
      title?.querySelectorAll("button, .headerlink, .page-solved").forEach((one) => one.remove());
      const name = `${button.textContent.trim() || "Show"}: ${title?.textContent.trim().replace(/\s+/g, " ") ?? ""}`;
      if (button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
    });
    each(".sidebar-primary-items__start > .sidebar-primary-item:first-child:not([role])", (brand) => {
      brand.setAttribute("role", "region");
      brand.setAttribute("aria-label", "Book title");
    });
  }

  // A formula within a line cannot break; one that is wider than its column scrolls, with its punctuation.
  function scrollWideFormulas() {
    const inline = [...document.querySelectorAll(".bd-article mjx-container:not([display])")];
    const boxes = inline.map((formula) => formula.closest(".keep") ?? formula);
    boxes.forEach((box) => box.classList.remove("wide"));
    const wide = boxes.filter((box) => {
      const column = box.closest("p, li, dd");
      return column && box.getBoundingClientRect().right > column.getBoundingClientRect().right + 1;
    });
    wide.forEach((box) => box.classList.add("wide"));
  }

  // What scrolls sideways shows that it goes on, and the keyboard reaches it.
  const SCROLLING = ".wide, .broad, mjx-container[display], pre, .pst-scrollable-table-container";

  function showWhatGoesOn(box) {
    const hidden = box.scrollWidth - box.clientWidth;
    box.classList.toggle("goes-on", hidden - box.scrollLeft > 2);
    if (hidden > 2) box.tabIndex = 0;
  }

  function fit() {
    scrollWideFormulas();
    each(`.bd-article :is(${SCROLLING})`, showWhatGoesOn);
  }

  document.addEventListener("DOMContentLoaded", () => {
    repairAll();
    // Live pieces change with every picture, and need no repair.
    const isOutside = ({ target }) => !target.closest?.(".live");
    const repairOutside = (changes) => changes.some(isOutside) && repairAll();
    new MutationObserver(repairOutside).observe(document.body, { childList: true, subtree: true });
  });
  // Paper has no pictures that come later.
  window.addEventListener("beforeprint", () => each("img[loading=lazy]", (picture) => (picture.loading = "eager")));
  window.addEventListener("load", () => {
    fit();
    window.MathJax?.startup?.promise?.then(fit);
    window.addEventListener("resize", fit);
    const scrolled = (event) => event.target.matches?.(SCROLLING) && showWhatGoesOn(event.target);
    window.addEventListener("scroll", scrolled, { capture: true });
  });
})();
