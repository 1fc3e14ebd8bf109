// Asking the API, and following what happens.

const KEY = "placer-token";

export class Problem extends Error {
  constructor(status, told) {
    super([told.detail ?? told.title ?? `status ${status}`, ...(told.errors ?? []).map((error) => `${error.pointer}: ${error.detail}`)].join("\n"));
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

function headers(more) {
  const known = token.get();
  return known ? { ...more, Authorization: `Bearer ${known}` } : more;
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: headers(options.headers ?? {}), cache: "no-cache", credentials: "omit" });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

export const get = async (path) => (await ask(path)).json();
export const picture = async (path) => (await ask(path)).blob();

export async function post(path, body) {
  const options = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return (await ask(path, { method: "POST", ...options })).json();
}

// Server-sent events by fetch, since EventSource sends no token. After a break it goes on where it was.
export async function follow(onEvent, onState) {
  let last = null;
  let pause = 1000;
  for (;;) {
    try {
      const sent = { Accept: "text/event-stream", ...(last === null ? {} : { "Last-Event-ID": last }) };
      const answer = await ask("/v1/events", { headers: sent });
      onState("live");
      pause = 1000;
      for await (const event of events(answer.body)) {
        if (event.id !== undefined) last = event.id;
        if (event.data !== undefined) onEvent(JSON.parse(event.data));
      }
      onState("reconnecting");
    } catch (problem) {
      if (problem.status === 401) return onState("signed out");
      onState("reconnecting");
    }
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 30000);
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split("\n")) {
        const at = line.indexOf(":");
        if (at > 0) event[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
      }
      yield event;
    }
  }
}
