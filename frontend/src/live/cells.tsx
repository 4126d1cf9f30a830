// A real table: of numbers or words with their colours, or of numbers that the reader sets.

import { Field } from "./field";
import type { Cells } from "./frame";
import type { Handling } from "./handling";
import type { Table } from "./spec";

export interface CellsContent { rows: string[]; columns: string[]; numbers: number[]; told: string[]; shape: [number, number] }

/** What stands in a table, wherever it is drawn. */
export function contentOf(data: Cells, handling: Handling): CellsContent {
  const control = typeof data.values === "string" ? (handling.control(data.values) as Table) : undefined;
  const numbers = control ? (handling.value(data.values as string) as number[]) : Array.from(data.values as Iterable<number>);
  const shape: [number, number] = control ? [control.rows.length, control.columns.length] : ((data.values as { shape: number[] }).shape as [number, number]);
  const told = numbers.map((v, k) => data.words?.[Math.floor(k / shape[1])]?.[k % shape[1]] ?? v.toFixed(data.digits));
  return { rows: control?.rows ?? data.rows, columns: control?.columns ?? data.columns, numbers, told, shape };
}

/** How strongly each cell is coloured, from -1 to 1. */
export function strengths(numbers: number[]): number[] {
  const most = Math.max(1e-12, ...numbers.map(Math.abs).filter(Number.isFinite));
  return numbers.map((v) => (Number.isFinite(v) ? v / most : 0));
}

/** A cell that is pressed. The table is one tab stop; arrows go from cell to cell. */
function Touched({ data, k, columns, told, strength, touch }: { data: Cells; k: number; columns: number; told: string; strength: number; touch: () => void }) {
  const marked = data.marked.includes(k);
  const key = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const table = (event.currentTarget as Element).closest("table")!;
    table.querySelector<HTMLElement>(`button[data-cell="${k + step}"]`)?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <button
      type="button" data-cell={k} class={marked ? "marked" : ""} aria-pressed={data.marked.length ? marked : undefined}
      aria-label={`${told}, ${+strength.toPrecision(2)}`} tabindex={k === (data.marked[0] ?? 0) ? 0 : -1} data-lm-suppress-shortcuts="true" onKeyDown={key} onClick={touch}
    >{told}</button>
  );
}

export function CellsTable({ data, handling }: { data: Cells; handling: Handling }) {
  const { rows, columns, numbers, told, shape: [nRows, nColumns] } = contentOf(data, handling);
  const name = typeof data.values === "string" ? data.values : "";
  const control = name ? (handling.control(name) as Table) : undefined;
  const strong = strengths(numbers);
  const put = (k: number, value: number) => {
    if (!control) return;
    if (value < control.low || value > control.high) return handling.say(`${control.label}: a number from ${control.low} to ${control.high}.`);
    handling.set(name, numbers.map((old, i) => (i === k ? value : old)), true);
  };
  return (
    <div class={data.touch ? "live-cells touched" : "live-cells"} tabindex={data.touch ? undefined : 0} role="region" aria-label={data.title || control?.label}>
      <table aria-label={data.title || control?.label}>
        {columns.length > 0 && (
          <thead><tr>{rows.length > 0 && <td />}{columns.map((column) => <th scope="col">{column}</th>)}</tr></thead>
        )}
        <tbody>
          {Array.from({ length: nRows }, (_, i) => (
            <tr>
              {rows.length > 0 && <th scope="row">{rows[i]}</th>}
              {Array.from({ length: nColumns }, (_, j) => {
                const k = i * nColumns + j;
                const strength = `color-mix(in srgb, rgb(var(--live-${strong[k]! < 0 ? "low" : "high"})) ${Math.round(55 * Math.abs(strong[k]!))}%, transparent)`;
                return (
                  <td style={{ background: strength }}>
                    {control
                      ? <Field name={`${rows[i]}, ${columns[j]}`} value={numbers[k]!} low={control.low} high={control.high} step={control.step} put={(v) => put(k, v)} />
                      : data.touch && told[k]
                        ? <Touched data={data} k={k} columns={nColumns} told={told[k]} strength={numbers[k]!} touch={() => handling.edit(data.touch, "cell", 0, k)} />
                        : told[k]}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
