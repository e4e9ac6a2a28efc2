// Swagger UI of examples/openapi.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, start } from "./support.mjs";

// Each test continues from the state of the one before it.
describe("the OpenAPI example", () => {
  let example, browser, page, origin, token;

  before(async () => {
    const args = ["run", "--manifest-path", "examples/openapi/Cargo.toml"];
    // Shares the crate's target folder, because some packages are the same.
    const env = { ADDR: "127.0.0.1:0", CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? "target" };
    delete process.env.BETTER_AUTH_SECRET;
    example = await start("cargo", args, "Then try an operation", env);
    origin = example.output().match(/Open (http:\S+)\/docs/)[1];
    token = example.output().match(/^ey\S+$/m)[0];
    browser = await launch();
    page = await open(browser, { viewport: { width: 1000, height: 1200 } });
    await page.goto(`${origin}/docs`);
  });

  after(async () => {
    await browser?.close();
    await example?.stop();
  });

  test("the document is public and the API is not", async () => {
    const document = await (await fetch(`${origin}/openapi.json`)).json();
    assert.deepEqual(document.components.securitySchemes, {
      HTTPBearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
    });
    assert.equal((await fetch(`${origin}/api/u1/tasks`)).status, 401);
  });

  test("an operation without a token gets 401", async () => {
    await page.getByText("Your tasks", { exact: true }).click();
    await page.getByRole("button", { name: "Try it out" }).click();
    assert.deepEqual(await execute("u1"), [401, { detail: "Not authenticated" }]);
  });

  test("an operation with a token from the Authorize dialog gets 200", async () => {
    await page.getByRole("button", { name: "Authorize" }).first().click();
    const dialog = page.locator(".modal-ux");
    await dialog.getByText("HTTPBearer").first().waitFor();
    await dialog.getByRole("textbox").fill(token);
    await dialog.getByRole("button", { name: "Apply credentials" }).click();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    assert.deepEqual(await execute("u1"), [200, []]);
  });

  test("another user's path gets 403", async () => {
    const detail = "Access denied: Cannot access another user's data";
    assert.deepEqual(await execute("u2"), [403, { detail }]);
  });

  /** Clicks Execute and returns the status and the body of the response. */
  async function execute(userId) {
    await page.getByPlaceholder("user_id").fill(userId);
    const answered = page.waitForResponse((one) => one.url() === `${origin}/api/${userId}/tasks`);
    await page.getByRole("button", { name: "Execute" }).click();
    const answer = await answered;
    // The page shows the status too.
    await page.locator(".live-responses-table td.response-col_status", { hasText: `${answer.status()}` }).waitFor();
    return [answer.status(), await answer.json()];
  }
});
