// The bar above a piece: buttons, knobs, and what the pointer does to points. What a reader
// does starts from what is set, not from what is drawn: two presses may come between two pictures.

import { Field } from "./field";
import { penOf } from "./grids";
import type { Tool } from "./handling";
import type { Piece } from "./piece";
import { GLYPHS } from "./plot";
import { presetOf, withNoise } from "./points";
import type { Cloud, Control, Drawing, Knob, Points, Sizes, Table, Text, Toggles } from "./spec";

interface Given<Kind extends Control> { piece: Piece; name: string; control: Kind; id: string }

export function Bar({ piece }: { piece: Piece }) {
  const { spec, isPlaying } = piece;
  const one = ([name, control]: [string, Control]) => <One piece={piece} name={name} control={control} id={`${piece.id}-${name}`} />;
  const isFolded = ([name]: [string, Control]) => spec.folded.includes(name);
  const all = Object.entries(spec.controls);
  return (
    <div class="live-bar" role="group" aria-label={`Controls of ${spec.name}`}>
      {spec.steps && (
        <div class="live-buttons">
          <button type="button" class="live-play" onClick={() => (isPlaying ? piece.pause() : piece.play())}>{isPlaying ? "Pause" : "Play"}</button>
          <button type="button" onClick={() => piece.step()}>Step</button>
          <button type="button" onClick={() => piece.restart()}>Restart</button>
        </div>
      )}
      {Object.keys(spec.presets).length > 0 && <Presets piece={piece} id={`${piece.id}-presets`} />}
      {all.filter((control) => !isFolded(control)).map(one)}
      {spec.folded.length > 0 && (
        <details class="live-more">
          <summary>More settings</summary>
          <div class="live-folded">{all.filter(isFolded).map(one)}</div>
        </details>
      )}
    </div>
  );
}

