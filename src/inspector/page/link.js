/** One WebSocket that comes back by itself: both the calls and the feed are one. The token travels in the first message, never in an address. */
const retryMsMin = 400;
const retryMsMax = 8_000;

export class Failure extends Error {
  constructor({ code, message, retryable, details }) {
    super(message);
    this.code = code;
    this.retryable = retryable === true;
    this.details = details;
  }
}

/** What a socket needs: how it opens, what it does with a message, and what it tells about itself. */
export class Link {
  #path;
  #onOpen;
  #onMessage;
  #onState;
  #socket;
  #timer;
  #tries = 0;
  #stopped = true;

  constructor({ path, onOpen, onMessage, onState }) {
    this.#path = path;
    this.#onOpen = onOpen;
    this.#onMessage = onMessage;
    this.#onState = onState;
  }

  start() {
    this.#stopped = false;
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  /** Tries now instead of at the next turn. */
  again() {
    if (this.#stopped || this.#socket?.readyState === WebSocket.OPEN || this.#socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#connect();
  }

  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** To be called once the node has accepted the credential. */
  accepted() {
    this.#tries = 0;
    this.#onState({ kind: 'live' });
  }

  #connect() {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${this.#path}`);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#onOpen());
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#onMessage(JSON.parse(data));
    });
    socket.addEventListener('close', () => {
      if (socket !== this.#socket || this.#stopped) return;
      this.#tries++;
      // Spread out, so that a node that comes back is not met by all pages at once.
      const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(this.#tries - 1, 10)) * (0.75 + Math.random() / 2);
      this.#onState({ kind: 'away', tries: this.#tries, nextAt: Date.now() + waitMs });
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#connect(), waitMs);
    });
  }
}

/** JSON-RPC over a link: calls with answers, and notifications. */
export class Calls {
  #link;
  #token;
  #waiting = new Map();
  #lastId = 0;
  #onNotification;
  #onOpened;
  #onRefused;
  #onState;

  constructor({ token, onNotification, onOpened, onRefused, onState }) {
    this.#token = token;
    this.#onNotification = onNotification;
    this.#onOpened = onOpened;
    this.#onRefused = onRefused;
    this.#onState = onState;
    this.#link = new Link({
      path: '/v1/ws',
      onOpen: () => void this.#open(),
      onMessage: (message) => this.#take(message),
      onState: (state) => {
        if (state.kind === 'away') this.#failAll();
        this.#onState(state);
      },
    });
  }

  start() {
    this.#link.start();
  }

  stop() {
    this.#link.stop();
    this.#failAll();
  }

  again() {
    this.#link.again();
  }

  /** Calls a method. Rejects with a `Failure`. */
  call(method, params = {}) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      if (this.#link.send({ jsonrpc: '2.0', id, method, params })) return;
      this.#waiting.delete(id);
      reject(new Failure({ code: 'connection_lost', message: 'the page is not connected; it tries again by itself', retryable: true }));
    });
  }

  async #open() {
    const token = this.#token();
    try {
      const opened = await this.call('connection.open', { version: 1, ...(token ? { token } : {}) });
      this.#link.accepted();
      this.#onOpened(opened);
    } catch (failure) {
      if (failure.code === 'connection_lost') return;
      this.#link.stop();
      this.#onRefused(failure);
    }
  }

  #take(message) {
    if (message.method !== undefined) return this.#onNotification(message.method, message.params);
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(message.id);
    if (message.error === undefined) return waiting.resolve(message.result);
    const { message: text, data } = message.error;
    return waiting.reject(new Failure({ code: data?.code ?? 'internal', message: text, retryable: data?.retryable, details: data?.details }));
  }

  #failAll() {
    for (const { reject } of this.#waiting.values())
      reject(new Failure({ code: 'connection_lost', message: 'the connection ended before the answer', retryable: true }));
    this.#waiting.clear();
  }
}
