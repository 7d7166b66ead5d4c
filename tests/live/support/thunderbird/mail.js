// What a person does in Thunderbird, done with the program's own modules.

const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const { NetUtil } = ChromeUtils.importESModule("resource://gre/modules/NetUtil.sys.mjs");
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");

function setup(name, file = name) {
  return ChromeUtils.importESModule(`resource:///modules/accountcreation/${file}.sys.mjs`)[name];
}

// Take a server for what is at the ports 80 and 443 of every host, and trust its CA. A program that
// still starts would log in to accounts that it finds then.
async function reach(http, https, pem) {
  await Services.wm.getMostRecentWindow("mail:3pane").delayedStartupPromise;
  Services.prefs.setCharPref("network.socket.forcePort", `80=${http};443=${https}`);
  trust(pem);
}

// Accounts.

// Look where Thunderbird looks for the settings of an address; or ask for those of one mode.
async function settings(address, mode) {
  const domain = address.split("@")[1];
  if (mode === null) {
    return setup("FetchConfig").fromISP(domain, address, new AbortController().signal);
  }
  const url = `http://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`;
  const urlArgs = { emailaddress: address, mode };
  return setup("readFromXML")(await setup("fetchHTTP", "FetchHTTP")(url, { urlArgs }), "isp-http");
}

// Set up an account with what autoconfig says, log in to see whether it is right, and keep it.
async function setUp(address, password, type, mode, auth = "passwordCleartext") {
  const config = await settings(address, mode);
  const offered = [config.incoming, ...config.incomingAlternatives];
  config.incoming = offered.find((one) => one.type === type);
  config.incoming.leaveMessagesOnServer = false;
  config.incoming.auth = config.outgoing.auth = Ci.nsMsgAuthMethod[auth];
  config.rememberPassword = true;
  setup("AccountConfig").replaceVariables(config, address, address, password);
  await new (setup("ConfigVerifier"))(null, new AbortController().signal).verifyConfig(config, false);
  return (await setup("CreateInBackend").createAccountInBackend(config)).key;
}

// Log in once to a server that no account has, as "Get Messages" would.
async function logIn(type, port, socketType, user, password) {
  const server = MailServices.accounts.createIncomingServer(user, "localhost", type);
  Object.assign(server, { port, password, authMethod: Ci.nsMsgAuthMethod.passwordCleartext });
  server.socketType = Ci.nsMsgSocketType[socketType];
  const ended = Promise.withResolvers();
  const listener = {
    QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
    OnStartRunningUrl() {},
    OnStopRunningUrl: (url, status) => checked(status, "logging in", ended),
  };
  server.verifyLogon(listener, null);
  return ended.promise;
}

// Send a message by a server that no account has, to its own user. Who is asked what to do about a
// login that was refused presses "Cancel".
async function sendBy(port, socketType, username, password) {
  Services.prompt = { confirmEx: () => 1 };
  const server = MailServices.outgoingServer.createServer("smtp").QueryInterface(Ci.nsISmtpServer);
  Object.assign(server, { hostname: "localhost", port, username, password });
  Object.assign(server, { authMethod: Ci.nsMsgAuthMethod.passwordCleartext });
  server.socketType = Ci.nsMsgSocketType[socketType];
  const identity = MailServices.accounts.createIdentity();
  identity.email = username;
  const file = Services.dirsvc.get("TmpD", Ci.nsIFile);
  file.append("message.eml");
  file.createUnique(Ci.nsIFile.NORMAL_FILE_TYPE, 0o600);
  await IOUtils.writeUTF8(file.path, `To: ${username}\r\n\r\nHello\r\n`);
  const recipients = MailServices.headerParser.makeFromDisplayAddress(username);
  const ended = Promise.withResolvers();
  const listener = {
    QueryInterface: ChromeUtils.generateQI(["nsIMsgOutgoingListener"]),
    onSendStart() {},
    onSendStop: (uri, status) => checked(status, "sending", ended),
  };
  server.sendMailMessage(
    ...[file, recipients, [], identity, username, password, null, false, "<1@localhost>", listener],
  );
  return ended.promise.finally(() => file.remove(false));
}

// Trust a CA, as Settings > Certificates > Import does.
function trust(pem) {
  const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
  certificates.addCertFromBase64(pem.replace(/-----.*-----|\s/g, ""), "C,,");
}

function account(key) {
  return MailServices.accounts.getAccount(key);
}

// Forget all accounts and passwords, and hang up.
async function forget() {
  for (const one of MailServices.accounts.accounts) {
    one.incomingServer.closeCachedConnections();
    MailServices.accounts.removeAccount(one, true);
  }
  for (const one of MailServices.outgoingServer.servers) {
    MailServices.outgoingServer.deleteServer(one);
  }
  await Services.logins.removeAllLoginsAsync();
}

