// Where the reader's browser blocks its storage, scripts get one that forgets when the page is left.
(() => {
  function forgetful() {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, value) => void kept.set(String(key), String(value)),
      removeItem: (key) => void kept.delete(String(key)),
      clear: () => kept.clear(),
      key: (n) => [...kept.keys()][n] ?? null,
      get length() { return kept.size; },
    };
  }

  function works(name) {
    try {
      window[name].setItem("works", "1");
      window[name].removeItem("works");
      return true;
    } catch {
      return false;
    }
  }

  for (const name of ["localStorage", "sessionStorage"]) {
    if (!works(name)) Object.defineProperty(window, name, { value: forgetful(), configurable: true });
  }
})();
