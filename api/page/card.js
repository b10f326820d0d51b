// One alert as a card: closed, its level in words and its headline; open, its evidence, then its
// reasons, then its score.

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function section(title, ...content) {
  const made = element("section");
  made.append(element("h3", title), ...content);
  return made;
}

function list(items) {
  const made = element("ul");
  made.append(...items.map((item) => element("li", item)));
  return made;
}

function evidence(alert, { words, label, moment }) {
  return alert.evidence.map((one) =>
    [
      moment(one.time),
      label("kinds", one.kind),
      label("purposes", one.purpose),
      words.severity(one.severity),
      ...one.signs.map((sign) => label("signs", sign)),
      ...((one.reports ?? 1) > 1 ? [words.reports(one.reports)] : []),
    ].join(" · "),
  );
}

function score(alert, { words, language }) {
  if (!alert.score) return [element("p", words.noScore)];
  const { probability, horizon_days, model_version, contributions } = alert.score;
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  return [
    element("p", `${words.chance(percent.format(probability), horizon_days)}${words.model(model_version)}`),
    list(contributions.map((one) => one.text[language])),
  ];
}

function facts(view, { words, label, moment }) {
  const made = element("dl");
  const rows = [
    [words.state, label("states", view.state)],
    [words.area, view.alert.area],
    ...(view.due ? [[words.due, moment(view.due)]] : []),
    [words.updated, moment(view.alert.updated)],
    [words.id, view.alert.alert_id],
  ];
  for (const [name, value] of rows) made.append(element("dt", name), element("dd", value));
  return made;
}

export function card(view, context, open) {
  const { words, language, label, moment } = context;
  const { alert } = view;
  const details = element("details", undefined, { id: `alert-${alert.alert_id}` });
  details.open = open.has(details.id);
  const summary = element("summary");
  summary.append(
    element("span", label("levels", alert.level), { class: "level", "data-level": alert.level }),
    element("span", alert.headline[language], { class: "headline" }),
    element("span", label("states", view.state), { class: "state" }),
    element("time", moment(alert.opened), { datetime: alert.opened }),
  );
  details.append(summary);
  const safe = alert.safe_contact;
  if (safe?.never_inform_household) details.append(element("p", words.discreet, { class: "discreet" }));
  if (safe?.hours) details.append(element("p", words.hours(safe.hours)));
  if (alert.surge) {
    const { day, count, expected } = alert.surge;
    details.append(section(words.evidence, element("p", words.surge(day, count, expected.toFixed(1)))));
  } else {
    details.append(section(words.evidence, list(evidence(alert, context))));
  }
  details.append(section(words.reasons, list(alert.reasons.map((one) => one.text[language]))));
  if (!alert.surge) details.append(section(words.score, ...score(alert, context)));
  details.append(facts(view, context));
  const item = element("li", undefined, { "data-level": alert.level });
  item.append(details);
  return item;
}
