// A field for a number: what is typed counts at once, and stays as it was typed.

import { useLayoutEffect, useRef } from "preact/hooks";

interface Given { name?: string; label?: string; value: number; step: number; low?: number; high?: number; put(value: number): void }

export function Field({ name, label, value, step, low, high, put }: Given) {
  const input = useRef<HTMLInputElement>(null);
  const told = String(+value.toPrecision(4));
  const show = () => {
    if (input.current) input.current.value = told; // it may lose the focus as it is taken away
  };
  useLayoutEffect(() => {
    if (document.activeElement !== input.current) show();
  }, [told]);
  const field = (
    <input ref={input} type="number" step={step} min={low} max={high} aria-label={name} data-lm-suppress-shortcuts="true"
      onInput={(event) => Number.isFinite(event.currentTarget.valueAsNumber) && put(event.currentTarget.valueAsNumber)} onBlur={show} />
  );
  return label ? <label>{label} {field}</label> : field;
}
