/* The live connection of a page: one EventSource, a watchdog that makes a new one, and polling when
   streaming does not get through. Pages listen; nobody else talks to the server about the present. */
(function () {
  "use strict";
  /* A wall says that it lost the server within 10 s: the last tick may be a second old, as may the beat. */
  const LOST_AFTER_MS = 7500, REMAKE_EVERY_MS = 5000, FAILURES_BEFORE_POLLING = 3, POLL_EVERY_MS = 5000;
  const app = (window.citybrain = window.citybrain || {});
  const listeners = new Set();
  let source = null, started = false, failures = 0, heardAt = 0, madeAt = 0, polledAt = 0, polling = false;
  let snapshot = null, receivedAt = 0;

  function receive(text) {
    const next = JSON.parse(text);
    heardAt = performance.now();
    failures = 0;
    snapshot = next;
    receivedAt = heardAt;
    listeners.forEach((listen) => listen(next));
  }

  function make() {
    if (source) source.close();
    madeAt = performance.now();
    source = new EventSource("/stream");
    source.addEventListener("snapshot", (event) => receive(event.data));
    source.addEventListener("heartbeat", () => { heardAt = performance.now(); failures = 0; });
    source.onerror = () => { failures += 1; };
  }

  async function poll() {
    polledAt = performance.now();
    polling = true;
    try {
      const answer = await fetch("/api/v1/latest", { cache: "no-store" });
      if (answer.ok) receive(await answer.text());
    } catch (error) {
      failures += 1; /* still away: the watchdog asks again */
    } finally {
      polling = false;
    }
  }

  function watch() {
    const now = performance.now(), silent = now - heardAt > LOST_AFTER_MS;
    const closed = !source || source.readyState === EventSource.CLOSED;
    if ((silent || closed) && now - madeAt > REMAKE_EVERY_MS) { failures += 1; make(); }
    if (failures >= FAILURES_BEFORE_POLLING && !polling && now - polledAt > POLL_EVERY_MS) poll();
  }

  app.live = {
    start() {
      if (started) return;
      started = true;
      heardAt = performance.now();
      make();
      setInterval(watch, 1000);
      window.addEventListener("pagehide", () => source && source.close());
      window.addEventListener("pageshow", (event) => { if (event.persisted) make(); });
    },
    listen(listener) { listeners.add(listener); if (snapshot) listener(snapshot); return () => listeners.delete(listener); },
    latest: () => snapshot,
    lost: () => started && performance.now() - heardAt > LOST_AFTER_MS,
    sinceReceiptS: () => (receivedAt ? (performance.now() - receivedAt) / 1000 : null),
  };

  app.bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

  let geometry = null;
  app.geometry = (fresh) => {
    if (!geometry || fresh) {
      geometry = fetch("/api/v1/city").then((answer) => {
        if (!answer.ok) throw new Error("city: " + answer.status);
        return answer.json();
      });
      geometry.catch(() => { geometry = null; });
    }
    return geometry;
  };

  /* Dash draws after the scripts have run: `mount` is called for each new element of the selector. */
  app.onAppear = (selector, mount) => {
    const look = () => document.querySelectorAll(selector).forEach((element) => {
      if (!element.citybrainMounted) { element.citybrainMounted = true; mount(element); }
    });
    new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
    look();
  };
})();
