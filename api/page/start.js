// The start page: asks for a token, lists the latest alerts, follows the stream.
// Rules: text goes into the page as text, never as markup; the token is kept in this tab alone; what
// is shown while not connected says so; evidence stands before reasons, and reasons before the score.

import { follow } from "./stream.js";
import { card } from "./card.js";
import { WORDS } from "./words.js";

const SHOWN_MAX = 200;
const LISTED = 100;
const TOKEN = "forewarn-token";
const LANGUAGE = "forewarn-language";

const $ = (id) => document.getElementById(id);
const alerts = new Map(); // by id: { view, sequence }
let labels = {}; // by vocabulary and value: { en, "zh-CN" }
let language = sessionStorage.getItem(LANGUAGE) ?? (navigator.language.startsWith("zh") ? "zh-CN" : "en");
let standing = { state: "waiting" };
let loaded = false; // whether the list was read at all: an empty page must not claim that all is well
let stop = () => {};

const words = () => WORDS[language];
const label = (vocabulary, value) => labels[vocabulary]?.[value]?.[language] ?? value;
const moment = (at) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
const context = () => ({ words: words(), language, label, moment });

function speak() {
  document.documentElement.lang = language;
  document.title = `forewarn ${words().title}`;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = words()[element.dataset.word];
  }
  $("language").textContent = words().other;
  $("language").lang = language === "en" ? "zh-CN" : "en";
  showStanding();
  showAll();
}

function showStanding() {
  const { state, since, why } = standing;
  const said = {
    waiting: () => words().needToken,
    connecting: () => words().connecting,
    live: () => words().live,
    away: () => words().away(moment(since)),
    refused: () => words().refused,
  }[state]();
  $("standing").textContent = said;
  $("standing").dataset.state = state;
  $("trouble").hidden = !why;
  $("trouble").textContent = why ?? "";
}

function stand(state, why) {
  const since = standing.state === state ? standing.since : Date.now();
  standing = { state, since, why };
  showStanding();
}

const ordered = () =>
  [...alerts.values()].sort((a, b) => b.view.alert.opened.localeCompare(a.view.alert.opened));

function showAll() {
  const open = new Set([...document.querySelectorAll("#alerts details[open]")].map((one) => one.id));
  const focused = document.activeElement?.closest?.("#alerts details")?.id;
  const items = ordered().map(({ view }) => card(view, context(), open));
  $("alerts").replaceChildren(...items);
  if (focused) document.getElementById(focused)?.querySelector("summary").focus({ preventScroll: true });
  showCount();
}

function showCount() {
  $("empty").hidden = alerts.size > 0 || !loaded;
  $("count").textContent = alerts.size ? words().shown(alerts.size) : "";
}

function take(told) {
  const id = told.view.alert.alert_id;
  if ((alerts.get(id)?.sequence ?? -1) >= told.sequence) return false;
  alerts.set(id, told);
  if (alerts.size > SHOWN_MAX) {
    for (const { view } of ordered().slice(SHOWN_MAX)) alerts.delete(view.alert.alert_id);
  }
  return true;
}

async function ask(path, token) {
  const answer = await fetch(path, {
    headers: { Authorization: `Bearer ${token}`, "Accept-Language": language },
    cache: "no-store",
  });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.title), { refusal: answer.status < 500 && body });
  return body;
}

async function load(token) {
  const { vocabularies } = await ask("/v1/taxonomy", token);
  labels = Object.fromEntries(
    Object.entries(vocabularies).map(([name, terms]) => [
      name,
      Object.fromEntries(terms.map((term) => [term.value, term.label])),
    ]),
  );
  const { items } = await ask(`/v1/alerts?limit=${LISTED}`, token);
  for (const view of items) {
    const known = alerts.get(view.alert.alert_id);
    if ((known?.view.alert.revision ?? 0) <= view.alert.revision) {
      alerts.set(view.alert.alert_id, { view, sequence: known?.sequence ?? 0 });
    }
  }
  loaded = true;
  stand("live");
  showAll();
}

function enter(token) {
  sessionStorage.setItem(TOKEN, token);
  $("entry").hidden = true;
  $("leave").hidden = false;
  $("shown").hidden = false;
  stand("connecting");
  stop = follow(token, () => language, {
    ready: () => load(token),
    reset: () => {
      alerts.clear();
      return load(token);
    },
    alert: (told) => {
      if (!take(told)) return;
      showAll();
      $("news").textContent = words().news(told.view.alert.headline[language]);
    },
    away: () => stand("away"),
    refused: ({ title, detail }) => leave(words().problem(title, detail)),
  });
}

function leave(why) {
  stop();
  sessionStorage.removeItem(TOKEN);
  alerts.clear();
  loaded = false;
  $("alerts").replaceChildren();
  $("entry").hidden = false;
  $("leave").hidden = true;
  $("shown").hidden = true;
  stand(why ? "refused" : "waiting", why);
  $("token").value = "";
  $("token").focus();
}

$("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = $("token").value.trim();
  if (token) enter(token);
});
$("leave").addEventListener("click", () => leave());
$("language").addEventListener("click", () => {
  language = language === "en" ? "zh-CN" : "en";
  sessionStorage.setItem(LANGUAGE, language);
  speak();
});

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) history.replaceState(null, "", location.pathname); // not in the history, not in a bookmark
speak();
const token = given ?? sessionStorage.getItem(TOKEN);
if (token) enter(token);
else leave();
