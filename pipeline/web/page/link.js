// The WebSocket to the painter. What is said over it is described in wire.py.

const HEADER = 12; // bytes before a painted frame's JPEG
const MOST_OUT = 3; // frames that are sent and not yet answered
const LOST = 3000; // ms after which an answer is not waited for any longer
const PAUSES = [500, 1000, 2000, 5000]; // ms before connecting again

// Codes of closing, after which connecting again at once is of no use.
const FINAL = new Set([1008, 1007, 1009]);
const FULL = 4000;
const IDLE = 4001;

export class Link {
  // on: hello(message), size(message), painted(frame), problem(text), state(text, isBad), lost()
  constructor(on) {
    this.on = on;
    this.out = new Map(); // frames that are under way, by number
    this.number = 0;
    this.failures = 0;
    this.forget();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.socket === null) this.open();
    });
  }

  forget() {
    this.out.clear();
    this.limit = 1;
    this.away = null; // ms that a frame is neither waiting nor painted: coding here, and the network
    this.busy = null; // ms that painting takes, waiting for others included
  }

  open() {
    clearTimeout(this.later);
    const address = new URL("live", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.told(JSON.parse(data)) : this.painted(data));
    socket.onclose = (event) => this.closed(event);
    this.socket = socket;
  }

  get isOpen() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  tell(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
  }

  // Whether another frame may be sent: never more are under way than keep the painter busy.
  get mayTake() {
    const now = performance.now();
    for (const [number, frame] of this.out) if (now - frame.sent > LOST) this.out.delete(number);
    return this.isOpen && this.out.size < this.limit;
  }

  // A frame that is to be sent soon has its place from now on. kept: whatever is wanted again with its painting.
  reserve(taken, kept) {
    const number = (this.number = (this.number + 1) >>> 0);
    this.out.set(number, { sent: performance.now(), taken, kept });
    return number;
  }

  send(number, jpeg) {
    if (!this.isOpen || jpeg === null) return void this.out.delete(number);
    const head = new DataView(new ArrayBuffer(4));
    head.setUint32(0, number, true);
    this.socket.send(new Blob([head, jpeg]));
  }

  told(message) {
    if (message.type === "hello") {
      this.failures = 0;
      this.forget();
      this.on.hello(message);
    } else if (message.type === "size") this.on.size(message);
    else if (message.type === "problem") this.on.problem(message.text);
    else if (message.type === "dropped") this.out.delete(message.number);
  }

  painted(data) {
    const head = new DataView(data, 0, HEADER);
    const number = head.getUint32(0, true);
    const [waited, worked, age, dropped] = [4, 6, 8, 10].map((at) => head.getUint16(at, true));
    const jpeg = new Blob([new Uint8Array(data, HEADER)], { type: "image/jpeg" });
    const sent = this.out.get(number);
    this.out.delete(number);
    if (sent) this.weigh(performance.now() - sent.sent - waited - worked, worked);
    this.on.painted({ number, jpeg, age, dropped, taken: sent?.taken, kept: sent?.kept });
  }

  // A second frame is sent ahead where half of the time or more would pass without the painter having one.
  weigh(away, busy) {
    const mean = (before, now) => (before === null ? now : before + 0.1 * (now - before));
    this.away = mean(this.away, Math.max(0, away));
    this.busy = mean(this.busy, busy);
    this.limit = Math.max(1, Math.min(MOST_OUT, Math.round(1 + this.away / Math.max(1, this.busy))));
  }

  closed({ code, reason }) {
    this.socket = null;
    this.forget();
    this.on.lost();
    if (FINAL.has(code)) return this.on.state(`The server has closed the connection: ${reason}. Reload to go on.`, true);
    if (code === IDLE && document.hidden) return this.on.state("Paused.", false);
    const pause = PAUSES[Math.min(this.failures++, PAUSES.length - 1)];
    if (code === FULL) this.on.state(`${reason}. Waiting for a free one…`, true);
    else this.on.state("The connection to the painter is lost. Trying again…", true);
    this.later = setTimeout(() => this.open(), code === FULL ? 5000 : pause);
  }
}
