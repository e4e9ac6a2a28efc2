// The full-stack example with SESSIONS=1: the page calls the API with the session cookie, without a JWT.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { launch, open } from "./support.mjs";
import { ada, addTask, enter, newestCall, notOwner, serveOtherOrigin, startExample, tasks, userId } from "./tasks-page.mjs";

/** The time for which the API reuses an answer of Better Auth, in milliseconds: see main.rs. */
const FRESH_FOR = 1000;
const COOKIE_NAME = "better-auth.session_token";

// Each test continues from the state of the one before it.
describe("the full-stack example with session cookies", () => {
  let example, browser, context, page, web, api;
  const requests = [];
  const cookies = new Set();
  const console_ = [];

  before(async () => {
    example = await startExample({ SESSIONS: "1" });
    ({ web, api } = example);
    browser = await launch();
    context = await browser.newContext();
    page = await open(context);
    page.on("request", (request) => requests.push(request));
    page.on("console", (message) => console_.push(message.text()));
    page.on("pageerror", (error) => console_.push(`uncaught: ${error}`));
    await page.goto(web);
  });

  after(async () => {
    await browser?.close();
    await example?.stop();
  });

  test("a user who signs up calls the API with the cookie alone", async () => {
    await enter(page, "Sign up", ada);
    await page.getByText("Signed in").waitFor();
    await newestCall(page, `/api/${await userId(page)}/tasks`, 200);
    await addTask(page, "buy milk");
    assert.deepEqual(await tasks(page), ["buy milk"]);

    const calls = requests.filter((one) => one.url().startsWith(api));
    assert.ok(calls.some((one) => one.method() === "POST"));
    for (const call of calls) {
      const { authorization, cookie } = await call.allHeaders();
      assert.equal(authorization, undefined);
      assert.equal(cookie, cookieField(await sessionCookie()));
    }
    assert.ok(!requests.some((one) => one.url() === `${web}/api/auth/token`));
    assert.equal(await page.evaluate(() => document.cookie), "", "the page cannot read the cookie");
  });

  test("another user's tasks get 403", async () => {
    await othersTasks();
    await newestCall(page, "/api/somebody-else/tasks", 403, notOwner);
  });

  test("a call without the cookie gets 401", async () => {
    await page.getByRole("button", { name: "Without a token" }).click();
    await newestCall(page, 401, "Not authenticated", "www-authenticate: Bearer");
  });

  test("a POST from another origin gets 403 although it has the cookie", async (t) => {
    const url = `${api}/api/${await userId(page)}/tasks`;
    const other = await open(context);
    await other.goto(await serveOtherOrigin(t));

    const answer = async (method, act) => {
      const isIt = (one) => one.url() === url && one.request().method() === method;
      const [response] = await Promise.all([other.waitForResponse(isIt), other.evaluate(act, url)]);
      return response;
    };
    // SameSite=Lax allows the cookie, because the host is the same. Without it, the status is 401.
    const fetched = await answer("POST", (url) => {
      fetch(url, { method: "POST", mode: "no-cors", credentials: "include" });
    });
    assert.equal(fetched.status(), 403);
    const read = await answer("GET", (url) => {
      fetch(url, { mode: "no-cors", credentials: "include" });
    });
    assert.equal(read.status(), 200, "but the page cannot read the response");
    const submitted = await answer("POST", (action) => {
      const form = Object.assign(document.createElement("form"), { action, method: "POST" });
      document.body.append(form);
      form.submit();
    });
    assert.equal(submitted.status(), 403);
    assert.deepEqual(await submitted.json(), { detail: "Cross-site request" });
    await other.close();

    await page.reload();
    await page.getByText("buy milk").waitFor();
    assert.deepEqual(await tasks(page), ["buy milk"]);
  });

  test("a session that ended elsewhere shows the form", async () => {
    const cookie = cookieField(await sessionCookie());
    const headers = { cookie, origin: web };
    const signedOut = await fetch(`${web}/api/auth/sign-out`, { method: "POST", headers });
    assert.equal(signedOut.status, 200);
    await sleep(FRESH_FOR);
    assert.equal(cookieField(await sessionCookie()), cookie, "the browser still has the cookie");

    await page.getByLabel("New task").fill("too late");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("Please sign in").waitFor();
    await newestCall(page, `/tasks`, 401, "Could not validate credentials");
    assert.match(example.output(), /reason="session"/);
  });

  test("a user who signs in again gets the tasks", async () => {
    await enter(page, "Sign in", ada);
    await page.getByText("buy milk").waitFor();
    assert.deepEqual(await tasks(page), ["buy milk"]);
  });

  test("after signing out, the next call fails, even with a stolen cookie", async () => {
    const stolen = await sessionCookie();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Please sign in").waitFor();
    await othersTasks();
    await newestCall(page, "/api/somebody-else/tasks", 401, "Not authenticated");

    await context.addCookies([stolen]);
    await sleep(FRESH_FOR);
    await othersTasks();
    await newestCall(page, "/api/somebody-else/tasks", 401, "Could not validate credentials");
  });

  test("no URL, console message or log line contains a session token", async () => {
    assert.equal(cookies.size, 2, "one cookie for each of the sessions");
    const log = example.output();
    assert.match(log, /cookie=Some\(Sensitive\)/, "the field is logged");
    const visited = requests.map((one) => one.url()).join("\n");
    for (const cookie of cookies) {
      const [token] = cookie.split(".");
      for (const text of [log, visited, console_.join("\n")]) assert.ok(!text.includes(token));
    }
    assert.deepEqual(console_.filter((text) => !text.startsWith("Failed to load resource")), []);
  });

  async function sessionCookie() {
    const cookie = (await context.cookies(web)).find(({ name }) => name === COOKIE_NAME);
    cookies.add(cookie.value);
    return cookie;
  }

  const cookieField = ({ name, value }) => `${name}=${value}`;
  const othersTasks = () => page.getByRole("button", { name: "Somebody else's tasks" }).click();
});