// Folders and messages.

async function until(find) {
  let found;
  while (!(found = find())) await new Promise((resolve) => setTimeout(resolve, 20));
  return found;
}

function folderAt(key, name) {
  const root = account(key).incomingServer.rootFolder;
  return until(() => root.containsChildNamed(name) && root.getChildNamed(name));
}

// The names of an account's folders.
async function folders(key) {
  await folderAt(key, "Trash");
  return account(key).incomingServer.rootFolder.descendants.map((one) => one.name);
}

function newest(folder) {
  return [...folder.messages].reduce((one, other) => (one.messageKey > other.messageKey ? one : other));
}

function checked(status, what, { resolve, reject }) {
  if (Components.isSuccessCode(status)) resolve();
  else reject(new Error(`${what}: status 0x${status.toString(16)}`));
}

// Take what is in a maildrop.
async function fetchMail(key) {
  const ended = Promise.withResolvers();
  (await folderAt(key, "Inbox")).getNewMessages(null, {
    QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
    OnStartRunningUrl() {},
    OnStopRunningUrl: (url, status) => checked(status, "fetching", ended),
  });
  return ended.promise;
}

// Open a folder, wait until a message of that subject is there, and return it as it came.
async function open(key, name, subject) {
  (await folderAt(key, name)).updateFolder(null);
  return comes(key, name, subject);
}

// Wait until a message of that subject has come by itself, and return it as it came.
async function comes(key, name, subject) {
  const folder = await folderAt(key, name);
  const ofSubject = (header) => header.mime2DecodedSubject === subject;
  const uri = folder.getUriForMsg(await until(() => [...folder.messages].find(ofSubject)));
  const ended = Promise.withResolvers();
  let octets = "";
  const listener = {
    QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]),
    onStartRequest() {},
    onDataAvailable(request, stream, offset, count) {
      octets += NetUtil.readInputStreamToString(stream, count);
    },
    onStopRequest: (request, status) => checked(status, `reading ${uri}`, ended),
  };
  const service = MailServices.messageServiceFromURI(uri);
  service.streamMessage(uri, listener, null, null, false, "", false);
  await ended.promise;
  return new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0)));
}

// File the newest message of the inbox: read, starred, copied, archived and thrown away there.
async function file(key, name) {
  const inbox = await folderAt(key, "INBOX");
  const archive = await folderAt(key, "Archive");
  const subject = newest(inbox).mime2DecodedSubject;
  inbox.markMessagesRead([newest(inbox)], true);
  inbox.markMessagesFlagged([newest(inbox)], true);
  account(key).incomingServer.rootFolder.createSubfolder(name, null);
  await copy(inbox, await folderAt(key, name), false);
  await open(key, name, subject);
  await copy(inbox, archive, true);
  await open(key, "Archive", subject);
  archive.deleteMessages([newest(archive)], null, false, false, null, false);
  await open(key, "Trash", subject);
}

async function copy(folder, destination, move) {
  const ended = Promise.withResolvers();
  const listener = {
    QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
    onStartCopy() {},
    onProgress() {},
    setMessageKey() {},
    getMessageId() {},
    onStopCopy: (status) => checked(status, `copying to ${destination.name}`, ended),
  };
  MailServices.copy.copyMessages(folder, [newest(folder)], destination, move, listener, null, false);
  return ended.promise;
}

// Send a message, of which a copy goes into the folder Sent.
async function send(key, to, subject, body) {
  const identity = account(key).defaultIdentity;
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(
    Ci.nsIMsgCompFields,
  );
  Object.assign(fields, { from: identity.email, to, subject });
  const ended = Promise.withResolvers();
  const listener = {
    QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener", "nsIMsgCopyServiceListener"]),
    onStartSending() {},
    onSendProgress() {},
    onStatus() {},
    onGetDraftFolderURI() {},
    onTransportSecurityError() {},
    onSendNotPerformed: () => ended.reject(new Error("nothing was sent")),
    onStopSending(id, status) {
      if (!Components.isSuccessCode(status)) checked(status, "sending", ended);
    },
    onStartCopy() {},
    onProgress() {},
    setMessageKey() {},
    getMessageId() {},
    onStopCopy: (status) => checked(status, "keeping a copy", ended),
  };
  const { nsMsgDeliverNow } = Ci.nsIMsgSend;
  const message = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
  message.createAndSendMessage(
    ...[null, identity, key, fields, false, false, nsMsgDeliverNow, null, "text/plain", body],
    ...[null, null, listener, "", "", Ci.nsIMsgCompType.New],
  );
  return ended.promise;
}
