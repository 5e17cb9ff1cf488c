// Calls back for each event of the server while the page is visible.

const EVENTS = ["begin", "decision", "lists"];

/** All tabs share a stream in a worker; browsers without shared workers have one in each visible tab. */
function connect(prefix, notify) {
  try {
    const { port } = new SharedWorker(`${prefix}/events_worker.js`, "greylag");
    port.onmessage = notify;
    return { open: () => port.postMessage("show"), close: () => port.postMessage("hide") };
  } catch {
    let source;
    return {
      open() {
        if (source !== undefined && source.readyState !== EventSource.CLOSED) return;
        source = new EventSource(`${prefix}/api/v1/events`);
        for (const event of EVENTS) source.addEventListener(event, notify);
      },
      close() {
        source?.close();
        source = undefined;
      },
    };
  }
}

/** Returns a function that switches the events on or off. */
export function listen(prefix, notify) {
  const stream = connect(prefix, notify);
  let isOn = false;
  const update = () => isOn && !document.hidden ? stream.open() : stream.close();
  document.addEventListener("visibilitychange", update);
  // Also for a page that the browser keeps for its back button.
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", ({ persisted }) => persisted && update());
  return (on) => {
    isOn = on;
    update();
  };
}
