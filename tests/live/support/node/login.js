// Logs in once, with imapflow, node-pop3 or nodemailer, and leaves.

import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import Pop3 from "node-pop3";

const { protocol, security, care, port, user, password } = JSON.parse(process.argv[2]);
const secure = security === "implicit";
const insists = care !== "IF_OFFERED";
const tls = { rejectUnauthorized: care !== "ANY_SERVER" };

const logIn = {
  async IMAP() {
    const doSTARTTLS = secure || !insists ? undefined : true;
    const auth = { user, pass: password };
    const client = new ImapFlow({ host: "localhost", port, secure, doSTARTTLS, auth, tls, logger: false });
    client.on("error", () => {}); // what `connect` throws, too
    await client.connect();
    await client.logout();
  },
  async POP3() {
    const client = new Pop3({ host: "localhost", port, user, password, tls: secure, tlsOptions: tls, servername: "localhost" });
    await client.STAT();
    await client.QUIT();
  },
  async SMTP() {
    const auth = { user, pass: password };
    const transport = createTransport({ host: "localhost", port, secure, requireTLS: insists && !secure, auth, tls });
    await transport.verify();
    transport.close();
  },
};

await logIn[protocol]();
