// Shared by the tests of examples/full-stack: its programs, and the actions and contents of its page.
import { once } from "node:events";
import { createServer } from "node:http";
import { freePort, start } from "./support.mjs";

export const ada = { email: "ada@example.com", password: "correct horse" };
export const bob = { email: "bob@example.com", password: "battery staple" };
export const notOwner = "Access denied: Cannot access another user's data";

/** Starts the example on free ports. Returns it with the origins `web` and `api`. */
export async function startExample(env = {}) {
  const { WEB_PORT = await freePort(), API_PORT = await freePort() } = process.env;
  const [web, api] = [WEB_PORT, API_PORT].map((port) => `http://127.0.0.1:${port}`);
  const ports = { WEB_PORT, API_PORT };
  const example = await start("examples/full-stack/start", [], `Open ${web}`, { ...ports, ...env });
  return { ...example, web, api };
}

/** Fills in the form and clicks this button: "Sign in" or "Sign up". */
export async function enter(page, button, { email, password }) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: button, exact: true }).click();
}

export async function addTask(page, title) {
  await page.getByLabel("New task").fill(title);
  await page.getByRole("button", { name: "Add" }).click();
  await page.locator("#tasks").getByText(title).waitFor();
}

/** Waits until the first call in the list of the page contains all of these strings. */
export async function newestCall(page, ...texts) {
  let newest = page.locator("#calls li:first-child");
  for (const text of texts) newest = newest.filter({ hasText: `${text}` });
  await newest.waitFor();
}

export const userId = (page) => page.locator("#user-id").textContent();
export const tasks = (page) => page.locator("#tasks li").allTextContents();

/** Serves a page on the same host but another port until the test ends. Returns its origin. */
export async function serveOtherOrigin(t) {
  const server = createServer((_, res) => res.end("another page")).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}
