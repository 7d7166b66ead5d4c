// A test in Node.js, with nothing but what comes with it: run by `node --test`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { connect } from "node:tls";

async function start() {
  const home = await mkdtemp(join(tmpdir(), "mailauth-"));
  const options = ["--ephemeral", "--ready-json", "--exit-with-stdin", "--home", home];
  const server = spawn("mailauth", ["serve", ...options]); // ends when its stdin, a pipe, ends
  const [line] = await once(createInterface(server.stdout), "line");
  const ready = JSON.parse(line);
  const headers = { Authorization: `Bearer ${ready.api_token}` };
  return {
    ca: await readFile(join(home, ready.ca)),
    port: (name) => ready.listeners.find((one) => one.name === name).port,
    ask: async (path, method = "GET") =>
      (await fetch(new URL(`/api/v1/${path}`, ready.console), { headers, method })).json(),
    async stop() {
      server.kill();
      await once(server, "exit");
      await rm(home, { recursive: true });
    },
  };
}

test("a client logs in over TLS, and its password is not exposed", async () => {
  const mailauth = await start();
  try {
    const { cursor } = await mailauth.ask("reset", "POST");
    const client = connect({ host: "localhost", port: mailauth.port("imaps"), ca: mailauth.ca });
    client.write("a LOGIN bob@mydomain.com secret\r\n");
    const { attempts } = await mailauth.ask(`attempts?after=${cursor}&wait=30`);
    client.destroy();
    assert.equal(attempts.length, 1);
    assert.equal(attempts[0].result, "success");
    assert.equal(attempts[0].secure, true);
    assert.equal(attempts[0].exposed, false);
  } finally {
    await mailauth.stop();
  }
});
