// A Better Auth server, with users in memory, which also serves the page.
//
// Environment:
//   WEB_PORT    the port on 127.0.0.1 (default 3001)
//   API_ORIGIN  the origin of the API (default http://127.0.0.1:3000)
//   SESSIONS    1 if the page calls the API with the session cookie instead of a JWT
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";
import { build } from "esbuild";

const { WEB_PORT = "3001", API_ORIGIN = "http://127.0.0.1:3000", SESSIONS } = process.env;
const sessions = SESSIONS === "1";
const host = `127.0.0.1:${WEB_PORT}`;
const origin = `http://${host}`;

const forSessions = {
  // The rate limit, which is on in production, counts all requests of the API as one client's.
  rateLimit: { customRules: { "/get-session": false } },
  // Here, the page and the API have the same host, which the cookie belongs to. For the hosts
  // app.example.com and api.example.com, set advanced.crossSubDomainCookies as well.
};

const auth = betterAuth({
  baseURL: origin,
  // Valid for one run, like the users.
  secret: randomBytes(32).toString("base64url"),
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true },
  // The server's own origin is always trusted. Add the origin of a page that is served elsewhere.
  trustedOrigins: [origin],
  ...(sessions ? forSessions : { plugins: [jwt()] }),
  telemetry: { enabled: false },
});

const page = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));

const script = await build({
  entryPoints: [page("main.mjs")],
  bundle: true,
  format: "esm",
  define: { API_ORIGIN: JSON.stringify(API_ORIGIN), SESSIONS: `${sessions}` },
  write: false,
});

const files = {
  "/": ["text/html", await readFile(page("index.html"))],
  "/style.css": ["text/css", await readFile(page("style.css"))],
  "/main.js": ["text/javascript", script.outputFiles[0].contents],
};

function servePage(req, res) {
  // On localhost, the page would have another origin, which the API does not allow.
  if (req.headers.host !== host) return res.writeHead(302, { location: origin }).end();
  const [type, content] = files[req.url] ?? [];
  if (!content) return res.writeHead(404).end();
  res
    .writeHead(200, {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": `default-src 'self'; img-src data:; connect-src 'self' ${API_ORIGIN}`,
    })
    .end(content);
}

const authenticate = toNodeHandler(auth);

createServer((req, res) =>
  req.url.startsWith("/api/auth/") ? authenticate(req, res) : servePage(req, res),
).listen(Number(WEB_PORT), "127.0.0.1", () => console.log(`Better Auth: ${origin}`));
