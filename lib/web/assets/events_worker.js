// A shared worker: one event stream for all tabs, since HTTP/1.1 has six connections for one server.
// Without a visible tab there is no stream.

const EVENTS = ["begin", "decision", "lists"];
const visible = new Set();
let source;

function open() {
  source = new EventSource(new URL("api/v1/events", self.location));
  for (const event of EVENTS) {
    source.addEventListener(event, () => {
      for (const port of visible) port.postMessage(event);
    });
  }
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data === "show") {
      visible.add(port);
      // A stream that the server refused stays closed.
      if (source === undefined || source.readyState === EventSource.CLOSED) open();
      // The stream began before this tab came.
      else port.postMessage("begin");
    } else {
      visible.delete(port);
      if (visible.size > 0) return;
      source?.close();
      source = undefined;
    }
  };
};
