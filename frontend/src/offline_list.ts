// What the page and the worker that answers without a network both know.

/** Where the files lie; several sites may share one storage. */
export const cacheName = (root: string) => `book ${root}`;

export const PATIENCE = 4000; // ms that the network has before what is kept is shown

export interface List {
  files: [place: string, bytes: number, sum: string][];
}

/** The files of a list that are not kept as they are there. */
export function missing(list: List, kept: List | undefined): List["files"] {
  const sums = new Map(kept?.files.map(([place, , sum]) => [place, sum]));
  return list.files.filter(([place, , sum]) => sums.get(place) !== sum);
}

export const bytesOf = (files: List["files"]) => files.reduce((sum, [, bytes]) => sum + bytes, 0);

/** Whether an entry's mark is the SHA-256 sum of its file; the snapshot's is that of what it is made from. */
export const isSum = (mark: string) => /^[0-9a-f]{64}$/.test(mark);
