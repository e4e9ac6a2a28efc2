// The pages of examples/mcp, opened by a client of the TypeScript SDK.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { freePort, launch, open, repository, start } from "./support.mjs";

const folder = `${repository}examples/mcp`;
let betterAuth, server, browser, url;

before(async () => {
  const [web, api] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${api}/mcp`;
  const secret = "a secret of the tests of the example";
  const variables = { BETTER_AUTH_SECRET: secret, PORT: `${web}`, RESOURCE: url };
  betterAuth = await start("node", [`${folder}/better-auth/server.mjs`], "baseURL", variables);
  const cargo = ["run", "--manifest-path", `${folder}/Cargo.toml`, "--target-dir", "target"];
  server = await start("cargo", cargo, "Listening", {
    BETTER_AUTH_URL: `http://127.0.0.1:${web}`,
    PUBLIC_URL: url,
    MCP_SESSION_KEY: randomBytes(32).toString("base64"),
    ADDR: `127.0.0.1:${api}`,
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await betterAuth?.stop();
});

test("a user signs in, allows the application to read, and later to write", async () => {
  const page = await open(browser);
  const flow = spawn("node", [`${folder}/typescript/flow.mjs`, url, "@modelcontextprotocol/client"]);
  const scopes = [];
  const results = [];
  for await (const line of createInterface({ input: flow.stdout })) {
    const [, kind, text] = line.match(/^(\S+) (.*)/);
    if (kind === "result:") results.push(text.replace(/user \S+:/, "user:"));
    if (kind !== "open") continue;
    const callback = page.waitForRequest(/\/callback\?/);
    await page.goto(text);
    // At the second time, the user is still signed in.
    if (!scopes.length) await page.getByRole("button", { name: "Sign in" }).click();
    scopes.push(await page.locator("#scope").textContent());
    await page.getByRole("button", { name: "Allow" }).click();
    flow.stdin.write(`${(await callback).url()}\n`);
  }
  assert.deepEqual(scopes, ["mcp:read offline_access", "mcp:read offline_access mcp:write"]);
  assert.deepEqual(results, ["Tasks of user: ", "1", "Tasks of user: Read RFC 9728"]);
});
