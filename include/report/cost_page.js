const data = JSON.parse(document.getElementById("data").textContent);
const months = Object.keys(data.months).sort();
const byId = (id) => document.getElementById(id);
// Rows that are shown at first: fewer where each is a block of its own.
const mostRows = () => (byId("lines").clientWidth > 480 ? 100 : 20);
const AMOUNTS = ["analyses", "units", "usd", "reused_analyses", "reused_units", "saved_usd"];
const NAMES = ["cost_center", "source", "media_type", "feature", "route", "operation", "price_item", "price_version"];
const HEADINGS = {
  day: "Day", cost_center: "Team", source: "Source", feature: "Feature", route: "Route", price_item: "Price line",
  analyses: "Analyses", units: "Units paid", usd: "Cost", reused_analyses: "Reused", saved_usd: "Reuse worth",
};
const COLUMNS = {
  line: ["cost_center", "source", "feature", "route", "price_item", "analyses", "units", "usd", "reused_analyses", "saved_usd"],
  day: ["day", "analyses", "usd", "reused_analyses", "saved_usd"],
};
const state = { month: months.at(-1), by: "line", sort: "usd", down: true, all: false };

const CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const THREE_DIGITS = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2, maximumFractionDigits: 9, maximumSignificantDigits: 3, roundingPriority: "lessPrecision",
});

// Writes dollars as the page's tables do. A text is rounded as it stands, a number as its nearest fraction of 2.
function dollars(value) {
  const size = Math.abs(value);
  if (size < 5e-10) return "$0.00";
  return (value < 0 ? "\u2212" : "") + "$" + (size >= 1 ? CENTS : THREE_DIGITS).format(size.toFixed(9));
}

const quantity = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 2 });

function rowsOfDays({ days, costs }) {
  const empty = Array.from({ length: days }, (_, day) => [day + 1, data.features[0], 0]);
  return [...empty, ...costs].map(([day, feature, usd]) => (
    { day, feature, usd, place: data.features.indexOf(feature), shown: dollars(usd) }
  ));
}

const rowsOfAnomalies = ({ anomalies }) => anomalies.map(([day, usd, note]) => ({ day, usd, note }));

function rowsOfMonths() {
  return data.history.map((each) => {
    const parts = [dollars(each.usd)];
    if (each.budget !== null) parts.push("budget " + dollars(each.budget));
    if (each.forecast !== null) parts.push("forecast " + dollars(each.forecast));
    return { ...each, shown: parts.join(", ") };
  });
}

async function draw(id, spec, datasets) {
  // Expressions are interpreted, so that the page's policy need not allow scripts to be made.
  const options = { actions: false, renderer: "svg", ast: true };
  const { view } = await window.vegaEmbed("#chart-" + id, { ...spec, datasets }, options);
  return view;
}

// Rows of the table: amounts summed by the columns that name a row.
function linesOfMonth() {
  const named = COLUMNS[state.by].filter((name) => !AMOUNTS.includes(name));
  const sums = new Map();
  for (const [day, of, ...amounts] of data.lines[state.month]) {
    const line = { day: `${state.month}-${String(day).padStart(2, "0")}` };
    NAMES.forEach((name, place) => { line[name] = data.of[of][place]; });
    line.route = data.routes[line.route];
    const key = JSON.stringify(named.map((name) => line[name]));
    const sum = sums.get(key) ?? { ...line, ...Object.fromEntries(AMOUNTS.map((name) => [name, 0])) };
    AMOUNTS.forEach((name, place) => { sum[name] += amounts[place]; });
    sums.set(key, sum);
  }
  return [...sums.values()];
}

function written(name, value) {
  if (name === "usd" || name === "saved_usd") return dollars(value);
  return AMOUNTS.includes(name) ? quantity(value) : value;
}

