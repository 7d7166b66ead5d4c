// Mary takes the newest message from her maildrop with node-pop3, which prints it.

import assert from "node:assert/strict";
import { connect } from "node:tls";
import Pop3 from "node-pop3";

const { security, port, user, password } = JSON.parse(process.argv[2]);
const client = new Pop3({ host: "localhost", port, user, password, tls: security === "implicit" });

// node-pop3 has no STLS; its listeners move to the connection that goes on with TLS.
async function stls() {
  await client.connect();
  await client.command("STLS");
  const plain = client._socket;
  const secure = connect({ socket: plain, servername: "localhost" });
  for (const event of ["data", "error", "close", "end"]) {
    for (const listener of plain.rawListeners(event)) {
      if (event === "data") plain.off(event, listener);
      secure.on(event, listener);
    }
  }
  client._socket = secure;
  await client.command("USER", user);
  await client.command("PASS", password);
}

if (security === "starttls") await stls();
const [count, octets] = (await client.STAT()).split(" ").map(Number);
const sizes = await client.LIST();
assert.equal(sizes.length, count);
assert.equal(sizes.reduce((sum, [, size]) => sum + Number(size), 0), octets);
assert.equal((await client.UIDL()).length, count);
assert.match(await client.TOP(count, 0), /^Subject: Dots$/m);
const message = await client.RETR(count);
await client.DELE(count);
await client.RSET();
await client.NOOP();
await client.DELE(count);
await client.QUIT();
process.stdout.write(message);