function Presets({ piece, id }: { piece: Piece; id: string }) {
  const now = piece.preset;
  const titles = Object.keys(piece.spec.presets);
  return (
    <div class="live-control">
      <label for={id}>Experiment</label>
      <select id={id} data-lm-suppress-shortcuts="true" onChange={(event) => titles[event.currentTarget.selectedIndex] && piece.takePreset(titles[event.currentTarget.selectedIndex]!)}>
        {titles.map((title) => <option selected={title === now}>{title}</option>)}
        <option selected={now === undefined} disabled={true}>{OWN}</option>
      </select>
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
    case "toggles":
      return <TogglesField piece={piece} name={name} control={control} id={id} />;
    case "sizes":
      return <SizesField piece={piece} name={name} control={control} id={id} />;
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
  const now = () => piece.value(name) as Points;
  const points = now();
  const preset = presetOf(points, control);
  const presets = Object.keys(control.presets);
  const take = (place: number) => {
    const chosen = presets[place];
    if (chosen) {
      piece.take(name, "move");
      const preset = structuredClone(control.presets[chosen]!);
      const { noise } = now();
      return piece.set(name, noise ? withNoise(preset, noise, control) : preset);
    }
    clear();
  };
  const clear = () => {
    if (control.least === 0) piece.set(name, { ...now(), X: [], y: [] });
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
  const bar = (
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
      {!control.fixed && control.least === 0 && <button type="button" aria-disabled={points.y.length === 0} onClick={clear}>Clear</button>}
    </div>
  );
  if (control.noise.levels.length === 0) return bar;
  return <>{bar}<Noise piece={piece} name={name} control={control} id={`${id}-noise`} /></>;
}

const SAMPLES = 10; // of noise

function Noise({ piece, name, control, id }: Given<Cloud>) {
  const now = () => piece.value(name) as Points;
  const [level] = now().noise!;
  const text = `${Math.round(100 * control.noise.levels[level]!)}%`;
  const put = (noise: [number, number]) => piece.set(name, withNoise(now(), noise, control), true);
  const again = () => {
    const [level, sample] = now().noise!;
    if (level > 0) put([level, (sample + 1) % SAMPLES]);
  };
  return (
    <div class="live-control">
      <label for={id}>Noise</label>
      <input type="range" id={id} min="0" max={control.noise.levels.length - 1} step="1" value={level} aria-valuetext={text} data-lm-suppress-shortcuts="true"
        onInput={(event) => put([event.currentTarget.valueAsNumber, now().noise![1]])} />
      <output for={id} aria-hidden="true">{text}</output>
      <button type="button" aria-disabled={level === 0} onClick={again}>New noise</button>
    </div>
  );
}

function TogglesField({ piece, name, control }: Given<Toggles>) {
  const now = () => piece.value(name) as number[];
  const toggle = (place: number) => {
    const chosen = now().includes(place) ? now().filter((one) => one !== place) : [...now(), place].sort((a, b) => a - b);
    if (chosen.length === 0) piece.say(`${control.label}: at least one.`);
    else piece.set(name, chosen);
  };
  return (
    <div class="live-control" role="group" aria-label={control.label}>
      <span class="live-label" aria-hidden="true">{control.label}</span>
      <div class="live-tools">
        {control.names.map((text, place) => (
          <label>
            <input type="checkbox" checked={now().includes(place)} data-lm-suppress-shortcuts="true"
              onChange={(event) => { toggle(place); event.currentTarget.checked = now().includes(place); }} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </div>
  );
}

function SizesField({ piece, name, control }: Given<Sizes>) {
  const now = () => piece.value(name) as number[];
  const sizes = now();
  const put = (place: number, size: number) => {
    if (!Number.isInteger(size) || size < 1 || size > control.most) return piece.say(`${control.label}: from 1 to ${control.most}.`);
    piece.set(name, now().map((one, k) => (k === place ? size : one)));
  };
  const add = () => (now().length < control.longest ? piece.set(name, [...now(), now().at(-1) ?? Math.min(4, control.most)]) : piece.say(`${control.label}: at most ${control.longest}.`));
  const remove = () => now().length > 0 && piece.set(name, now().slice(0, -1));
  return (
    <div class="live-control live-sizes" role="group" aria-label={control.label}>
      <span class="live-label" aria-hidden="true">{control.label}</span>
      <button type="button" aria-label={`Remove the last ${control.part}`} aria-disabled={sizes.length === 0} onClick={remove}>− {control.part}</button>
      {sizes.map((size, place) => (
        <Field name={`${control.label}: ${control.part} ${place + 1}`} value={size} step={1} low={1} high={control.most} put={(v) => put(place, v)} />
      ))}
      <button type="button" aria-label={`Add a ${control.part}`} aria-disabled={sizes.length >= control.longest} onClick={add}>+ {control.part}</button>
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

/** What the pen leaves in the cells of a drawing. */
function Pens({ piece, name, control, id }: Given<Drawing>) {
  return (
    <div class="live-tools" role="radiogroup" aria-label={`What the pen draws: ${control.label}`}>
      {control.pens.map((text, level) => (
        <label>
          <input type="radio" name={`${id}-pen`} checked={penOf(piece.tool(name), control) === level} data-lm-suppress-shortcuts="true"
            onChange={() => piece.take(name, `pen${level}`)} />
          <span>{text}</span>
        </label>
      ))}
    </div>
  );
}

/** Drawings and tables stand in their panels; here they go back to what they were. */
function AsAtStart({ piece, name, control, id }: Given<Drawing | Table>) {
  const start = control.start;
  const isThere = String(piece.value(name)) === String(start);
  const clear = control.kind === "drawing" && start.some((level) => level !== 0);
  return (
    <div class="live-control">
      <span class="live-label">{control.label}</span>
      {control.kind === "drawing" && control.pens.length > 0 && <Pens piece={piece} name={name} control={control} id={id} />}
      <button type="button" aria-disabled={isThere} onClick={() => piece.set(name, [...start])}>As at the start</button>
      {clear && <button type="button" onClick={() => piece.set(name, start.map(() => 0))}>Clear</button>}
    </div>
  );
}
