// The bar above a piece: buttons, knobs, and what the pointer does to points.

import { presetOf } from "./address";
import type { Tool } from "./handling";
import type { Piece } from "./piece";
import { GLYPHS } from "./plot";
import type { Cloud, Control, Drawing, Knob, Points, Table, Text } from "./spec";

interface Given<Kind extends Control> { piece: Piece; name: string; control: Kind; id: string }

export function Bar({ piece }: { piece: Piece }) {
  const { spec, isPlaying } = piece;
  return (
    <div class="live-bar" role="group" aria-label={`Controls of ${spec.name}`}>
      {spec.steps && (
        <div class="live-buttons">
          <button type="button" class="live-play" onClick={() => (isPlaying ? piece.pause() : piece.play())}>{isPlaying ? "Pause" : "Play"}</button>
          <button type="button" onClick={() => piece.step()}>Step</button>
          <button type="button" onClick={() => piece.restart()}>Restart</button>
        </div>
      )}
      {Object.entries(spec.controls).map(([name, control]) => <One piece={piece} name={name} control={control} id={`${piece.id}-${name}`} />)}
    </div>
  );
}

function One({ piece, name, control, id }: Given<Control>) {
  switch (control.kind) {
    case "slider":
      return <Slider piece={piece} name={name} control={control} id={id} />;
    case "choice":
      return <Choice piece={piece} name={name} control={control} id={id} />;
    case "cloud":
      return <CloudBar piece={piece} name={name} control={control} id={id} />;
    case "text":
      return <TextField piece={piece} name={name} control={control} id={id} />;
    default:
      return <AsAtStart piece={piece} name={name} control={control} id={id} />;
  }
}

function Slider({ piece, name, control, id }: Given<Knob>) {
  const place = piece.value(name) as number;
  const text = control.values[place]!;
  return (
    <div class="live-control">
      <label for={id}>{control.label}</label>
      <input type="range" id={id} min="0" max={control.values.length - 1} step="1" value={place} aria-valuetext={text} data-lm-suppress-shortcuts="true"
        onInput={(event) => piece.set(name, event.currentTarget.valueAsNumber, true)} />
      <output for={id} aria-hidden="true">{text}</output>
    </div>
  );
}

function Choice({ piece, name, control, id }: Given<Knob>) {
  const place = piece.value(name) as number;
  return (
    <div class="live-control">
      <label for={id}>{control.label}</label>
      <select id={id} data-lm-suppress-shortcuts="true" onChange={(event) => piece.set(name, event.currentTarget.selectedIndex)}>
        {control.values.map((text, k) => <option selected={k === place}>{text}</option>)}
      </select>
    </div>
  );
}

const OWN = "your own";

function CloudBar({ piece, name, control, id }: Given<Cloud>) {
  const points = piece.value(name) as Points;
  const preset = presetOf(points, control);
  const presets = Object.keys(control.presets);
  const take = (place: number) => {
    const chosen = presets[place];
    if (chosen) return piece.set(name, structuredClone(control.presets[chosen]!));
    if (control.least === 0) piece.set(name, { X: [], y: [] });
    piece.take(name, "add0");
  };
  const many = control.classes.length > 1;
  const tools: [Tool, string, string][] = [
    ["move", "Move", "Move points"],
    ...control.classes.map((kind, k): [Tool, string, string] => [`add${k}`, `+ ${GLYPHS[k]}`, `Add points${many ? ` of class ${kind}` : ""}`]),
    ...(many ? [["flip", "Flip", "Change the class of points"] as [Tool, string, string]] : []),
    ["remove", "Erase", "Remove points"],
  ];
  const menu = presets.length > 1 || !control.fixed;
  if (!menu) return null;
  return (
    <div class="live-control">
      <label for={id}>{control.label}</label>
        <select id={id} data-lm-suppress-shortcuts="true" onChange={(event) => take(event.currentTarget.selectedIndex)}>
          {presets.map((text) => <option selected={text === preset}>{text}</option>)}
          {(!control.fixed || preset === undefined) && <option selected={preset === undefined} disabled={control.fixed}>{OWN}</option>}
        </select>
      {!control.fixed && (
        <div class="live-tools" role="radiogroup" aria-label={`What the pointer does: ${control.label}`}>
          {tools.map(([tool, text, title]) => (
            <label title={title} class={tool}>
              <input type="radio" name={`${id}-tool`} aria-label={title} checked={piece.tool(name) === tool} data-lm-suppress-shortcuts="true"
                onChange={() => piece.take(name, tool)} />
              <span>{text}</span>
            </label>
          ))}
        </div>
      )}
    </div>
  );
}

function TextField({ piece, name, control, id }: Given<Text>) {
  return (
    <div class="live-control live-text">
      <label for={id}>{control.label}</label>
      <input type="text" id={id} maxLength={control.longest} value={piece.value(name) as string} spellcheck={false} data-lm-suppress-shortcuts="true"
        onInput={(event) => piece.set(name, event.currentTarget.value, true)} />
    </div>
  );
}

/** Drawings and tables stand in their panels; here they go back to what they were. */
function AsAtStart({ piece, name, control }: Given<Drawing | Table>) {
  const start = control.start;
  const isThere = String(piece.value(name)) === String(start);
  const clear = control.kind === "drawing" && start.some((level) => level !== 0);
  return (
    <div class="live-control">
      <span class="live-label">{control.label}</span>
      <button type="button" aria-disabled={isThere} onClick={() => piece.set(name, [...start])}>As at the start</button>
      {clear && <button type="button" onClick={() => piece.set(name, start.map(() => 0))}>Clear</button>}
    </div>
  );
}
