// Mary reads her mail with imapflow while Bob sends her some with nodemailer.

import assert from "node:assert/strict";
import { once } from "node:events";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";

const { security, imap, smtp, mary, bob, password } = JSON.parse(process.argv[2]);
const implicit = security === "implicit";
const starttls = security === "starttls";

const client = new ImapFlow({
  host: "localhost",
  port: imap,
  secure: implicit,
  doSTARTTLS: implicit ? undefined : starttls,
  auth: { user: mary, pass: password },
  logger: false,
});

const transport = createTransport({
  host: "localhost",
  port: smtp,
  secure: implicit,
  ignoreTLS: !starttls,
  requireTLS: starttls,
  name: "laptop.example",
  auth: { user: bob, pass: password },
});

async function hearsOfNewMail() {
  const lock = await client.getMailboxLock("INBOX");
  const before = client.mailbox.exists;
  const idling = client.idle();
  const heard = once(client, "exists", { signal: AbortSignal.timeout(20_000) });
  const sent = await transport.sendMail({
    from: bob,
    to: mary,
    subject: "Grüße",
    text: "Dear Mary\n.\n..dots\n",
    attachments: [{ filename: "ß.bin", content: Buffer.from([0, 13, 10, 255]) }],
  });
  assert.deepEqual([sent.accepted, sent.rejected], [[mary], []]);
  assert.equal((await heard)[0].count, before + 1);
  const message = await client.fetchOne("*", { uid: true, envelope: true, bodyStructure: true });
  await idling;
  assert.equal(message.envelope.subject, "Grüße");
  assert.equal(message.envelope.from[0].address, bob);
  assert.equal(message.envelope.messageId, sent.messageId);
  assert.equal(message.bodyStructure.type, "multipart/mixed");
  const text = await download(message.uid, "1");
  assert.equal(text.toString(), "Dear Mary\r\n.\r\n..dots\r\n");
  assert.deepEqual(await download(message.uid, "2"), Buffer.from([0, 13, 10, 255]));
  lock.release();
  return message.uid;
}

async function download(uid, part) {
  const { content } = await client.download(String(uid), part, { uid: true });
  return Buffer.concat(await content.toArray());
}

async function filesMail(uid) {
  const folders = new Map((await client.list()).map((folder) => [folder.path, folder.specialUse]));
  assert.equal(folders.get("Trash"), "\\Trash");
  assert.equal(folders.get("INBOX"), "\\Inbox");
  await client.mailboxCreate("Grüße & mehr");
  const lock = await client.getMailboxLock("INBOX");
  const one = { uid: true };
  assert(await client.messageFlagsAdd(String(uid), ["\\Flagged", "$Later"], one));
  assert.deepEqual(await client.search({ flagged: true, keyword: "$Later" }, one), [uid]);
  assert((await client.messageCopy(String(uid), "Grüße & mehr", one)).uidMap.has(uid));
  assert((await client.messageMove(String(uid), "Trash", one)).uidMap.has(uid));
  assert.deepEqual(await client.search({ uid: String(uid) }, one), []);
  lock.release();
  const date = new Date("2026-02-28T23:59:58Z");
  const { uid: appended } = await client.append("Grüße & mehr", "a: b\r\n\r\nc\r\n", ["\\Seen"], date);
  const there = await client.getMailboxLock("Grüße & mehr");
  const found = await client.fetchOne(String(appended), { source: true, flags: true, internalDate: true }, one);
  assert.equal(found.source.toString(), "a: b\r\n\r\nc\r\n");
  assert(found.flags.has("\\Seen"));
  assert.equal(found.internalDate.getTime(), date.getTime());
  assert(await client.messageDelete("1:*"));
  assert.equal(client.mailbox.exists, 0);
  there.release();
  assert.equal((await client.status("Trash", { messages: true })).messages, 1);
  await client.mailboxDelete("Grüße & mehr");
  const trash = await client.getMailboxLock("Trash");
  assert(await client.messageDelete("1:*"));
  trash.release();
}

await client.connect();
await filesMail(await hearsOfNewMail());
await client.logout();
transport.close();
