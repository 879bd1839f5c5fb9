// Loaded before kinesis-local, which would listen on all addresses: it gets 127.0.0.1, a free port,
// and says which one. Of its two servers the one with TLS is not said: nothing uses it.
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...more) {
  if (String(port) === process.env.KINESIS_MOCK_PLAIN_PORT) {
    this.once("listening", () => console.log(`plain port ${this.address().port}`));
  }
  const whenListening = more.filter((argument) => typeof argument === "function");
  return listen.call(this, 0, "127.0.0.1", ...whenListening);
};
