// The same front end in a notebook: an anywidget whose kernel answers.

import { mount } from "./piece";
import type { Host, Question, Spec } from "./spec";

interface Model {
  get(key: string): unknown;
  send(content: unknown): void;
  on(event: "msg:custom", hear: (content: Answer, buffers: DataView[]) => void): void;
  off(event: "msg:custom", hear: (content: Answer, buffers: DataView[]) => void): void;
}
interface Answer { id: string; error?: string }

/** The bytes of a view, in a buffer of their own. */
const own = (view: DataView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
let views = 0;

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const view = `${++views}-${Math.random()}`; // of several views of one piece
  let n = 0;
  const waiting = new Map<string, { resolve(bytes: Uint8Array): void; reject(error: Error): void }>();
  const hear = ({ id, error }: Answer, buffers: DataView[]) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error !== undefined) one?.reject(new Error(error));
    else one?.resolve(own(buffers[0]!));
  };
  model.on("msg:custom", hear);
  const host: Host = {
    hasAddress: false,
    wake: async () => false,
    ask: (question: Question) =>
      new Promise((resolve, reject) => {
        const id = `${view}-${++n}`;
        waiting.set(id, { resolve, reject });
        model.send({ id, question });
      }),
  };
  const dispose = mount(el, JSON.parse(model.get("spec") as string) as Spec, own(model.get("first") as DataView), host);
  return () => {
    model.off("msg:custom", hear);
    dispose();
  };
}

export default { render };
