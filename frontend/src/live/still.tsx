// The first picture of a piece as an SVG file, for print and for readers without scripts.
//
// usage: node still.mjs FRAME SPEC STYLE > PICTURE     (files: a frame, its piece's spec, live.css)

import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";
import { crc32, deflateSync } from "node:zlib";
import { render } from "preact-render-to-string";
import { contentOf, strengths } from "./cells";
import { type Cells, unpack } from "./frame";
import type { Handling } from "./handling";
import { Edges, picturesOf, sizesOf } from "./panel";
import { type Palette, type Picture, pixels } from "./pictures";
import { Hands } from "./plot";
import type { Spec } from "./spec";

const WIDTH = 700;
const GAP = 14;
const TITLE = 22;
const LIGHT: Palette = { low: [0, 114, 178], high: [213, 94, 0], ink: [28, 32, 36], strength: 0.42 };

/** A picture of so many pixels as PNG, in an address. */
function png(data: Uint8ClampedArray<ArrayBuffer>, columns: number, rows: number): string {
  const chunk = (kind: string, content: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(kind), content]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(columns, 0);
  head.writeUInt32BE(rows, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const lines = Buffer.concat(Array.from({ length: rows }, (_, i) => Buffer.concat([Buffer.from([0]), Buffer.from(data.buffer, 4 * columns * i, 4 * columns)])));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return `data:image/png;base64,${Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(lines)), chunk("IEND", Buffer.alloc(0))]).toString("base64")}`;
}

function Map({ picture, id }: { picture: Picture; id: string }) {
  const { columns, rows, x, y, width, height, clip, isSmooth } = picture;
  return (
    <g>
      <clipPath id={id}><rect x={clip[0]} y={clip[1]} width={clip[2]} height={clip[3]} rx="3" /></clipPath>
      <g clip-path={`url(#${id})`}>
        <image href={png(pixels(picture, LIGHT), columns, rows)} x={x} y={y} width={width} height={height} preserveAspectRatio="none"
          style={{ imageRendering: isSmooth ? "auto" : "pixelated" }} />
      </g>
    </g>
  );
}

function CellsPicture({ data, width, height, handling }: { data: Cells; width: number; height: number; handling: Handling }) {
  const { rows, columns, numbers, told, shape: [nRows, nColumns] } = contentOf(data, handling);
  const strong = strengths(numbers);
  const [left, top] = [rows.length ? 8 * Math.max(...rows.map(({ length }) => length)) + 8 : 0, columns.length ? 20 : 0];
  const [w, h] = [(width - left) / nColumns, Math.min(26, (height - top) / nRows)];
  return (
    <g>
      {columns.map((text, j) => <text x={left + (j + 0.5) * w} y="14" text-anchor="middle">{text}</text>)}
      {rows.map((text, i) => <text x={left - 6} y={top + (i + 0.5) * h + 4} text-anchor="end">{text}</text>)}
      {told.map((text, k) => {
        const [i, j] = [Math.floor(k / nColumns), k % nColumns];
        return (
          <g>
            <rect class="frame" x={left + j * w} y={top + i * h} width={w} height={h} style={{ fill: `rgb(var(--live-${strong[k]! < 0 ? "low" : "high"}))`, fillOpacity: 0.55 * Math.abs(strong[k]!) }} />
            <text class="cell" x={left + (j + 0.5) * w} y={top + (i + 0.5) * h + 4} text-anchor="middle">{text}</text>
          </g>
        );
      })}
    </g>
  );
}

/** A piece that nobody handles. */
function atStart(spec: Spec): Handling {
  const nothing = () => {};
  return {
    value: (key) => spec.controls[key]!.start,
    control: (key) => spec.controls[key]!,
    tool: () => "move",
    chosen: undefined,
    chosenMap: () => undefined,
    choose: nothing,
    set: nothing,
    forget: nothing,
    edit: nothing,
    say: nothing,
  };
}

function still(frameBytes: Uint8Array, spec: Spec, style: string): string {
  const frame = unpack(frameBytes);
  const handling = atStart(spec);
  const sizes = sizesOf(frame.rows, WIDTH);
  let top = 0;
  const panels = frame.rows.flatMap((row, i) => {
    let left = 0;
    const hasTitle = row.some(({ title }) => title);
    const from = top + (hasTitle ? TITLE : 0);
    const drawn = row.map((data, j) => {
      const [width, height] = sizes[i]![j]!;
      const given = { data, width, height, handling };
      const panel = (
        <g transform={`translate(${left},${from})`}>
          {data.title && <text class="title" y={-8}>{data.title}</text>}
          {picturesOf(given).map((picture, k) => <Map picture={picture} id={`still-${i}-${j}-${k}`} />)}
          {data.kind === "cells" ? <CellsPicture {...given} data={data} /> : <Edges {...given} />}
          {data.kind === "plot" && <Hands {...given} data={data} />}
        </g>
      );
      left += width + GAP;
      return panel;
    });
    top = from + Math.max(...sizes[i]!.map(([, height]) => height)) + GAP;
    return drawn;
  });
  const facts = Object.entries(frame.facts).map(([name, value]) => `${name}: ${value}`).join("     ");
  const height = Math.ceil(top + (facts ? 26 : 0));
  return render(
    <svg xmlns="http://www.w3.org/2000/svg" viewBox={`-6 -4 ${WIDTH + 12} ${height + 8}`} width={WIDTH + 12} height={height + 8} class="live">
      <style>{style}</style>
      {panels}
      {facts && <text class="fact" y={top + 12}>{facts}</text>}
    </svg>,
  );
}

const [frame, spec, style] = argv.slice(2).map((file) => readFileSync(file));
stdout.write(still(frame!, JSON.parse(spec!.toString()), style!.toString()));
