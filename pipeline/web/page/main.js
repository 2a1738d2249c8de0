// Brings camera, painter and screen together.

import { Lens } from "./lens.js";
import { Link } from "./link.js";
import { Stage } from "./stage.js";
import { Wishes, title } from "./wishes.js";

const $ = (id) => document.getElementById(id);
const SERVER = "server"; // as the name of a camera

const stage = new Stage((ms) => link.tell({ type: "delay", ms }));
const wishes = new Wishes((wish, words) => {
  link.tell({ type: "wish", ...wish });
  say(words);
});
const lens = new Lens($("video"), {
  frame: send,
  ended: () => end("The camera was unplugged or taken away. Start it again when it is back.", true),
});
const link = new Link({ hello, size, painted, problem, lost, state: say });

let wanted = null; // [width, height] of the frames to be sent, px
let watching = false; // the server's camera
let hasServerCamera = false;
let lastShown = 0; // number of the frame that was shown last

function say(text, isBad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", isBad);
}

function hello({ styles, wish, server_camera }) {
  hasServerCamera = server_camera;
  wishes.offer(styles, wish);
  link.tell({ type: "wish", ...wishes.wish });
  $("start").disabled = false;
  $("watch").hidden = !server_camera;
  if (lens.isOn) tellCamera();
  else if (watching) watch();
  say(lens.isOn || watching ? "Painting." : "Ready.");
}

function lost() {
  wanted = null;
  $("start").disabled = !lens.isOn;
}

function problem(text) {
  if (text) say(text, true);
}

// The visitor's camera.

function tellCamera() {
  const [width, height] = lens.size;
  stage.mirrored = $("mirror").checked;
  link.tell({ type: "camera", width, height });
}

function size({ width, height }) {
  wanted = [width, height];
  send();
}

async function start(device) {
  watching = false;
  say("Waiting for the camera…");
  try {
    await lens.start(device);
  } catch (error) {
    return end(error.message, true);
  }
  if (!lens.isOn) return;
  $("mirror").checked = lens.facesUser;
  tellCamera();
  begin();
}

async function send() {
  if (!lens.isNew || wanted === null || watching || !link.mayTake) return;
  const { taken } = lens;
  const canvas = lens.take(...wanted);
  const jpeg = lens.jpeg();
  const kept = stage.wantsOriginal ? createImageBitmap(canvas) : null;
  link.send(link.reserve(taken, kept), await jpeg);
}

async function painted({ number, jpeg, age, taken, kept }) {
  const [painting, original] = await Promise.all([createImageBitmap(jpeg), kept]).catch(() => [null, null]);
  const isLate = number < lastShown && lastShown - number < 1000;
  if (painting === null || !(lens.isOn || watching) || isLate) {
    painting?.close();
    original?.close();
  } else {
    lastShown = number;
    stage.show(painting, original, watching ? age : performance.now() - taken);
  }
  if (watching) link.tell({ type: "shown", number });
  else send();
}

// The server's camera.

function watch() {
  lens.stop();
  watching = true;
  $("mirror").checked = stage.mirrored = false;
  const { width, height } = screen;
  link.tell({ type: "watch", width: Math.max(width, height, 1), height: Math.max(1, Math.min(width, height)) });
  if (stage.view !== "painting") choose("view", "painting");
  begin();
}

// Both.

let awake = null; // keeps the screen on

async function begin() {
  lastShown = 0;
  $("welcome").hidden = true;
  $("tools").hidden = false;
  $("views").disabled = watching;
  say(`Painting in the style of ${title(wishes.style)}.`);
  await listCameras();
  awake = await navigator.wakeLock?.request("screen").catch(() => null);
}

