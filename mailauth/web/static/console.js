"use strict";
// What a page does beyond being read. Without this script everything is still there.

document.documentElement.classList.add("js");

if (matchMedia("(max-width: 56rem)").matches) {
  document.querySelector(".menu")?.removeAttribute("open");
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}

const log = document.querySelector(".log");
if (log) log.scrollTop = log.scrollHeight;

// A page that shows the current state is fetched again while somebody may be looking at it.

const refreshed = document.querySelector("[data-refresh]");
if (refreshed) setInterval(refresh, 1000 * Number(refreshed.dataset.refresh));

async function refresh() {
  const shown = document.getElementById("page");
  if (document.hidden || shown.contains(document.activeElement)) return;
  let fresh;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    fresh = page.getElementById("page");
    if (!answer.ok) return;
  } catch {
    return; // the server is away; the next time, perhaps
  }
  if (fresh === null) {
    location.reload(); // the session has ended
    return;
  }
  const open = [...shown.querySelectorAll("details")].map((details) => details.open);
  [...fresh.querySelectorAll("details")].forEach((details, at) => { details.open = open[at] ?? false; });
  shown.replaceWith(fresh);
}

// The live page goes on where the server's page ends. Text is only ever set as text.

const SHOWN = 200;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function follow(place) {
  const pulse = document.getElementById("pulse");
  const source = new EventSource(place.dataset.stream);
  source.addEventListener("open", () => { pulse.hidden = false; });
  source.addEventListener("error", () => { pulse.hidden = true; });
  for (const kind of ["login", "connection", "client", "account"]) {
    source.addEventListener(kind, (message) => show(JSON.parse(message.data)));
  }
}

function show(event) {
  const row = document.getElementById("event-row").content.firstElementChild.cloneNode(true);
  const cell = (name) => row.querySelector("." + name);
  const [date, time] = event.at.split("T");
  const [, month, day] = date.split("-");
  cell("when").firstElementChild.href = "/records/" + event.seq;
  const when = row.querySelector("time");
  when.dateTime = event.at;
  when.textContent = `${day} ${MONTHS[month - 1]} ${time.slice(0, 8)}`;
  cell("service").textContent = event.protocol ?? "–";
  const badge = row.querySelector(".badge");
  if (event.secure === null && !(event.source && event.kind === "login")) {
    badge.remove();
  } else if (event.secure === null) {
    badge.textContent = "UNKNOWN";
  } else {
    badge.classList.add(event.secure ? "secure" : "unsecure");
    badge.textContent = event.secure ? "SECURE" : "UNSECURE";
  }
  if (event.user === null && event.authcid !== null) {
    cell("account").append(element("q", event.authcid));
  } else {
    cell("account").textContent = event.user ?? "–";
  }
  fill(cell("from"), event.ip, event.origin);
  fill(cell("client"), event.client_name, event.client_version);
  fill(cell("result"), event.result ?? event.reason ?? event.kind, event.mechanism);
  if (event.count > 1) cell("result").append(" ", element("span", `${event.count} times`, "soft"));
  if (event.result !== null) cell("result").classList.add(event.result);
  const events = document.getElementById("events");
  events.prepend(row);
  while (events.children.length > SHOWN) events.lastElementChild.remove();
  document.getElementById("nothing").hidden = true;
}

function fill(cell, text, more) {
  cell.textContent = text ?? "–";
  if (more !== null) cell.append(" ", element("span", more, "soft"));
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

const stream = document.querySelector("[data-stream]");
if (stream) follow(stream);
