// A Better Auth with the plugin mcp(), on 127.0.0.1. Its database is in memory and has one user,
// ada@example.com, with the password `password`.
//
// When ready it prints one line of JSON, {"baseURL":"http://127.0.0.1:PORT","version":"1.7.5"}, and then a
// line per request: its method and path. It ends when its stdin is closed.
//
// Environment:
//   BETTER_AUTH_SECRET  required
//   PORT                default 3000; 0 is any free port
//   RESOURCE            the public URL of the MCP server, default http://127.0.0.1:8000/mcp
//   OTHER_RESOURCE      another resource whose tokens it issues; default: none
import { once } from "node:events";
import { createServer } from "node:http";
import { finished } from "node:stream";
import { mcp } from "@better-auth/mcp";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";
import { pages } from "./pages.mjs";

const { env } = process;
// Better Auth would fall back to a secret that everyone knows.
if (!env.BETTER_AUTH_SECRET) throw new Error("set BETTER_AUTH_SECRET");
finished(process.stdin.resume(), { writable: false }, () => process.exit());

const server = createServer().listen(Number(env.PORT ?? 3000), "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;

const tables = [
  ...["user", "session", "account", "verification", "jwks"],
  ...["oauthClient", "oauthAccessToken", "oauthRefreshToken", "oauthConsent"],
  ...["oauthResource", "oauthClientResource"],
];

const auth = betterAuth({
  baseURL: origin,
  secret: env.BETTER_AUTH_SECRET,
  database: memoryAdapter(Object.fromEntries(tables.map((table) => [table, []]))),
  emailAndPassword: { enabled: true },
  plugins: [
    jwt(),
    mcp({
      resource: env.RESOURCE ?? "http://127.0.0.1:8000/mcp",
      resources: env.OTHER_RESOURCE ? [env.OTHER_RESOURCE] : [],
      enforcePerClientResources: false,
      scopes: ["openid", "email", "offline_access", "mcp:read", "mcp:write"],
      allowDynamicClientRegistration: true,
      // MCP clients register before a user signs in.
      allowUnauthenticatedClientRegistration: true,
      loginPage: "/sign-in",
      consentPage: "/consent",
    }),
  ],
});
const { version } = await auth.$context;
await auth.api.signUpEmail({
  body: { name: "Ada", email: "ada@example.com", password: "password" },
});

const handler = toNodeHandler(auth);
server.on("request", (req, res) => {
  const path = req.url.split("?")[0];
  console.log(req.method, path);
  if (!Object.hasOwn(pages, path)) return handler(req, res);
  // Against clickjacking.
  const headers = { "content-type": "text/html", "content-security-policy": "frame-ancestors 'none'" };
  res.writeHead(200, headers).end(pages[path]);
});

console.log(JSON.stringify({ baseURL: origin, version }));
