// The editor of cells: CodeMirror, loaded when a reader first edits.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import type { Field, FieldHooks } from "./source";

export function makeField(text: string, hooks: FieldHooks): Field {
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([
          { key: "Shift-Enter", run: () => (hooks.run(), true) },
          { key: "Escape", run: (editor) => (editor.setTabFocusMode(true), false) }, // Tab leaves, until something is typed
          indentWithTab,
          ...defaultKeymap,
          ...historyKeymap,
        ]),
        history(),
        drawSelection(),
        bracketMatching(),
        indentOnInput(),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        python(),
        syntaxHighlighting(classHighlighter),
        EditorView.contentAttributes.of({ "aria-label": hooks.label, "aria-describedby": hooks.describedBy, spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) hooks.changed(update.state.doc.toString());
          // Who only passes by with the tab key is not held up.
          if (update.focusChanged) update.view.setTabFocusMode(true);
          else if (update.docChanged || update.selectionSet) update.view.setTabFocusMode(false);
        }),
      ],
    }),
  });
  return {
    element: view.dom,
    focus: (start, end) => {
      if (start !== undefined) view.dispatch({ selection: { anchor: start, head: end ?? start } });
      view.focus();
    },
    remove: () => view.destroy(),
  };
}