function end(words = "Stopped.", isBad = false) {
  const hadFocus = $("tools").contains(document.activeElement);
  lens.stop();
  watching = false;
  link.tell({ type: "camera", width: 4, height: 3 });
  stage.clear();
  awake?.release();
  $("welcome").hidden = false;
  $("welcome").classList.toggle("bad", isBad);
  $("welcome-text").textContent = isBad ? words : "Your camera's picture is painted by this server and comes straight back. Nothing is stored.";
  $("tools").hidden = $("camera-row").hidden = true;
  if (hadFocus) $("start").focus();
  say(words, isBad);
}

async function listCameras() {
  const cameras = await lens.cameras();
  const options = cameras.map(({ label, deviceId }, at) => new Option(label || `Camera ${at + 1}`, deviceId));
  if (hasServerCamera) options.push(new Option("The server's camera", SERVER));
  $("camera").replaceChildren(...options);
  $("camera").value = watching ? SERVER : lens.device;
  $("camera-row").hidden = options.length < 2;
}

function choose(name, value) {
  const field = document.querySelector(`input[name="${name}"][value="${value}"]`);
  field.checked = true;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function nextView() {
  const names = ["painting", "beside", "over"];
  if (!watching) choose("view", names[(names.indexOf(stage.view) + 1) % names.length]);
}

function mirror() {
  $("mirror").checked = !$("mirror").checked;
  stage.mirrored = $("mirror").checked;
}

function snapshot() {
  if ($("tools").hidden) return;
  stage.snapshot(`${wishes.style}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.png`);
  say("The snapshot is among your downloads.");
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("stage").requestFullscreen?.().catch(() => say("This browser shows no page in full screen.", true));
}

const KEYS = [
  [["n", "ArrowRight"], "n or →", "next style", () => wishes.step(1)],
  [["p", "ArrowLeft"], "p or ←", "previous style", () => wishes.step(-1)],
  [[..."12345678"], "1 to 8", "that style of the gallery", (key) => wishes.choose(Number(key) - 1)],
  [["+", "="], "+", "stronger", () => wishes.stronger(5)],
  [["-"], "-", "weaker", () => wishes.stronger(-5)],
  [["c"], "c", "keep the original's colours", () => wishes.toggleColours()],
  [["o"], "o", "painting, side by side, curtain", nextView],
  [["m"], "m", "mirror", mirror],
  [["s"], "s", "snapshot", snapshot],
  [["f"], "f", "full screen", fullScreen],
  [["h", "?"], "h", "this list", () => $("keys").showModal()],
];
const HELP = KEYS.at(-1)[0];

function keyed(event) {
  const { target, key } = event;
  if ($("keys").open && HELP.includes(key)) return $("keys").close(); // as it was opened
  const typing = target.closest?.("select, dialog, input[type=text]");
  const moves = key.startsWith("Arrow") && target.closest?.("input, [role=toolbar]");
  if (event.ctrlKey || event.altKey || event.metaKey || typing || moves || !$("keys-on").checked) return;
  const found = KEYS.find(([keys]) => keys.includes(key));
  if (!found) return;
  event.preventDefault();
  found[3](key);
}

$("key-list").replaceChildren(
  ...KEYS.flatMap(([, shown, words]) => {
    const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
    term.append(Object.assign(document.createElement("kbd"), { textContent: shown }));
    meaning.textContent = words;
    return [term, meaning];
  }),
);
$("start").addEventListener("click", () => start());
$("watch").addEventListener("click", watch);
$("stop").addEventListener("click", () => end());
$("snapshot").addEventListener("click", snapshot);
$("fullscreen").addEventListener("click", fullScreen);
$("help").addEventListener("click", () => $("keys").showModal());
$("camera").addEventListener("input", ({ target }) => (target.value === SERVER ? watch() : start(target.value)));
$("mirror").addEventListener("input", ({ target }) => (stage.mirrored = target.checked));
$("views").addEventListener("input", ({ target }) => {
  stage.view = target.value;
  if (target.value !== "painting") say(target.value === "beside" ? "Side by side." : "The curtain shows the original at its left.");
});
document.addEventListener("keydown", keyed);
link.open();
