import { byId, element, fill, row, usd, when } from "./dom.js";
import { follow, get, picture, post, token } from "./api.js";

const RUNS_SHOWN = 8;
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => (dark.matches ? "dark" : "light");
let role = "viewer";
let report = null;

const may = (needed) => ["viewer", "operator", "admin"].indexOf(role) >= ["viewer", "operator", "admin"].indexOf(needed);
const sum = (decimal) => (decimal === null ? "an unknown sum" : `$${usd(decimal)}`);
const place = (seat) => (seat ? `${seat.provider}:${seat.region}` : "–");

function tell(problem) {
  byId("problem").textContent = problem ? problem.message : "";
}

// Shows what a part of the page could not show; the others go on.
async function part(work) {
  try {
    await work();
  } catch (problem) {
    if (problem.status === 401) return login("");
    tell(problem);
  }
}

async function chart(id, path, words) {
  const image = byId(id);
  const url = new URL(path, location.href);
  url.searchParams.set("theme", theme());
  const blob = await picture(url.pathname + url.search);
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  image.alt = words;
  image.hidden = false;
}

async function spend() {
  const { items } = await get("/v1/spend");
  const told = { stay: "stay", move: "move", new: "begin" };
  fill("spend", items.map((app) => row(app.app, [usd(app.today_usd_month)], [usd(app.recommended_usd_month)], app.note ?? told[app.action] ?? "")), "No application is looked after yet.", 4);
  const select = byId("app");
  const chosen = select.value;
  select.replaceChildren(...items.map((app) => element("option", { value: app.app }, app.app)));
  if (items.some((app) => app.app === chosen)) select.value = chosen;
  await chart("spend-chart", "/v1/charts/spend", "Bars of the spend of today and the recommended spend of every application; the table below has the figures");
}

async function application() {
  const name = byId("app").value;
  byId("plan").disabled = !name || !may("operator");
  if (!name) {
    report = null;
    fill("components", [], "Nothing to show.", 6);
    fill("bill", [], "Nothing to show.", 8);
    return;
  }
  const path = encodeURIComponent(name);
  const app = await get(`/v1/apps/${path}`);
  report = await get(`/v1/apps/${path}/recommendation`);
  byId("decision").textContent = report.decision ? report.decision.reason : "No placement satisfies all requirements.";
  const seats = new Map((app.deployment?.seats ?? []).map((seat) => [seat.component, seat]));
  fill("components", report.components.map((c) => row(c.name, c.kind, place(seats.get(c.name)), place(c), c.count > 1 ? `${c.count} x ${c.offer}` : c.offer, [usd(c.usd_month)])), "Nothing is placed.", 6);
  fill("bill", report.lines.map((line) => row(line.component ?? "shared", line.item, line.detail, place(line), [`${line.quantity} ${line.unit}`], [line.unit_usd], [usd(line.usd_month)], `${line.source}, ${line.as_of} (${line.quality})`)), "There is no bill.", 8);
  byId("bill-total").textContent = usd(report.total_usd_month);
  await chart("map-chart", `/v1/charts/map/${path}`, "A map of the recommended places of the components, of the users, and of the traffic between them; the table below has the same");
  await chart("bill-chart", `/v1/charts/bill/${path}`, "Bars of the recommended bill by component and item; the table below has every line");
}

function changes(plan) {
  const told = { add: "new", move: "moves", remove: "goes" };
  return element("ul", {}, ...plan.changes.map((c) => element("li", {}, `${(c.to ?? c.from).component} ${told[c.change]}: ${place(c.from)} → ${place(c.to)}${c.to ? ` (${c.to.offer})` : ""}`)));
}

async function waiting() {
  const { items } = await get("/v1/plans?state=waiting&limit=20");
  const card = (plan) => {
    const decide = (what) => async (event) => {
      const buttons = event.target.closest("li").querySelectorAll("button");
      buttons.forEach((button) => (button.disabled = true));
      try {
        tell(null);
        await post(`/v1/plans/${plan.digest}/${what}`);
      } catch (problem) {
        tell(problem);
      }
      await Promise.all([part(waiting), part(runs)]);
    };
    const button = (what, words, kind) => element("button", { type: "button", class: kind, disabled: !may("operator"), onclick: decide(what), "aria-label": `${words} the move of ${plan.app}` }, words);
    return element(
      "li",
      { "data-plan": plan.digest },
      element("h3", {}, plan.app),
      element("p", { class: "faint" }, plan.reason, ", ", when(plan.made_at)),
      changes(plan),
      element("p", {}, `Saves ${sum(plan.saving_usd_month)} a month, costs ${sum(plan.cost_usd)} once, moves ${plan.moves_gb} GB in ${plan.steps} steps.`),
      element("p", { class: "row" }, button("approve", "Approve", "go"), button("reject", "Reject", "")),
    );
  };
  fill("waiting", items.map(card), "No move waits for approval.");
}

