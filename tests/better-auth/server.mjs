// A real Better Auth server for the integration tests, on 127.0.0.1.
//
// When ready it prints one line of JSON, {"baseURL":"http://127.0.0.1:PORT","version":"1.7.25"}, and
// nothing else, to stdout (Better Auth's log goes to stderr). It exits when its
// stdin closes, so that a test that dies leaves no orphan.
//
// Environment:
//   BETTER_AUTH_SECRET  required; Better Auth prefers the first of BETTER_AUTH_SECRETS if that is set
//   HS256_TOKEN         `separate` or `shared`: adds the endpoint of hs256-token.mjs, which signs with
//                       API_TOKEN_SECRET or with Better Auth's own secret; default: no such endpoint
//   API_TOKEN_SECRET    required by `separate`
//   RELEASE             1.4, 1.5, 1.6 or 1.7 (default), with --import ./release.mjs: of Better Auth
//   PORT                default 0: any free port
//   ISSUER, AUDIENCE    `iss` and `aud` of the tokens of jwt() and of the HS256 endpoint;
//                       default: the server's own origin. Empty: the HS256 token has no such
//                       claim, and jwt() falls back to the origin
//   TOKEN_TTL           seconds until those tokens expire, default 900; may be negative
//   JWT_ALG             EdDSA (default), ES256, ES512, RS256 or PS256, for jwt()
//   ROTATION_INTERVAL   seconds, jwt()'s jwks.rotationInterval; default: keys never rotate
//   GRACE_PERIOD        seconds, jwt()'s jwks.gracePeriod; default: 30 days
//   SESSION_CACHE       `jwt`: a session_data cookie signed with the secret;
//                       `jwks`: the same cookie signed with a key of the JWKS
//   BASE_PATH           basePath, default /api/auth
//   CLOCK_OFFSET        seconds that this server's clock is ahead of the real one, default 0
//   NO_EMAIL            if not empty, the tokens of jwt() have no email
//   RATE_LIMIT          requests per minute that Better Auth's rate limiter allows for /jwks;
//                       default: no rate limiter
//
// Besides /api/auth/*:
//   GET  /test/verification-token  the newest e-mail verification token, as text; 404 before any
//   GET  /test/cached-session      what middleware finds in the session_data cookie, as JSON; null if nothing
//   POST /test/jwks-mode           body `ok`, `429`, `500` or `hang`: what GET /api/auth/jwks does from now on
//   POST /test/sign                body: claims as JSON; the token that jwt()'s key signs for them, as text
//   GET  /test/jwks-count          how many GET /api/auth/jwks came in, in any mode, as text
import { once } from "node:events";
import { createServer } from "node:http";
import { finished } from "node:stream";
import { text } from "node:stream/consumers";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getCookieCache } from "better-auth/cookies";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";
import { hs256Token } from "./hs256-token.mjs";

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
const baseURL = `http://127.0.0.1:${server.address().port}`;

const issuer = (env.ISSUER ?? baseURL) || undefined;
const audience = (env.AUDIENCE ?? baseURL) || undefined;
const lifetime = `${env.TOKEN_TTL ?? 900}s`;
const seconds = (name) => (env[name] === undefined ? undefined : Number(env[name]));
const shareBetterAuthSecret = env.HS256_TOKEN === "shared";
let verificationToken;

const auth = betterAuth({
  baseURL,
  basePath: env.BASE_PATH,
  secret: env.BETTER_AUTH_SECRET,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true },
  emailVerification: {
    sendOnSignUp: true,
    autoSignInAfterVerification: true,
    sendVerificationEmail: async ({ token }) => {
      verificationToken = token;
    },
  },
  user: { deleteUser: { enabled: true } },
  session: { cookieCache: { enabled: Boolean(env.SESSION_CACHE), strategy: "jwt" } },
  plugins: [
    bearer(),
    jwt({
      sessionCookieCache: env.SESSION_CACHE === "jwks",
      jwks: {
        keyPairConfig: { alg: env.JWT_ALG ?? "EdDSA" },
        rotationInterval: seconds("ROTATION_INTERVAL"),
        gracePeriod: seconds("GRACE_PERIOD"),
      },
      jwt: {
        issuer,
        audience,
        expirationTime: lifetime,
        definePayload: env.NO_EMAIL ? ({ user: { id, name } }) => ({ id, name }) : undefined,
      },
    }),
    ...(env.HS256_TOKEN
      ? [hs256Token({ shareBetterAuthSecret, issuer, audience, expiresIn: lifetime })]
      : []),
  ],
  logger: { log: (level, message, ...details) => console.error(level, message, ...details) },
  rateLimit: {
    enabled: Boolean(env.RATE_LIMIT),
    customRules: { "/jwks": { window: 60, max: Number(env.RATE_LIMIT) } },
  },
  telemetry: { enabled: false },
});

// Rejects if the `init` of a plugin throws, which ends the process.
const { version } = await auth.$context;

const betterAuthHandler = toNodeHandler(auth);
let jwks = betterAuthHandler;
let jwksCount = 0;

const jwksModes = {
  ok: betterAuthHandler,
  // What Better Auth's own rate limiter answers: its X-Retry-After is not the standard header.
  429: (req, res) =>
    res
      .writeHead(429, { "content-type": "application/json", "x-retry-after": "10" })
      .end('{"message":"Too many requests. Please try again later."}'),
  500: (req, res) => answer(res, 500, "a fault on purpose"),
  hang: () => {},
};

const routes = {
  "GET /api/auth/jwks": (req, res) => {
    jwksCount += 1;
    return jwks(req, res);
  },
  "GET /test/jwks-count": (req, res) => answer(res, 200, `${jwksCount}`),
  "GET /test/cached-session": async (req, res) => {
    const cached = await getCookieCache(new Headers({ cookie: req.headers.cookie ?? "" }), {
      secret: env.BETTER_AUTH_SECRET,
      strategy: "jwt",
      isSecure: false,
    });
    answer(res, 200, JSON.stringify(cached));
  },
  "POST /test/jwks-mode": async (req, res) => {
    const mode = (await text(req)).trim();
    if (!Object.hasOwn(jwksModes, mode)) return answer(res, 400, `no such mode: ${mode}`);
    jwks = jwksModes[mode];
    answer(res, 200, mode);
  },
  "POST /test/sign": async (req, res) => {
    const payload = JSON.parse(await text(req));
    const { token } = await auth.api.signJWT({ body: { payload } });
    answer(res, 200, token);
  },
  "GET /test/verification-token": (req, res) =>
    verificationToken ? answer(res, 200, verificationToken) : answer(res, 404, "none sent yet"),
};

function answer(res, status, body) {
  res.writeHead(status, { "content-type": "text/plain" }).end(body);
}

server.on("request", async (req, res) => {
  const route = `${req.method} ${req.url.split("?")[0]}`;
  if (offset) res.setHeader("date", new Date().toUTCString());
  try {
    await (routes[route] ?? betterAuthHandler)(req, res);
  } catch (error) {
    // A client that hangs up in the middle of a body must not end the server.
    console.error(error);
    res.destroy();
  }
});

console.log(JSON.stringify({ baseURL, version }));
