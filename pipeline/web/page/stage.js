// What is on screen: the painting, the original that it was painted from, and how fast that goes.

const WINDOW = 2000; // ms over which frames and delays are counted
const OFTEN = 500; // ms between two readings of the meter

const $ = (id) => document.getElementById(id);

export class Stage {
  // measured(ms): the delay of late, in the middle
  constructor(measured) {
    this.measured = measured;
    this.frames = $("frames");
    this.pens = { painted: $("painted").getContext("2d"), original: $("original").getContext("2d") };
    this.shown = []; // [time, delay] of what was shown of late, ms
    this.read = 0;
    $("curtain").addEventListener("input", () => this.cut());
    this.cut();
  }

  get view() {
    return this.frames.dataset.view;
  }

  set view(name) {
    this.frames.dataset.view = name;
    $("curtain").hidden = name !== "over";
  }

  set mirrored(yes) {
    this.frames.classList.toggle("mirrored", yes);
  }

  // Whether the original of each painting is wanted.
  get wantsOriginal() {
    return this.view !== "painting";
  }

  cut() {
    this.frames.style.setProperty("--cut", `${$("curtain").value}%`);
  }

  // A painting, with the picture it was painted from, if that is known; both are closed.
  show(painting, original, delay) {
    this.draw("painted", painting);
    if (original) this.draw("original", original);
    const now = performance.now();
    this.shown.push([now, delay]);
    while (now - this.shown[0][0] > WINDOW) this.shown.shift();
    if (now - this.read > OFTEN) this.meter(now, painting);
    painting.close();
    original?.close();
  }

  draw(name, picture) {
    const { canvas } = this.pens[name];
    const { width, height } = picture;
    if (canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      $("stage").style.setProperty("--shape", `${width}/${height}`);
    }
    this.pens[name].drawImage(picture, 0, 0);
  }

  meter(now, { width, height }) {
    this.read = now;
    const spent = now - this.shown[0][0];
    const delays = this.shown.map(([, delay]) => delay).sort((a, b) => a - b);
    $("fps").textContent = spent > 0 ? Math.round(((this.shown.length - 1) * 1000) / spent) : 0;
    const delay = Math.round(delays[delays.length >> 1]);
    $("delay").textContent = delay;
    this.measured(Math.max(0, Math.min(60_000, delay)));
    $("size").textContent = `${width}×${height}`;
    $("meter").hidden = false;
  }

  clear() {
    for (const { canvas } of Object.values(this.pens)) canvas.width = canvas.height = 1;
    this.shown = [];
    this.read = 0;
    $("meter").hidden = true;
  }

  // The painting as a file, mirrored as it is shown.
  async snapshot(name) {
    const { canvas } = this.pens.painted;
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const pen = copy.getContext("2d");
    if (this.frames.classList.contains("mirrored")) pen.setTransform(-1, 0, 0, 1, copy.width, 0);
    pen.drawImage(canvas, 0, 0);
    const file = await new Promise((done) => copy.toBlob(done, "image/png"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
