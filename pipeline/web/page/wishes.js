// The gallery and the sliders: what the visitor wishes for.

const $ = (id) => document.getElementById(id);

// "starry-night" -> "Starry night"
export const title = (name) => (name[0].toUpperCase() + name.slice(1)).replaceAll("-", " ");

export class Wishes {
  // changed(wish, words): the visitor has chosen something else; words say what
  constructor(changed) {
    this.changed = changed;
    this.names = [];
    const controls = $("controls");
    controls.addEventListener("submit", (event) => event.preventDefault());
    controls.addEventListener("input", ({ target }) => {
      if (!["style", "view"].includes(target.name) && !["blend", "share", "strength", "colours"].includes(target.id)) return;
      if (target.name === "view") return;
      this.tell();
      changed(this.wish, this.words(target));
    });
  }

  // The server's gallery; what was chosen before stays so, if it is still there.
  offer(styles, first) {
    const names = styles.map((style) => style.name);
    if (names.join() === this.names.join()) return;
    this.names = names;
    $("styles").replaceChildren(...styles.map((style) => card(style)));
    $("blend").replaceChildren(new Option("nothing", ""), ...names.map((name) => new Option(title(name), name)));
    $("blend").value = first.blend ?? "";
    $("share").value = first.blend ? Math.round(first.share * 100) : 50;
    $("strength").value = Math.round(first.strength * 100);
    $("colours").checked = first.keep_colours;
    this.style = first.style;
    this.tell();
  }

  get style() {
    return $("controls").elements.style?.value ?? "";
  }

  set style(name) {
    const field = [...document.querySelectorAll("#styles input")].find(({ value }) => value === name);
    if (!field) return;
    field.checked = true;
    if (document.activeElement?.name === "style") field.focus({ preventScroll: true }); // arrows go on from here
    const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    field.parentElement.scrollIntoView({ block: "nearest", inline: "center", behavior: reduced ? "auto" : "smooth" });
  }

  get wish() {
    const blend = $("blend").value || null;
    return {
      style: this.style,
      blend,
      share: blend ? $("share").value / 100 : 0,
      strength: $("strength").value / 100,
      keep_colours: $("colours").checked,
    };
  }

  // Choose as if the visitor had: the style so many further on.
  step(by) {
    const at = this.names.indexOf(this.style);
    this.choose((at + by + this.names.length) % this.names.length);
  }

  choose(at) {
    if (!(at in this.names)) return;
    this.style = this.names[at];
    this.announce(document.querySelector("#styles input:checked"));
  }

  stronger(by) {
    $("strength").value = Number($("strength").value) + by;
    this.announce($("strength"));
  }

  toggleColours() {
    $("colours").checked = !$("colours").checked;
    this.announce($("colours"));
  }

  announce(field) {
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  tell() {
    $("share-row").hidden = !$("blend").value;
    $("share-shown").textContent = `${$("share").value} %`;
    $("strength-shown").textContent = `${$("strength").value} %`;
  }

  words(field) {
    const { style, blend, share, strength, keep_colours } = this.wish;
    if (field.id === "strength") return `Strength ${Math.round(strength * 100)} %.`;
    if (field.id === "colours") return keep_colours ? "The original's colours are kept." : "The painting's colours.";
    const mixed = blend ? `, with ${Math.round(share * 100)} % ${title(blend)}` : "";
    return `Painting in the style of ${title(style)}${mixed}.`;
  }
}

function card({ name, painting, painter, thumbnail }) {
  const label = document.createElement("label");
  const field = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: name });
  const picture = Object.assign(document.createElement("span"), { className: "picture" });
  if (thumbnail) picture.append(Object.assign(new Image(160, 120), { src: `thumbnails/${encodeURIComponent(name)}.jpg`, alt: "" }));
  else picture.textContent = title(name)[0];
  const shown = Object.assign(document.createElement("span"), { className: "name", textContent: title(name) });
  if (painting) label.title = painter ? `${painting}, ${painter}` : painting;
  label.append(field, picture, shown);
  return label;
}
