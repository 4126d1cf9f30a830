// The widgets' modules come from this site; nothing falls back to another one.
(() => {
  const vendor = new URL("../vendor/", document.currentScript.src).href;
  const manager = `${vendor}html-manager/dist/embed-amd`;
  const paths = { anywidget: `${vendor}anywidget/index` };
  // These are defined inside embed-amd.js; the paths only tell it where it lies.
  for (const name of ["base", "controls", "html-manager", "html-manager/dist/libembed-amd"]) {
    paths[`@jupyter-widgets/${name}`] = manager;
  }
  requirejs.config({ paths });
})();
