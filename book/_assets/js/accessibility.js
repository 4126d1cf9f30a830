// Repairs of the theme's accessible names.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button.search-button-field")) {
    button.setAttribute("aria-label", button.innerText.trim().replace(/\s+/g, " "));
  }
  for (const picture of document.querySelectorAll("button.theme-switch-button svg[role=img]")) {
    picture.removeAttribute("role");
    picture.removeAttribute("aria-labelledby");
    picture.querySelectorAll("title").forEach((title) => title.remove());
  }
  for (const list of document.querySelectorAll(".citation-list[role], .citation-list > [role=doc-biblioentry]")) {
    list.removeAttribute("role");
  }
  const brand = document.querySelector(".sidebar-primary-items__start > .sidebar-primary-item");
  if (brand && brand.querySelector(".navbar-brand")) {
    brand.setAttribute("role", "region");
    brand.setAttribute("aria-label", "Book title");
  }
});
