// The sentences that the page says, from numbers.

import type { Shortened } from "./protocol";

const LONG = 5; // seconds from which a cell says beforehand how long it takes

export function megabytes(bytes: number): string {
  const size = bytes / 1e6;
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} MB`;
}

export function seconds(time: number): string {
  if (time < 10) return `${time.toFixed(1)} s`;
  return time < 90 ? `${Math.round(time)} s` : `${Math.round(time / 60)} minutes`;
}

/** What is said before a cell runs, "" if it is quick. */
export function estimate(time: number): string {
  return time > LONG ? `takes about ${seconds(time)}` : "";
}

export function cells(number: number): string {
  return number === 1 ? "1 cell" : `${number} cells`;
}

export function plan(before: number, time: number): string {
  return [before > 0 ? `first runs ${cells(before)}` : "", estimate(time)].filter(Boolean).join("; ");
}

export function done(time: number, before: number): string {
  return `Done in ${seconds(time)}${before > 0 ? `, with ${cells(before)} before it` : ""}.`;
}

/** How what a cell gave compares with the book's output. */
export function compared(isEqual: boolean, hasEdits: boolean): string {
  if (hasEdits) return isEqual ? "With your edits, and as in the book." : "With your edits; the book's output is another.";
  return isEqual ? "As in the book." : "The book's output is another.";
}

/** Which lengths of loops were used, where the printed result has longer ones. */
export function shortened(all: Shortened[]): string {
  const different = [...new Set(all.map(([full, here]) => `${group(here)} instead of ${group(full)}`))];
  return `In the browser its loops are shorter: ${different.join(", ")}.`;
}

function group(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Why a cell has no Run button. */
export function blocked(library: string): string {
  return `This cell needs ${library || "a library"}, which Python in the browser lacks.`;
}
