// What a panel may ask of its piece: what the reader has set and chosen, and to set it otherwise.

import type { Grid } from "./frame";
import type { Control, Value } from "./spec";

/** The thing that is chosen: a point of a cloud, or a part of the state that is edited under a name. */
export interface Chosen { name: string; of: "point" | "edge" | "node" | "cell"; index: number }
export type Tool = "move" | "flip" | "remove" | `add${number}` | `pen${number}`;

/** The map of a node of a graph, among those of all its nodes. */
export interface NodeMap { maps: Grid; index: number; name: string }

export interface Handling {
  value(key: string): Value;
  control(key: string): Control;
  tool(key: string): Tool;
  chosen: Chosen | undefined;
  /** The map of the node that is chosen in the graph that is edited under a name. */
  chosenMap(under: string): NodeMap | undefined;
  /** Choose something and say what it is. */
  choose(chosen: Chosen, says: string): void;
  set(key: string, value: Value, byHand?: boolean): void;
  /** Have nothing chosen. */
  forget(): void;
  edit(under: string, of: string, index: number, value: number): void;
  say(text: string): void;
}
