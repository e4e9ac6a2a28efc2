// A real Better Auth server for the integration tests, on 127.0.0.1.
//
// When ready it prints one line of JSON, {"baseURL":"http://127.0.0.1:PORT","version":"1.7.25"}, and
// nothing else, to stdout (Better Auth's log goes to stderr). It exits when its
// stdin closes, so that a test that dies leaves no orphan.
//
// Environment of the process:
//   RELEASE             1.4, 1.5, 1.6 or 1.7 (default), with --import ./release.mjs: of Better Auth
//   PORT                default 0: any free port
//   CLOCK_OFFSET        seconds that this server's clock is ahead of the real one, default 0
//   BETTER_AUTH_SECRETS read by Better Auth itself since 1.5, e.g. `2:new,1:old`; the first one signs
//   API_TOKEN_SECRET    required if HS256_TOKEN is `separate`
//   DATABASE            the rows at the start, as GET /test/database of an earlier server returned them
//   VARIANTS            JSON, {"/prefix":{"VARIABLE":"value"}}: further Better Auths of this process,
//                       at /prefix/api/auth, each with its own database unless SHARE_DATABASE is
//                       set. Variables that are missing here are those of the process
//
// Environment of each Better Auth:
//   BETTER_AUTH_SECRET  required; Better Auth prefers the first of BETTER_AUTH_SECRETS if that is set
//   DATABASE_URL        a PostgreSQL database, in which migrations create the tables; default: memory
//   ONLY_SECRET         if not empty, BETTER_AUTH_SECRETS is ignored
//   HS256_TOKEN         `separate` or `shared`: adds the endpoint of hs256-token.mjs, which signs with
//                       API_TOKEN_SECRET or with Better Auth's own secret; default: no such endpoint
//   ISSUER, AUDIENCE    `iss` and `aud` of the tokens of jwt() and of the HS256 endpoint;
//                       default: the server's own origin. Empty: the HS256 token has no such
//                       claim, and jwt() falls back to the origin
//   TOKEN_TTL           seconds until those tokens expire, default 900; may be negative
//   JWT_ALG             EdDSA (default), ES256, ES512, RS256 or PS256, for jwt()
//   ROTATION_INTERVAL   seconds, jwt()'s jwks.rotationInterval; default: keys never rotate
//   GRACE_PERIOD        seconds, jwt()'s jwks.gracePeriod; default: 30 days
//   SESSION_CACHE       `compact`, `jwt` or `jwe`: a session_data cookie of this strategy;
//                       `jwks`: as `jwt`, but signed with a key of the JWKS; only in 1.7
//   CACHE_VERSION       the version of that cookie
//   NO_DATABASE         if not empty, sessions exist only in that cookie, with Better Auth's defaults
//   BIO                 if not empty, users have a column `bio`, which may be long
//   SESSION_TTL         seconds until a session expires, default 7 days
//   REDIS_URL           the Redis that has the sessions, instead of the database
//   REDIS_PREFIX        the start of its keys, default better-auth:
//   HIDDEN_COLUMN       the name of a column of the user that is not returned; its value is `hidden`
//   SECURE_COOKIES      if not empty, the names of all cookies begin with __Secure-
//   COOKIE_PREFIX       default better-auth
//   SESSION_COOKIE      the session cookie's name, in the place of `<COOKIE_PREFIX>.session_token`
//   DATA_COOKIE         the name of session_data, in the place of `<COOKIE_PREFIX>.session_data`
//   BASE_PATH           basePath, default /api/auth
//   NO_EMAIL            if not empty, the tokens of jwt() have no email
//   NO_BEARER, NO_JWT   if not empty, the plugin bearer() or jwt() is missing
//   ADMIN               if not empty, adds the plugins admin() and organization()
//   CUSTOM_SESSION      if not empty, adds customSession(), with a member `initial` and fewer columns;
//                       it fails for a user without a name
//   API_KEYS            if not empty, adds apiKey() with enableSessionForAPIKeys; only in 1.4
//   RATE_LIMIT          `default`: the rate limiter as in production; `exempt`: the same, except for
//                       get-session; a number: requests per minute that it allows for /jwks.
//                       Default: no rate limiter
//   FORWARDED_FOR       the client's address in the header that a proxy before Better Auth adds
//
// Besides /api/auth/*, also below the prefix of a variant:
//   GET  /test/verification-token  the newest e-mail verification token, as text; 404 before any
//   GET  /test/cached-session      what middleware finds in the session_data cookie, as JSON; null if nothing
//   POST /test/sign                body: claims as JSON; the token that jwt()'s key signs for them, as text
//   GET  /test/database            all rows, as JSON
//   POST /test/row                 body {"table":"user","id":"…","set":{"banned":true,"banExpires":{"in":60}}}:
//                                  sets columns; `in` is a time, in seconds from now
// and not below a prefix:
//   POST /test/jwks-mode           body `ok`, `429`, `500` or `hang`: what GET /api/auth/jwks does from now on
//   GET  /test/jwks-count          how many GET /api/auth/jwks came in, in any mode, as text
//   GET  /test/session-requests    what GET get-session was asked, also below prefixes, as JSON
//                                  [[url,[name,value,…]],…]; with ?containing=A,B only those with A or B
//   POST /test/session-answer      body {"token":"…","answer":{"status":500,"headers":{},"body":""}}: the
//                                  answer to get-session with this token. Also "hang", and null for the real one
import { once } from "node:events";
import { createServer } from "node:http";
import { finished } from "node:stream";
import { text } from "node:stream/consumers";
import { getCookieCache } from "better-auth/cookies";
import { toNodeHandler } from "better-auth/node";
import { createAuth, createDatabase } from "./auth.mjs";
import * as sessions from "./get-session.mjs";

