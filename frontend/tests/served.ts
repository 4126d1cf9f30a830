// Pieces on a page of the tests, answered by CPython over HTTP.

import { mount } from "../src/live/piece";
import type { Host, Spec } from "../src/live/spec";

const get = async (place: string) => new Uint8Array(await (await fetch(place)).arrayBuffer());

async function show(place: HTMLElement): Promise<void> {
  const name = place.dataset.piece!;
  const spec: Spec = await (await fetch(`${name}/spec`)).json();
  let isMade = false;
  let asked = new AbortController();
  const host: Host = {
    hasAddress: true,
    wake: async () => {
      const isNew = !isMade;
      if (isNew) await fetch(`${name}/make`, { method: "POST" });
      isMade = true;
      return isNew;
    },
    ask: async (question) => {
      const answer = await fetch(`${name}/ask`, { method: "POST", body: JSON.stringify(question), signal: asked.signal }).catch(() => {
        throw new Error("stopped");
      });
      if (!answer.ok) throw new Error(await answer.text());
      return new Uint8Array(await answer.arrayBuffer());
    },
    stop: async () => {
      asked.abort();
      asked = new AbortController();
      isMade = false;
    },
  };
  mount(place, spec, await get(`${name}/first`), host);
}

for (const place of document.querySelectorAll<HTMLElement>("[data-piece]")) void show(place);
