// The dashboard as a user sees it: sign in, approve a move, watch it finish, roll nothing back by accident. Ran by
// scripts/browser.sh, which starts the server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { URL: server, TOKEN: token, CHROMIUM: chromium, TOOLS: tools, SHOTS: shots } = process.env;
const require = createRequire(`${tools}/`);
const { chromium: browserType } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const APP = (constraint) => `version = 1
name = "browser"
${constraint}
[[audience]]
name = "readers"
city = "Paris, FR"

[[component]]
name = "web"
kind = "service"
command = ["placer", "demo", "web"]
env = ["DB_URL=postgres://127.0.0.1:1/none"]
cpu = 1
memory_gib = 1
users_gb_month = 10

[[component]]
name = "worker"
kind = "worker"
command = ["sleep", "1000"]
cpu = 1
memory_gib = 1

[[link]]
from = "worker"
to = "web"
request_gb_month = 5
`;

async function ask(method, path, body, media = "application/json") {
  const answer = await fetch(server + path, { method, body, headers: { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": media } : {}) } });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
const put = (constraint) => ask("PUT", "/v1/apps/browser", APP(constraint), "application/toml");
const plan = () => ask("POST", "/v1/plans", JSON.stringify({ app: "browser", keep_hours: 0 }));

async function settled(run) {
  for (let tries = 0; tries < 600; tries += 1) {
    const shown = await ask("GET", `/v1/runs/${run}`);
    if (["finished", "rolled_back", "stuck"].includes(shown.state)) return shown;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`${run} does not end`);
}

async function noFaults(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), [], `accessibility of ${where}`);
}

// Put somewhere first, so that there is something to move.
await put("");
const first = await plan();
const { run } = await ask("POST", `/v1/plans/${first.digest}/approve`);
const placed = await settled(run);
assert.equal(placed.state, "finished", JSON.stringify(placed.journal.slice(-3)));
const before = (await ask("GET", "/v1/apps/browser")).deployment.seats.find((seat) => seat.component === "web");
await put(`[constraints]\nproviders = { deny = ["${before.provider}"] }\n`);

const browser = await browserType.launch({
  executablePath: chromium,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const faults = [];
try {
  const context = await browser.newContext({ viewport: { width: 1200, height: 1600 } });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && !message.text().includes("401") && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${server}/`) && !url.startsWith("blob:")) faults.push(`a request to elsewhere: ${url}`);
  });

  await page.goto(server);
  // Without a token the page tells nothing and asks for one; a wrong one is refused in words.
  await page.getByRole("textbox", { name: "Token" }).fill("placer_wrong");
  await page.keyboard.press("Enter");
  await page.getByText("the token is unknown, has expired or was revoked").waitFor();
  await page.getByRole("textbox", { name: "Token" }).fill(token);
  await page.keyboard.press("Enter");
  await page.getByText(/^token [0-9a-f]+ \(operator\)$/).waitFor();
  await page.locator("#live", { hasText: "live" }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.length), 0, "the token is kept for this tab only");

  // Spend, bill, map and components are shown, also in words.
  await page.locator("#spend tr", { hasText: "browser" }).waitFor();
  await page.locator("#components tr", { hasText: "web" }).first().waitFor();
  await page.locator("#bill-total", { hasText: /\d\.\d\d/ }).waitFor();
  for (const id of ["spend-chart", "map-chart", "bill-chart", "clearings-chart"]) {
    const image = page.locator(`#${id}`);
    await image.waitFor();
    assert.ok((await image.getAttribute("alt")).length > 20, `${id} is told in words`);
    await page.waitForFunction((name) => document.getElementById(name).naturalWidth > 100, id);
  }

  // A plan that somebody makes elsewhere appears by itself; the name of whoever made it is text, whatever it is.
  const move = await plan();
  const waiting = page.locator(`#waiting [data-plan="${move.digest}"]`);
  await waiting.getByText("web moves").waitFor();
  await noFaults(page, "the page with a waiting move");
  await page.screenshot({ path: `${shots}/waiting.png`, fullPage: true });

  // Approve it by keyboard, and watch it finish without reloading.
  await waiting.getByRole("button", { name: "Approve the move of browser" }).focus();
  await page.keyboard.press("Enter");
  await waiting.waitFor({ state: "detached" });
  const card = page.locator("#runs li[data-run]").first();
  await page.locator('#runs li[data-run="browser-2"]').waitFor();
  await page.locator('#runs li[data-run="browser-2"][data-state="finished"]').waitFor({ timeout: 120000 });
  const steps = await card.locator("ol.steps li").allTextContents();
  assert.ok(steps.length > 4 && steps.every((step) => step.endsWith(": done")), steps.join("\n"));
  await page.locator("#ledger tr", { hasText: "browser-2" }).waitFor();

  const after = (await ask("GET", "/v1/apps/browser")).deployment.seats.find((seat) => seat.component === "web");
  assert.notEqual(after.provider, before.provider, "the component has moved");
  await page.locator("#components tr", { hasText: `${after.provider}:${after.region}` }).first().waitFor();

  // Price history answers, also for an offer whose name looks like markup.
  await page.getByLabel("Offer").fill("<img src=x onerror=alert(1)>");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("Nothing of it was collected or told by a tick.").waitFor();

  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForTimeout(500);
  await noFaults(page, "the dark page");
  await page.screenshot({ path: `${shots}/dark.png`, fullPage: true });

  await page.getByRole("button", { name: "Forget the token" }).click();
  await page.getByRole("textbox", { name: "Token" }).waitFor();
  assert.deepEqual(faults, [], "the page has no faults and asks nobody else");
  console.log(`approved ${move.digest.slice(0, 12)}: web moved from ${before.provider} to ${after.provider} in ${steps.length} steps`);
} finally {
  await browser.close();
}
