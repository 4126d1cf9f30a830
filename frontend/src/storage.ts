// What is kept in the reader's browser, and nowhere else. Where storage is blocked it lasts as long as the page.

// Several sites may share one storage: this one's entries begin with its place.
const SITE = new URL("../..", import.meta.url).pathname;
const here = new Map<string, string>();

const key = (name: string) => `book ${SITE} ${name}`;

/** What is kept under a name, undefined if there is nothing that can be read. */
export function kept(name: string): unknown {
  let text = here.get(name);
  try {
    text = localStorage.getItem(key(name)) ?? undefined;
  } catch {
    // storage is blocked
  }
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the browser's own storage is there: where it is blocked, the site puts one that forgets in its place. */
function lasts(): boolean {
  return typeof Storage !== "function" || localStorage instanceof Storage;
}

/** Keep a value under a name, undefined for nothing; whether it outlasts the page. */
export function keep(name: string, value: unknown): boolean {
  const text = value === undefined ? undefined : JSON.stringify(value);
  if (text === undefined) here.delete(name);
  else here.set(name, text);
  try {
    if (text === undefined) localStorage.removeItem(key(name));
    else localStorage.setItem(key(name), text);
    return lasts();
  } catch {
    return false;
  }
}

/** Call back when another page of this site has changed what is kept under a name. */
export function onChangeElsewhere(name: string, changed: () => void): void {
  window.addEventListener("storage", (event) => {
    if (event.key === key(name) || event.key === null) changed();
  });
}
