// The front end of `explore`: native controls, one picture, its caption.
//
// On a published page (`captions` is filled) pictures are files beside the page, in
// <page>/<name>/<setting>.png, and the setting is kept in the address, #<name>?key=value.
// `published` has for each control the places of its values that have pictures; the page
// draws the others with Python, once the reader wishes it (`python` is then "awake").
// With a kernel, a change of `setting` is answered by `picture`, `caption` and `shown`.

const STEP_MS = 700;
const PATIENCE_MS = 20000;
const ADDRESS_MS = 400; // Safari takes a hundred changes of the address in half a minute

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

function render({ model, el }) {
  const name = model.get("name");
  const controls = model.get("controls");
  const captions = model.get("captions");
  const published = captions.length > 0;
  const places = published ? model.get("published") : controls.map(({ values }) => values.map((_, i) => i));
  const hasPicture = (s) => s.every((index, k) => places[k].includes(index));
  const start = [...model.get("shown")];
  const startPicture = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
  let livePicture = null;
  let setting = [...model.get("setting")];
  let pausing = null;
  let moved = 0; // the knob that the reader moved last
  let told = ""; // what is wrong with the link that led here
  let timer = null;
  let patience = null;

  const picture = make("img", { className: "explore-picture" });
  const caption = make("p", { className: "explore-caption" });
  caption.setAttribute("aria-live", "polite");
  const message = make("p", { className: "explore-message", hidden: true });
  message.setAttribute("role", "alert");
  const knobs = controls.map(makeKnob);
  const group = make("div", { className: "explore-controls" }, ...knobs.map((knob) => knob.row));
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `Controls of ${name}`);
  const wish = make("button", { type: "button", className: "explore-play explore-wish", textContent: "Draw it with Python", hidden: true });
  wish.addEventListener("click", () => {
    model.set("python", "awake");
    knobs[moved].input.focus();
    askPython();
  });
  el.classList.add("explore");
  el.replaceChildren(group, picture, message, wish, caption);
  if (published && !document.getElementById(name)) el.id = name;

  // ---- controls

  function makeKnob(control, k) {
    let id = `explore-${name}-${control.key}`;
    while (document.getElementById(id)) id += "-again";
    const label = make("label", { htmlFor: id, textContent: control.label });
    const row = make("div", { className: "explore-row" }, label);
    const last = control.values.length - 1;
    let input, value;
    if (control.kind === "slider") {
      input = make("input", { type: "range", id, min: 0, max: last, step: 1 });
      value = make("span", { className: "explore-value" });
      value.setAttribute("aria-hidden", "true");
      input.addEventListener("input", () => { pause(); choose(k, +input.value); });
      row.append(input, value);
      if (places[k].length <= last) {
        const ticks = make("datalist", { id: `${id}-ticks` }, ...places[k].map((i) => make("option", { value: i })));
        input.setAttribute("list", ticks.id);
        row.append(ticks);
      }
    } else {
      const told = (text, i) => (places[k].includes(i) ? text : `${text} (Python)`);
      const options = control.values.map((text, i) => make("option", { value: i, textContent: told(text, i) }));
      input = make("select", { id }, ...options);
      input.addEventListener("change", () => { pause(); choose(k, +input.value); });
      row.append(input);
    }
    input.dataset.places = places[k].join(",");
    // Without this JupyterLab would take the arrow keys for its own shortcuts.
    input.dataset.lmSuppressShortcuts = "true";
    let button = null;
    if (control.play) {
      button = make("button", { type: "button", className: "explore-play", textContent: "Play" });
      button.setAttribute("aria-describedby", id);
      button.addEventListener("click", () => (timer === null ? play(k) : pause()));
      row.append(button);
    }
    return { row, input, value, button, control };
  }

  function play(k) {
    const steps = model.get("python") === "asleep" ? places[k] : controls[k].values.map((_, i) => i);
    const last = steps.at(-1);
    const next = () => steps.find((i) => i > setting[k]) ?? last;
    if (setting[k] >= last) choose(k, steps[0]);
    knobs[k].button.textContent = "Pause";
    // A screen reader is told where the play ended, not each step on the way.
    caption.setAttribute("aria-live", "off");
    timer = setInterval(() => {
      if (setting[k] < last) choose(k, next());
      if (setting[k] >= last) pause();
    }, STEP_MS);
  }

  function pause() {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    caption.setAttribute("aria-live", "polite");
    caption.textContent = picture.alt; // written anew, it is read out
    for (const knob of knobs) if (knob.button) knob.button.textContent = "Play";
  }

  function choose(k, index) {
    setting = setting.map((old, i) => (i === k ? index : old));
    moved = k;
    told = "";
    showControls();
    if (published) {
      model.set("setting", setting);
      keepAddress();
      show();
    } else {
      ask();
    }
  }

  function showControls() {
    knobs.forEach(({ input, value, control }, k) => {
      const text = control.values[setting[k]];
      input.value = setting[k];
      if (value) {
        value.textContent = text;
        input.setAttribute("aria-valuetext", text);
      }
    });
  }

  // ---- the published page: files

  const page = location.pathname.split("/").pop().replace(/\.html$/, "");
  const fileOf = (s) => (String(s) === String(start) ? startPicture : `${page}/${name}/${s.join("-")}.png`);

  /** The picture that lies beside the page, or that of Python. */
  function show() {
    if (hasPicture(setting)) showFile();
    else askPython();
  }

  function askPython() {
    const isAwake = model.get("python") === "awake";
    wish.hidden = isAwake || model.get("python") === undefined;
    say(isAwake ? "" : [told, "The page has no picture of this setting: it takes Python."].filter(Boolean).join(" "));
    if (isAwake) ask();
  }

  function showFile() {
    wish.hidden = true;
    caption.hidden = false;
    const place = setting.reduce((total, index, k) => total * places[k].length + places[k].indexOf(index), 0);
    picture.src = fileOf(setting);
    picture.alt = captions[place];
    picture.dataset.setting = setting.join("-");
    caption.textContent = captions[place];
  }

  function fetchNeighbours() {
    controls.forEach((control, k) => {
      for (const index of [setting[k] - 1, setting[k] + 1]) {
        if (index < 0 || index >= control.values.length) continue;
        const neighbour = setting.map((old, i) => (i === k ? index : old));
        if (hasPicture(neighbour)) new Image().src = fileOf(neighbour);
      }
    });
  }

  picture.addEventListener("load", () => {
    picture.hidden = false;
    if (published && hasPicture(setting)) {
      say(told);
      if (el.contains(document.activeElement)) fetchNeighbours();
    }
  });
  picture.addEventListener("error", () => {
    picture.hidden = true;
    say("The picture of this setting is missing from this page. Choose another one, or reload the page.");
  });

  function say(text) {
    message.textContent = text;
    message.hidden = text === "";
  }

  function address() {
    const chosen = new URLSearchParams(controls.map((c, k) => [c.key, c.values[setting[k]]]));
    return `#${name}?${chosen}`;
  }

  // Browsers refuse an address that changes too often: at once, but then not before a pause is over.
  function keepAddress() {
    if (pausing !== null) return;
    const written = address();
    history.replaceState(null, "", written);
    pausing = setTimeout(() => {
      pausing = null;
      if (address() !== written) keepAddress();
    }, ADDRESS_MS);
  }

  // What a link says of this widget. Mail and chat programs encode its marks, some of them twice.
  function settingInAddress() {
    const fits = ({ key, values }, chosen) => values.includes(chosen.get(key));
    let text = location.hash.slice(1);
    let best = null;
    let most = 0;
    for (let times = 0; times < 3; times += 1) {
      const [place, query] = text.replaceAll("&amp;", "&").split(/\?(.*)/s);
      const chosen = new URLSearchParams(query);
      const known = controls.filter((control) => chosen.has(control.key));
      // What is decoded once too often, or not often enough, says less that fits.
      const score = known.length + 10 * known.filter((control) => fits(control, chosen)).length;
      if (place === name && score > most) [best, most] = [chosen, score];
      try {
        text = decodeURIComponent(text);
      } catch {
        break;
      }
    }
    return best;
  }

  function readAddress() {
    const chosen = settingInAddress();
    if (chosen === null) return;
    const unknown = [];
    setting = setting.map((index, k) => {
      const text = chosen.get(controls[k].key);
      const wanted = controls[k].values.indexOf(text);
      if (text !== null && wanted < 0) unknown.push(`${controls[k].label} ${text}`);
      return wanted < 0 ? index : wanted;
    });
    model.set("setting", setting);
    told = unknown.length ? `This page has no picture for ${unknown.join(", ")}: the link was changed, or is old.` : "";
    showControls();
    say(told);
    show();
    // The element may not stand on the page yet.
    requestAnimationFrame(() => setTimeout(() => el.scrollIntoView({ block: "center" })));
  }

  // ---- a kernel: one question at a time

  let waiting = false;

  function ask() {
    if (waiting) return;
    waiting = true;
    picture.setAttribute("aria-busy", "true");
    clearTimeout(patience);
    if (!model.get("python")) patience = setTimeout(() => {
      waiting = false;
      say("No answer from Python yet. Run this cell again if the kernel was restarted.");
    }, PATIENCE_MS);
    model.set("setting", setting);
    model.save_changes();
  }

  function answered() {
    clearTimeout(patience);
    waiting = false;
    picture.removeAttribute("aria-busy");
    if (published && hasPicture(setting)) return;
    showAnswer();
    if (String(model.get("shown")) !== String(setting)) ask();
  }

  function showAnswer() {
    const error = model.get("error");
    say(error && `Python could not draw this setting. ${error}`);
    picture.hidden = error !== "";
    caption.hidden = error !== "";
    if (error) return;
    if (livePicture) URL.revokeObjectURL(livePicture);
    livePicture = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
    picture.src = livePicture;
    picture.alt = caption.textContent = model.get("caption");
    picture.dataset.setting = model.get("shown").join("-");
  }

  function adopt() {
    if (String(model.get("setting")) === String(setting)) return;
    setting = [...model.get("setting")];
    showControls();
    if (published) show();
  }

  // ---- begin

  model.on("change:setting", adopt);
  showControls();
  if (published) {
    showFile();
    readAddress();
    group.addEventListener("focusin", fetchNeighbours, { once: true });
    window.addEventListener("hashchange", readAddress);
  } else {
    showAnswer();
    if (String(model.get("shown")) !== String(setting)) ask();
  }
  model.on("change:shown", answered);

  return () => {
    pause();
    clearTimeout(patience);
    clearTimeout(pausing);
    window.removeEventListener("hashchange", readAddress);
    model.off("change:setting", adopt);
    model.off("change:shown", answered);
    URL.revokeObjectURL(startPicture);
    if (livePicture) URL.revokeObjectURL(livePicture);
  };
}

export default { render };
