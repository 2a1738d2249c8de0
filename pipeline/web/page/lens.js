// The visitor's camera: its newest frame, whenever one is wanted.

const WORDS = {
  NotAllowedError:
    "The camera was refused. Allow it for this page in the browser's address bar, then start it again.",
  NotFoundError: "This device has no camera. Connect one, then start it again.",
  NotReadableError: "The camera can't be opened: another program may be using it. Close that, then start it again.",
  OverconstrainedError: "That camera is not there any longer. Choose another.",
};
const INSECURE = "Browsers give a camera to pages over HTTPS alone. Start the server with a certificate and a key.";
const QUALITY = 0.8; // of the JPEG that is sent

export class Lens {
  // on: frame(now): a new one is there; ended(): the camera was taken away
  constructor(video, on) {
    this.video = video;
    this.on = on;
    this.canvas = document.createElement("canvas");
    this.pen = this.canvas.getContext("2d", { alpha: false });
    this.stream = null;
    this.taken = 0; // when the newest frame was taken, by performance.now
    this.isNew = false; // whether nobody has taken it yet
    this.run = 0;
  }

  get isOn() {
    return this.stream !== null;
  }

  // Throws an Error whose message is for the visitor.
  async start(device) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error(INSECURE);
    const wanted = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    const video = { ...wanted, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    this.stop();
    const run = ++this.run;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      throw new Error(WORDS[error.name] ?? `The camera can't be opened (${error.message || error.name}).`);
    }
    if (run !== this.run) return stream.getTracks().forEach((track) => track.stop());
    this.stream = stream;
    this.track = stream.getVideoTracks()[0];
    this.track.addEventListener("ended", () => {
      if (this.stream !== stream) return;
      this.stop();
      this.on.ended();
    });
    this.video.srcObject = stream;
    await this.video.play();
    this.listen(run);
  }

  stop() {
    this.run++;
    this.isNew = false;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  listen(run) {
    const came = (now, about) => {
      if (run !== this.run) return;
      this.taken = about?.captureTime ?? now;
      this.isNew = true;
      this.on.frame();
      next();
    };
    const next = () =>
      this.video.requestVideoFrameCallback
        ? this.video.requestVideoFrameCallback(came)
        : requestAnimationFrame((now) => came(now));
    next();
  }

  get size() {
    return [this.video.videoWidth, this.video.videoHeight];
  }

  // Whether the camera looks at who looks at it, as far as it says.
  get facesUser() {
    return (this.track?.getSettings().facingMode ?? "user") === "user";
  }

  get device() {
    return this.track?.getSettings().deviceId;
  }

  // Draw the middle of the newest frame in a size, in px.
  take(width, height) {
    const [across, down] = this.size;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const scale = Math.max(width / across, height / down);
    const [w, h] = [width / scale, height / scale];
    this.pen.drawImage(this.video, (across - w) / 2, (down - h) / 2, w, h, 0, 0, width, height);
    this.isNew = false;
    return this.canvas;
  }

  jpeg() {
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
  }

  async cameras() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    return all.filter((device) => device.kind === "videoinput");
  }
}
