// A Better Auth with the OAuth provider, on 127.0.0.1. It starts and ends like ../server.mjs, and reads
// BETTER_AUTH_SECRET alone. Its packages are those of this folder, because the provider needs other
// versions.
//
// Besides /api/auth/*:
//   GET /test/introspections   the Basic credentials and the forms of all introspections, as JSON
import { once } from "node:events";
import { createServer } from "node:http";
import { finished } from "node:stream";
import { text } from "node:stream/consumers";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";

finished(process.stdin.resume(), { writable: false }, () => process.exit());

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;

const tables = [
  ...["user", "session", "account", "verification", "jwks"],
  ...["oauthClient", "oauthAccessToken", "oauthRefreshToken", "oauthConsent"],
  ...["oauthResource", "oauthClientResource"],
];

const auth = betterAuth({
  baseURL: origin,
  secret: process.env.BETTER_AUTH_SECRET,
  database: memoryAdapter(Object.fromEntries(tables.map((table) => [table, []]))),
  emailAndPassword: {
    enabled: true,
    password: {
      hash: async (password) => password,
      verify: async ({ hash, password }) => hash === password,
    },
  },
  plugins: [
    bearer(),
    jwt(),
    oauthProvider({
      loginPage: "/login",
      consentPage: "/consent",
      scopes: ["openid", "email", "tasks:read", "tasks:write"],
      resources: ["https://api.example.com"],
      enforcePerClientResources: false,
    }),
  ],
});
const { version } = await auth.$context;
const handler = toNodeHandler(auth);

const introspections = [];

server.on("request", async (req, res) => {
  if (req.url === "/test/introspections") return res.end(JSON.stringify(introspections));
  if (req.url === "/api/auth/oauth2/introspect") {
    req.body = Object.fromEntries(new URLSearchParams(await text(req)));
    introspections.push([req.headers.authorization ?? "", req.body]);
  }
  await handler(req, res);
});

console.log(JSON.stringify({ baseURL: origin, version }));
