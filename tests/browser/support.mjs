// Shared by the tests: an example program, a browser and free ports.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** The maximum time for building a program and for its start, in milliseconds. */
const START_TIMEOUT = 10 * 60 * 1000;

export const repository = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Starts a program, waits until it prints `ready`, and returns `{ output, stop }`. Building the program
 * may take minutes. `stop` sends SIGTERM.
 */
export async function start(command, args, ready, env = {}) {
  const program = spawn(command, args, { cwd: repository, env: { ...process.env, ...env } });
  let output = "";
  const exit = once(program, "exit");
  let timer;
  const isReady = new Promise((resolve, reject) => {
    for (const stream of [program.stdout, program.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (output.includes(ready)) resolve();
      });
    }
    exit.then(() => reject(new Error(`the program ended before it was ready:\n${output}`)), reject);
    const late = () => reject(new Error(`the program has not printed ${ready}:\n${output}`));
    timer = setTimeout(late, START_TIMEOUT);
  });
  try {
    await isReady;
  } catch (error) {
    program.kill("SIGTERM");
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const stop = async () => {
    program.kill("SIGTERM");
    await exit;
  };
  return { output: () => output, stop };
}

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
}

/** Opens a page with a timeout of 10 seconds instead of Playwright's 30. */
export async function open(browser, options) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(10_000);
  return page;
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
