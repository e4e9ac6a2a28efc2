// The page, the Better Auth server and the API of examples/full-stack, started with its `start`.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, repository } from "./support.mjs";
import {
  ada, addTask, bob, enter, newestCall, notOwner, serveOtherOrigin, startExample, tasks, userId,
} from "./tasks-page.mjs";

// Each test continues from the state of the one before it.
describe("the full-stack example", () => {
  let example, browser, page, web, api;
  const requests = [];
  const preflights = [];
  const console_ = [];
  const urls = [];

  before(async () => {
    example = await startExample();
    ({ web, api } = example);
    browser = await launch();
    page = await open(browser, { viewport: { width: 1080, height: 620 } });
    page.on("request", (request) => requests.push(request));
    page.on("console", (message) => console_.push(message.text()));
    page.on("pageerror", (error) => console_.push(`uncaught: ${error}`));
    page.on("framenavigated", (frame) => urls.push(frame.url()));
    await watchPreflights(page, preflights);
    await page.goto(web);
  });

  after(async () => {
    await browser?.close();
    await example?.stop();
  });

  test("a user who signs up has no tasks", async () => {
    await enter(page, "Sign up", ada);
    await page.getByText("Signed in").waitFor();
    await newestCall(page, `GET ${host()}/api/${await userId(page)}/tasks`, 200);
    assert.deepEqual(await tasks(page), []);
  });

  test("adding a task sends a preflight request without a token", async () => {
    await addTask(page, "buy milk");
    assert.deepEqual(await tasks(page), ["buy milk"]);
    const url = `${api}/api/${await userId(page)}/tasks`;
    // One preflight covers GET and POST, because its response allows both.
    const preflight = preflights.find((one) => one.url === url);
    assert.equal(preflight?.status, 200);
    assert.equal(preflight.headers["access-control-request-headers"], "authorization");
    assert.equal(preflight.headers.authorization, undefined);
  });

  test("another user's tasks get 403, and the page shows the detail", async () => {
    await page.getByRole("button", { name: "Somebody else's tasks" }).click();
    await newestCall(page, `GET ${host()}/api/somebody-else/tasks`, 403, notOwner);
    if (process.env.SCREENSHOT) {
      await page.screenshot({ path: `${repository}examples/full-stack/screenshot.png` });
    }
  });

  test("a call without a token gets 401", async () => {
    await page.getByRole("button", { name: "Without a token" }).click();
    await newestCall(page, await ownCall(), 401, "Not authenticated", "www-authenticate: Bearer");
  });

  test("a tampered token gets 401, and the page can read the reason", async () => {
    await page.getByRole("button", { name: "With a changed token" }).click();
    const challenge = 'www-authenticate: Bearer error="invalid_token"';
    await newestCall(page, await ownCall(), 401, "Could not validate credentials", challenge);
  });

  test("the token is cached and renewed a minute before it expires", async () => {
    const own = await ownCall();
    assert.equal(tokenRequests(), 1);
    const quarterOfAnHour = 15 * 60_000;
    for (const [later, count] of [[quarterOfAnHour - 70_000, 1], [quarterOfAnHour - 50_000, 2]]) {
      await page.clock.setSystemTime(Date.now() + later);
      await page.getByRole("button", { name: "Somebody else's tasks" }).click();
      await newestCall(page, "/api/somebody-else/tasks", 403);
      await page.getByRole("button", { name: "Without a token" }).click();
      await newestCall(page, own, 401);
      assert.equal(tokenRequests(), count, `${later / 1000} s later`);
    }
    await page.clock.setSystemTime(Date.now());
  });

  test("signing out removes the token and shows the form", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Please sign in").waitFor();
    assert.equal(await page.getByText("buy milk").count(), 0);
    await page.getByRole("button", { name: "Somebody else's tasks" }).click();
    await newestCall(page, "/api/somebody-else/tasks", 401, "Not authenticated");
    const status = await page.evaluate(async () => (await fetch("/api/auth/token")).status);
    assert.equal(status, 401);
  });

  test("a wrong password is rejected with a message", async () => {
    await enter(page, "Sign in", { ...ada, password: "wrong, and long" });
    await newestCall(page, "POST /api/auth/sign-in/email", 401, "Invalid email or password");
    await page.getByText("Please sign in").waitFor();
  });

  test("the task is still there after signing in again and after a reload", async () => {
    await enter(page, "Sign in", ada);
    await page.getByText("buy milk").waitFor();
    await page.reload();
    await page.getByText("buy milk").waitFor();
    assert.deepEqual(await tasks(page), ["buy milk"]);
  });

  test("a second user does not see the task and gets 403 for its path", async () => {
    const adasId = await userId(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await enter(page, "Sign up", bob);
    await page.getByText(bob.email).waitFor();
    await newestCall(page, `/api/${await userId(page)}/tasks`, 200);
    assert.notEqual(await userId(page), adasId);
    assert.deepEqual(await tasks(page), []);
    await page.getByLabel("User id").fill(adasId);
    await page.getByRole("button", { name: "Somebody else's tasks" }).click();
    await newestCall(page, `/api/${adasId}/tasks`, 403, notOwner);
    assert.equal(await page.getByText("buy milk").count(), 0);
  });

  test("a session that ended elsewhere shows the form at the next token renewal", async () => {
    await page.evaluate(() => fetch("/api/auth/sign-out", { method: "POST" }));
    await addTask(page, "feed the cat"); // the token is still valid
    await page.clock.setSystemTime(Date.now() + 15 * 60_000);
    await page.getByLabel("New task").fill("too late");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("Please sign in").waitFor();
  });

  test("the browser blocks a page of another origin", async (t) => {
    const other = await open(browser);
    await other.goto(await serveOtherOrigin(t));
    const send = (mode) =>
      other.evaluate(
        ([url, mode]) => fetch(url, { mode }).then(({ type }) => type, (error) => error.message),
        [`${api}/api/somebody/tasks`, mode],
      );
    assert.equal(await send("cors"), "Failed to fetch");
    assert.equal(await send("no-cors"), "opaque", "the request reaches the API, but the page cannot read the response");
    await other.close();
  });

  test("no URL, console message or log line contains a token", async () => {
    const sent = new Set(requests.map((one) => one.headers().authorization).filter(Boolean));
    const tokens = [...sent].map((field) => field.replace("Bearer ", ""));
    assert.ok(tokens.length >= 4, "two tokens of Ada, a changed one and one of Bob");
    const log = example.output();
    assert.match(log, /authorization=Some\(Sensitive\)/, "the field is logged");
    const visited = [...urls, ...requests.map((one) => one.url()), page.url()].join("\n");
    for (const token of tokens) {
      // The claims are personal data, and the signature makes the token valid.
      for (const part of token.split(".").slice(1)) {
        assert.ok(!visited.includes(part), "in a URL");
        assert.ok(!console_.join("\n").includes(part), "in the console");
        assert.ok(!log.includes(part), "in the log");
      }
    }
    assert.deepEqual(console_.filter((text) => !text.startsWith("Failed to load resource")), []);
  });

  const host = () => api.replace("http://", "");
  const ownCall = async () => `GET ${host()}/api/${await userId(page)}/tasks`;
  const tokenRequests = () => requests.filter((one) => one.url() === `${web}/api/auth/token`).length;
});

/** Records preflight requests, which Playwright does not report. */
async function watchPreflights(page, preflights) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  devtools.on("Network.requestWillBeSent", ({ requestId, request: { method, url, headers } }) => {
    if (method !== "OPTIONS") return;
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    preflights.push({ requestId, url, headers: Object.fromEntries(lower) });
  });
  devtools.on("Network.responseReceived", ({ requestId, response: { status } }) => {
    const preflight = preflights.find((one) => one.requestId === requestId);
    if (preflight) preflight.status = status;
  });
}