function element(tag, attributes, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

// A line may end after each underscore.
const breakable = (text) => text.split(/(?<=_)/).flatMap((part, place) => (place ? [element("wbr", {}), part] : [part]));

function rowOf(values, columns) {
  const cells = columns.map((name, place) => {
    const attributes = place ? { role: "cell" } : { role: "rowheader", scope: "row" };
    const value = values[name];
    attributes["data-label"] = HEADINGS[name];
    attributes.class = (AMOUNTS.includes(name) ? "number" : "") + (value === undefined ? " blank" : "");
    return element(place ? "td" : "th", attributes, ...(value === undefined ? [] : breakable(written(name, value))));
  });
  return element("tr", { role: "row" }, ...cells);
}

function heading(name) {
  const button = element("button", { type: "button" }, HEADINGS[name]);
  button.addEventListener("click", () => {
    state.down = state.sort === name ? !state.down : AMOUNTS.includes(name);
    state.sort = name;
    showLines();
    byId("lines").querySelector(`[data-name="${name}"] button`).focus();
  });
  const sorted = state.sort === name ? (state.down ? "descending" : "ascending") : "none";
  const attributes = { scope: "col", role: "columnheader", "aria-sort": sorted, "data-name": name };
  return element("th", { ...attributes, class: AMOUNTS.includes(name) ? "number" : "" }, button);
}

function showLines() {
  const columns = COLUMNS[state.by];
  const lines = linesOfMonth();
  const turn = state.down ? -1 : 1;
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  lines.sort((a, b) => turn * compare(a[state.sort], b[state.sort]));
  const shown = state.all ? lines : lines.slice(0, mostRows());
  const total = { [columns[0]]: `All ${lines.length} rows` };
  for (const name of AMOUNTS) total[name] = lines.reduce((sum, line) => sum + line[name], 0);
  delete total.units;
  const table = byId("lines");
  table.tHead.replaceChildren(element("tr", { role: "row" }, ...columns.map(heading)));
  table.tBodies[0].replaceChildren(...shown.map((line) => rowOf(line, columns)));
  table.tFoot.replaceChildren(rowOf(total, columns));
  table.tFoot.dataset.usd = total.usd;
  byId("more").hidden = shown.length === lines.length;
  byId("more").textContent = `Show all ${lines.length} rows`;
}

// A cell that a spreadsheet would take for a formula begins with an apostrophe.
function csvCell(value) {
  const text = typeof value === "number" ? String(value) : value.replace(/^[=+\-@\t\r]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(of) {
  const rows = [["usage_date", ...NAMES, ...AMOUNTS]];
  for (const month of of) {
    for (const [day, number, ...amounts] of data.lines[month]) {
      rows.push([`${month}-${String(day).padStart(2, "0")}`, ...data.of[number], ...amounts]);
    }
  }
  return rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
}

function download(name, of) {
  const url = URL.createObjectURL(new Blob([csv(of)], { type: "text/csv" }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

async function choose(month) {
  state.month = month;
  state.all = false;
  const { label } = data.months[month];
  document.querySelectorAll("[data-month]").forEach((each) => { each.hidden = each.dataset.month !== month; });
  byId("month").value = month;
  byId("earlier").disabled = month === months[0];
  byId("later").disabled = month === months.at(-1);
  byId("days-of").textContent = byId("lines-of").textContent = label;
  showLines();
  await views.months.signal("chosen", month).runAsync();
  views.days.data("costs", rowsOfDays(data.months[month])).data("anomalies", rowsOfAnomalies(data.months[month]));
  await views.days.resize().runAsync();
  document.documentElement.dataset.shown = month;
}

function chosenByPerson(month) {
  history.replaceState(null, "", "#" + month);
  byId("announced").textContent = "Costs of " + data.months[month].label;
  return choose(month);
}

const step = (by) => chosenByPerson(months[months.indexOf(state.month) + by]);
byId("month").addEventListener("change", (event) => chosenByPerson(event.target.value));
byId("earlier").addEventListener("click", () => step(-1));
byId("later").addEventListener("click", () => step(1));
byId("more").addEventListener("click", () => { state.all = true; showLines(); });
byId("rows-by").addEventListener("change", (event) => {
  const by = event.target.value;
  Object.assign(state, { by, sort: by === "day" ? "day" : "usd", down: by !== "day" });
  showLines();
});
byId("csv-month").addEventListener("click", () => download(`costs-${state.month}.csv`, [state.month]));
byId("csv-all").addEventListener("click", () => download("costs.csv", months));

const asked = () => (months.includes(location.hash.slice(1)) ? location.hash.slice(1) : months.at(-1));
addEventListener("hashchange", () => choose(asked()));
const views = {
  months: await draw("months", data.specs.months, { months: rowsOfMonths() }),
  days: await draw("days", data.specs.days, { costs: [], anomalies: [] }),
};
views.months.addEventListener("click", (event, item) => { if (months.includes(item?.datum?.month)) chosenByPerson(item.datum.month); });
await choose(asked());
document.documentElement.dataset.drawn = Object.keys(views).length;