const { env } = process;
if (!env.BETTER_AUTH_SECRET) {
  // Better Auth would silently fall back to a secret that everyone knows.
  console.error("BETTER_AUTH_SECRET environment variable is required");
  process.exit(2);
}
// `close` alone is not enough: it never comes if stdin is a file, such as /dev/null.
finished(process.stdin.resume(), { writable: false }, () => process.exit());

// In this process only, so the machine's clock is unchanged.
const offset = Number(env.CLOCK_OFFSET ?? 0) * 1000;
const RealDate = Date;
if (offset) {
  globalThis.Date = class extends RealDate {
    constructor(...parts) {
      super(...(parts.length ? parts : [Date.now()]));
    }
    static now() {
      return RealDate.now() + offset;
    }
  };
}

// Better Auth needs its own origin, so the port must be known before it is set up.
const server = createServer().listen(Number(env.PORT ?? 0), "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;

const database = createDatabase(env.DATABASE);
const main = await mount("", env, database);
const variants = await Promise.all(
  Object.entries(JSON.parse(env.VARIANTS ?? "{}")).map(([prefix, variables]) =>
    mount(prefix, { ...env, ...variables }, variables.SHARE_DATABASE ? database : createDatabase()),
  ),
);

/** Sets up a Better Auth, and what its paths below `prefix` do. */
async function mount(prefix, env, database) {
  let verificationToken;
  const auth = createAuth({
    env,
    origin,
    basePath: prefix ? `${prefix}/api/auth` : env.BASE_PATH,
    database,
    onVerification: (token) => {
      verificationToken = token;
    },
  });
  // Rejects if the `init` of a plugin throws, which ends the process.
  const context = await auth.$context;
  const { version } = context;
  if (env.DATABASE_URL) await context.runMigrations();

  const handler = toNodeHandler(auth);
  const betterAuth = (req, res) => {
    if (env.FORWARDED_FOR) req.headers["x-forwarded-for"] = env.FORWARDED_FOR;
    return handler(req, res);
  };
  const routes = {
    "GET /api/auth/get-session": (req, res) => sessions.getSession(req, res, betterAuth),
    "GET /test/cached-session": async (req, res) => {
      const cached = await getCookieCache(new Headers({ cookie: req.headers.cookie ?? "" }), {
        secret: env.BETTER_AUTH_SECRET,
        strategy: "jwt",
        isSecure: false,
      });
      answer(res, 200, JSON.stringify(cached));
    },
    "POST /test/sign": async (req, res) => {
      const payload = JSON.parse(await text(req));
      const { token } = await auth.api.signJWT({ body: { payload } });
      answer(res, 200, token);
    },
    "GET /test/verification-token": (req, res) =>
      verificationToken ? answer(res, 200, verificationToken) : answer(res, 404, "none sent yet"),
    "GET /test/database": (req, res) => answer(res, 200, JSON.stringify(database)),
    "POST /test/row": async (req, res) => {
      const time = (_, value) =>
        typeof value?.in === "number" ? new Date(Date.now() + value.in * 1000) : value;
      const { table, id, set } = JSON.parse(await text(req), time);
      const row = database[table].find((row) => row.id === id);
      if (!row) return answer(res, 404, `no such row: ${id}`);
      Object.assign(row, set);
      answer(res, 200, "");
    },
  };
  return { prefix, version, betterAuth, routes };
}

let jwks = main.betterAuth;
let jwksCount = 0;

const jwksModes = {
  ok: main.betterAuth,
  // What Better Auth's own rate limiter answers: its X-Retry-After is not the standard header.
  429: (req, res) =>
    res
      .writeHead(429, { "content-type": "application/json", "x-retry-after": "10" })
      .end('{"message":"Too many requests. Please try again later."}'),
  500: (req, res) => answer(res, 500, "a fault on purpose"),
  hang: () => {},
};

Object.assign(main.routes, sessions.routes, {
  "GET /api/auth/jwks": (req, res) => {
    jwksCount += 1;
    return jwks(req, res);
  },
  "GET /test/jwks-count": (req, res) => answer(res, 200, `${jwksCount}`),
  "POST /test/jwks-mode": async (req, res) => {
    const mode = (await text(req)).trim();
    if (!Object.hasOwn(jwksModes, mode)) return answer(res, 400, `no such mode: ${mode}`);
    jwks = jwksModes[mode];
    answer(res, 200, mode);
  },
});

function answer(res, status, body) {
  res.writeHead(status, { "content-type": "text/plain" }).end(body);
}

server.on("request", async (req, res) => {
  const path = req.url.split("?")[0];
  const { prefix, routes, betterAuth } =
    variants.find(({ prefix }) => path.startsWith(`${prefix}/`)) ?? main;
  const route = `${req.method} ${path.slice(prefix.length)}`;
  if (offset) res.setHeader("date", new Date().toUTCString());
  try {
    await (routes[route] ?? betterAuth)(req, res);
  } catch (error) {
    // A client that hangs up in the middle of a body must not end the server.
    console.error(error);
    res.destroy();
  }
});

console.log(JSON.stringify({ baseURL: origin, version: main.version }));