async function runs() {
  const { items } = await get(`/v1/runs?limit=${RUNS_SHOWN}`);
  const all = await Promise.all(items.map((run) => get(`/v1/runs/${encodeURIComponent(run.id)}`)));
  const card = (run) => {
    const done = run.steps.filter((step) => step.state === "done").length;
    const open = ["running", "keeping", "stuck"].includes(run.state);
    const back = async (event) => {
      event.target.disabled = true;
      try {
        tell(null);
        await post(`/v1/runs/${encodeURIComponent(run.id)}/rollback`);
      } catch (problem) {
        tell(problem);
      }
      await part(runs);
    };
    return element(
      "li",
      { "data-run": run.id, "data-state": run.state },
      element("h3", {}, run.id, " ", element("span", { class: `state state-${run.state}` }, run.state.replace("_", " "))),
      element("p", { class: "faint" }, `by ${run.executor}, since `, when(run.began_at), run.kept_until && open ? " – old sides are kept until " : null, run.kept_until && open ? when(run.kept_until) : null),
      run.back ? element("p", {}, `Taken back: ${run.back}`) : null,
      element("progress", { max: Math.max(run.steps.length, 1), value: done, "aria-label": `${done} of ${run.steps.length} steps are done` }),
      element("ol", { class: "steps" }, ...run.steps.map((step) => element("li", {}, `${step.name}: ${step.state}${step.why ? ` (${step.why})` : ""}`))),
      open && run.can_roll_back ? element("p", { class: "row" }, element("button", { type: "button", disabled: !may("operator"), onclick: back, "aria-label": `Roll ${run.id} back` }, "Roll back")) : null,
    );
  };
  fill("runs", all.map(card), "Nothing was carried out yet.");
}

async function market() {
  const [clearings, decisions, ledger] = await Promise.all(["clearings", "decisions", "ledger"].map((list) => get(`/v1/${list}?limit=30`)));
  const winners = (detail) => (Array.isArray(detail) ? detail.map((w) => `${w.component}: ${place(w)} ${w.offer}`).join("; ") : "");
  const broken = (detail) => (detail?.rules ?? []).filter((rule) => !rule.holds).map((rule) => rule.rule.replaceAll("_", " ")).join(", ");
  fill("clearings", clearings.items.map((c) => row(when(c.at), c.app, [usd(c.usd_month)], winners(c.detail))), "The market has not cleared yet.", 4);
  fill("decisions", decisions.items.map((d) => row(when(d.at), d.app, d.verdict, broken(d.detail) || "none")), "Nothing was decided yet.", 4);
  fill("ledger", ledger.items.map((l) => row(l.run, l.app, l.components.join(", "), [usd(l.cost_usd)], [usd(l.saving_usd_month)], [usd(l.gain_usd, 4)])), "Nothing was moved yet.", 6);
  await chart("clearings-chart", "/v1/charts/clearings", "Lines of the best bill of every application over time; the table below has the figures");
}

async function history(event) {
  event?.preventDefault();
  const query = new URLSearchParams({ offer: byId("offer").value.trim() });
  if (byId("region").value.trim()) query.set("region", byId("region").value.trim());
  const { items } = await get(`/v1/price-history?${query}`);
  fill("history", items.reverse().map((p) => row(when(p.at), place(p), p.what, [p.usd ?? "not offered"], p.unit, p.origin)), "Nothing of it was collected or told by a tick.", 6);
  await chart("history-chart", `/v1/charts/price-history?${query}`, "Lines of the prices over time; the table below has the figures");
}

async function plan() {
  byId("plan").disabled = true;
  try {
    tell(null);
    const made = await post("/v1/plans", { app: byId("app").value });
    if (made.steps === 0) tell(new Error("Everything is where it is best: there is nothing to move."));
    await waiting();
  } finally {
    byId("plan").disabled = !may("operator");
  }
}

// Work that events ask for, once however many of them come together.
const due = new Set();
let running = false;
async function soon(...works) {
  works.forEach((work) => due.add(work));
  if (running) return;
  running = true;
  while (due.size > 0) {
    const [work] = due;
    due.delete(work);
    await part(work);
    await new Promise((done) => setTimeout(done, 100));
  }
  running = false;
}

const CONCERNS = {
  app: [spend, application],
  plan: [waiting],
  run: [runs],
  ledger: [market, spend, application],
  clearing: [market, spend],
  decision: [market],
  ticks: [market],
  policy: [spend],
};

function login(words) {
  byId("login-problem").textContent = words;
  if (!byId("login").open) byId("login").showModal();
}

async function begin() {
  const who = await get("/v1/whoami");
  role = who.role;
  byId("who").textContent = who.open ? "open to this machine: no token is needed" : `token ${who.name} (${who.role})`;
  byId("forget").hidden = who.open;
  if (byId("login").open) byId("login").close();
  follow((event) => soon(...(CONCERNS[event.kind] ?? [])), (state) => {
    byId("live").textContent = state;
    if (state === "signed out") login("The token opens nothing any more.");
  });
  await part(spend);
  await Promise.all([application, waiting, runs, market].map(part));
}

async function start() {
  try {
    await begin();
  } catch (problem) {
    if (problem.status === 401) return login(token.get() ? problem.message : "");
    tell(problem);
  }
}

byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(byId("token").value.trim());
  byId("token").value = "";
  start();
});
byId("forget").addEventListener("click", () => {
  token.forget();
  location.reload();
});
byId("app").addEventListener("change", () => part(application));
byId("plan").addEventListener("click", () => part(plan));
byId("history-form").addEventListener("submit", (event) => {
  event.preventDefault();
  part(history);
});
dark.addEventListener("change", () => soon(spend, application, market));
start();
