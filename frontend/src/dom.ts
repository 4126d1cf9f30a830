// Small helpers for the page's elements.

type Properties<Tag extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[Tag], "style">>;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties<Tag> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

let region: HTMLElement | undefined;

/** Tell those who listen to the page. */
export function announce(text: string): void {
  if (!region) {
    region = make("div", { className: "page-told" });
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = text;
}
