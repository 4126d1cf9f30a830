// A panel: its title, its grids on a canvas, and all that has an edge in an SVG above it.

import { useLayoutEffect, useRef } from "preact/hooks";
import { CellsTable } from "./cells";
import type { PanelData } from "./frame";
import * as graph from "./graph";
import * as grids from "./grids";
import type { Handling } from "./handling";
import { type Palette, paint, type Picture } from "./pictures";
import * as plot from "./plot";

interface Given { data: PanelData; width: number; height: number; handling: Handling }

export function picturesOf({ data, width, height, handling }: Given): Picture[] {
  switch (data.kind) {
    case "plot":
      return plot.picturesOf(data, plot.frameOf(data, width, height), handling);
    case "graph":
      return graph.picturesOf(data, width, height);
    case "images":
      return grids.picturesOf(data, width, height, handling);
    case "cells":
      return [];
  }
}

/** What stands above the grids. */
export function Edges({ data, width, height, handling }: Given) {
  switch (data.kind) {
    case "plot":
      return <plot.PlotPicture data={data} width={width} height={height} handling={handling} />;
    case "graph":
      return <graph.GraphPicture data={data} width={width} height={height} handling={handling} />;
    case "images":
      return <grids.GridsPicture data={data} width={width} height={height} handling={handling} />;
    case "cells":
      return null;
  }
}

export function Panel({ palette, ...given }: Given & { palette: Palette }) {
  const { data, width, height, handling } = given;
  const canvas = useRef<HTMLCanvasElement>(null);
  const value = data.kind === "images" && typeof data.grids === "string" ? handling.value(data.grids) : undefined;
  const followed = data.kind === "plot" ? plot.followed(data, handling) : undefined;
  useLayoutEffect(() => {
    if (canvas.current) paint(canvas.current, picturesOf(given), width, height, palette);
  }, [data, width, height, palette, value, followed]);
  return (
    <div class="live-panel" style={{ width: `${width}px` }}>
      {data.title && <p class="live-title">{followed ? followed[0]!.toUpperCase() + followed.slice(1) : data.title}</p>}
      {data.kind === "cells"
        ? <CellsTable data={data} handling={handling} />
        : (
          <div class="live-stage" style={{ height: `${height}px` }}>
            <canvas ref={canvas} aria-hidden="true" />
            <svg width={width} height={height} role={data.kind === "plot" ? "img" : "group"} aria-label={data.title || "picture"}><Edges {...given} /></svg>
            {data.kind === "plot" && plot.hasHands(data) && (
              <svg width={width} height={height}><plot.Hands data={data} width={width} height={height} handling={handling} /></svg>
            )}
          </div>
        )}
    </div>
  );
}

const GAP = 14;
const NARROW = 560; // px below which the panels stand below each other
const LEAST = 130;

/** The sizes of panels in rows on a board of some width. */
export function sizesOf(rows: PanelData[][], total: number): [width: number, height: number][][] {
  return rows.map((row) => {
    const shapes = row.reduce((sum, { shape }) => sum + shape, 0);
    const height = (total - GAP * (row.length - 1)) / shapes;
    return row.map((data) => {
      if (total >= NARROW) return [Math.floor(height * data.shape), Math.max(LEAST, Math.floor(height))];
      if (data.kind === "graph" && data.narrow) return [Math.floor(total), Math.floor(total / data.narrow)];
      const folded = data.kind === "images" ? grids.narrowShape(data) : undefined;
      return [Math.floor(total), Math.max(LEAST, Math.floor(Math.min(total / (folded ?? data.shape), total)))];
    });
  });
}
