// Follows /v1/stream by fetch, because EventSource cannot send a token in a header.
// Comes back by itself, with the id of the last event, ever more slowly up to a bound; silence for
// longer than two heartbeats counts as a lost connection.

const SILENCE_MS = 40_000;
const WAIT_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

export function follow(token, language, on) {
  let last = null;
  let tries = 0;
  let stopped = false;
  let hangUp = new AbortController();

  async function connect() {
    hangUp = new AbortController();
    const headers = { Authorization: `Bearer ${token}`, "Accept-Language": language() };
    if (last !== null) headers["Last-Event-ID"] = last;
    const answer = await fetch("/v1/stream", { headers, cache: "no-store", signal: hangUp.signal });
    if (!answer.ok) {
      const problem = await answer.json();
      if (answer.status < 500) {
        stopped = true;
        on.refused(problem);
      }
      return;
    }
    await read(answer.body.pipeThrough(new TextDecoderStream()).getReader());
  }

  async function read(reader) {
    let rest = "";
    for (;;) {
      const silence = setTimeout(() => hangUp.abort(), SILENCE_MS);
      const { value, done } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) if (await take(block)) return;
    }
  }

  async function take(block) {
    let event = "message";
    let data = "";
    for (const line of block.split("\n")) {
      const [, field, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
      if (field === "id") last = value;
      else if (field === "event") event = value;
      else if (field === "data") data += value;
    }
    tries = 0;
    if (event === "ready") await on.ready();
    else if (event === "reset") await on.reset();
    else if (event === "alert") on.alert(JSON.parse(data));
    return event === "end";
  }

  (async () => {
    while (!stopped) {
      try {
        await connect();
      } catch (error) {
        if (error.refusal) {
          stopped = true;
          on.refused(error.refusal);
        }
      }
      if (stopped) return;
      on.away();
      await new Promise((go) => setTimeout(go, WAIT_MS[Math.min(tries++, WAIT_MS.length - 1)]));
    }
  })();

  return () => {
    stopped = true;
    hangUp.abort();
  };
}
