// What is chosen, by numbers: a point, a weight, a bias.

import { useRef } from "preact/hooks";
import { Field } from "./field";
import { partsOf, toldOf } from "./graph";
import * as hands from "./hands";
import type { Piece } from "./piece";
import type { Cloud, Points } from "./spec";

const LIMIT = 4; // of the slider of a weight, where the weight is not beyond it

export function Numbers({ piece }: { piece: Piece }) {
  const { chosen, spec } = piece;
  const clouds = Object.entries(spec.controls).filter(([, { kind }]) => kind === "cloud");
  const single = clouds.find(([, control]) => (control as Cloud).fixed && (control.start as Points).y.length === 1);
  if (clouds.length === 0 && !piece.editedGraph) return null;
  if (!chosen && single) return <div class="live-numbers"><PointNumbers piece={piece} name={single[0]} index={0} /></div>;
  if (!chosen) return <div class="live-numbers"><Hint piece={piece} /></div>;
  const numbers = chosen.of === "point" ? <PointNumbers piece={piece} name={chosen.name} index={chosen.index} /> : <PartNumbers piece={piece} />;
  return <div class="live-numbers" onKeyDown={(event) => event.key === "Escape" && leave(piece, event.currentTarget)}>{numbers}</div>;
}

/** Nothing is chosen any more; the focus goes back to where it was chosen. */
function leave(piece: Piece, from: Element): void {
  const where = piece.chosen?.of === "point" ? ".handles" : "[role='application']:not(.handles)";
  from.closest(".live")?.querySelector<SVGElement>(where)?.focus({ preventScroll: true });
  piece.forget();
}

function Hint({ piece }: { piece: Piece }) {
  const what = !piece.editedGraph ? "a point" : piece.editedGraph.weights.length ? "a weight or a point" : "a unit";
  const cloud = Object.values(piece.spec.controls).find((control): control is Cloud => control.kind === "cloud");
  const keys = cloud ? ` Keys on the points: ${hands.ways(cloud).join(", ")}.` : "";
  return <span class="live-hint">Choose {what}, by a press or by the arrow keys, to set it by numbers.{keys}</span>;
}

function PointNumbers({ piece, name, index: k }: { piece: Piece; name: string; index: number }) {
  const control = piece.control(name) as Cloud;
  const points = piece.value(name) as Points;
  const [x, y] = [points.X[2 * k], points.X[2 * k + 1]];
  if (x === undefined || y === undefined) return <Hint piece={piece} />;
  const set = (now: Points) => piece.set(name, now);
  const move = (toX: number, toY: number) =>
    Math.max(Math.abs(toX), Math.abs(toY)) > control.limit ? piece.say(hands.bounds(control)) : set(hands.moved(points, k, toX, toY, control));
  const remove = (from: Element) => {
    const now = hands.removed(points, k, control);
    if (!now) return piece.say(hands.limits(control));
    set(now);
    leave(piece, from);
  };
  return (
    <>
      <span>{points.y.length > 1 ? `Point ${k + 1} of ${points.y.length}` : control.label}</span>
      <Field label={control.axes[0]} value={x} step={control.limit / 20} put={(v) => move(v, y)} />
      <Field label={control.axes[1]} value={y} step={control.limit / 20} put={(v) => move(x, v)} />
      {points.y.length === 1 && <span class="live-hint">Drag the point, or press Shift and an arrow key on it.</span>}
      {!control.fixed && control.classes.length > 1 && <button type="button" onClick={() => set(hands.flipped(points, k, control))}>Change class</button>}
      {!control.fixed && <button type="button" onClick={(event) => remove(event.currentTarget)}>Remove</button>}
    </>
  );
}

function PartNumbers({ piece }: { piece: Piece }) {
  const { name, of, index } = piece.chosen!;
  const parts = piece.editedGraph ? partsOf(piece.editedGraph) : [];
  const place = parts.findIndex((one) => one.of === of && one.index === index);
  const part = parts[place];
  // The slider reaches to where the value has been since it was chosen.
  const reach = useRef({ key: "", limit: LIMIT });
  const key = `${of} ${index}`;
  if (reach.current.key !== key) reach.current = { key, limit: LIMIT };
  const limit = (reach.current.limit = Math.max(reach.current.limit, Math.ceil(Math.abs(part?.value ?? 0))));
  if (!part) return <Hint piece={piece} />;
  const put = (value: number) => piece.edit(name, of, index, value);
  const go = (by: number) => {
    const next = parts[(place + by + parts.length) % parts.length]!;
    piece.choose({ name, of: next.of, index: next.index }, toldOf(next));
  };
  return (
    <>
      <button type="button" aria-label="The one before" onClick={() => go(-1)}>‹</button>
      <button type="button" aria-label="The next one" onClick={() => go(1)}>›</button>
      {part.hasValue && <Field label={part.name} value={part.value} step={0.1} put={put} />}
      {!part.hasValue && <span>{part.name}</span>}
      {part.hasValue && <input type="range" min={-limit} max={limit} step="0.05" value={part.value} aria-label={part.name} data-lm-suppress-shortcuts="true"
        onInput={(event) => put(event.currentTarget.valueAsNumber)} />}
      <button type="button" onClick={(event) => leave(piece, event.currentTarget)}>Done</button>
    </>
  );
}
