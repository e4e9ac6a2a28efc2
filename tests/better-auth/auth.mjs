// One Better Auth, configured by environment variables: see server.mjs.
import { redisStorage } from "@better-auth/redis-storage";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import * as plugins from "better-auth/plugins";
import { Redis } from "ioredis";
import pg from "pg";
import { hs256Token } from "./hs256-token.mjs";

const TABLES = [
  ...["user", "session", "account", "verification", "jwks"],
  ...["organization", "member", "invitation", "apikey"],
];

/** Creates the tables of the memory adapter: empty, or with the rows of such tables as JSON. */
export function createDatabase(json = "{}") {
  const isTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
  const rows = JSON.parse(json, (_, value) => (isTime.test(value) ? new Date(value) : value));
  return { ...Object.fromEntries(TABLES.map((table) => [table, []])), ...rows };
}

/** Creates a Better Auth. `onVerification` is called with each e-mail verification token. */
export function createAuth({ env, origin, basePath, database, onVerification }) {
  const number = (name) => (env[name] ? Number(env[name]) : undefined);
  const issuer = (env.ISSUER ?? origin) || undefined;
  const audience = (env.AUDIENCE ?? origin) || undefined;
  const lifetime = `${env.TOKEN_TTL ?? 900}s`;
  const shareBetterAuthSecret = env.HS256_TOKEN === "shared";
  const isLimited = ["default", "exempt"].includes(env.RATE_LIMIT);

  return betterAuth({
    baseURL: origin,
    basePath,
    secret: env.BETTER_AUTH_SECRET,
    // Without this, Better Auth itself reads BETTER_AUTH_SECRETS, since 1.5.
    secrets: env.ONLY_SECRET ? [{ version: 1, value: env.BETTER_AUTH_SECRET }] : undefined,
    database: chooseDatabase(env, database),
    secondaryStorage: env.REDIS_URL
      ? redisStorage({ client: new Redis(env.REDIS_URL), keyPrefix: env.REDIS_PREFIX })
      : undefined,
    emailAndPassword: {
      enabled: true,
      // scrypt is slow on purpose, and most tests sign users up.
      password: {
        hash: async (password) => password,
        verify: async ({ hash, password }) => hash === password,
      },
    },
    emailVerification: {
      sendOnSignUp: true,
      autoSignInAfterVerification: true,
      sendVerificationEmail: async ({ token }) => onVerification(token),
    },
    user: {
      deleteUser: { enabled: true },
      additionalFields: {
        ...(env.HIDDEN_COLUMN && { [env.HIDDEN_COLUMN]: hidden }),
        ...(env.BIO && { bio: { type: "string" } }),
      },
    },
    session: {
      cookieCache: env.NO_DATABASE ? undefined : cookieCache(),
      expiresIn: number("SESSION_TTL"),
    },
    plugins: [
      ...(env.NO_BEARER ? [] : [plugins.bearer()]),
      ...(env.NO_JWT ? [] : [jwt()]),
      ...(env.HS256_TOKEN
        ? [hs256Token({ shareBetterAuthSecret, issuer, audience, expiresIn: lifetime })]
        : []),
      ...(env.ADMIN ? [plugins.admin(), plugins.organization()] : []),
      ...(env.API_KEYS ? [plugins.apiKey({ enableSessionForAPIKeys: true })] : []),
      ...(env.CUSTOM_SESSION ? [plugins.customSession(reducedSession)] : []),
    ],
    logger: { log: (level, message, ...details) => console.error(level, message, ...details) },
    rateLimit: {
      enabled: Boolean(env.RATE_LIMIT),
      customRules: isLimited
        ? { ...(env.RATE_LIMIT === "exempt" && { "/get-session": false }) }
        : { "/jwks": { window: 60, max: Number(env.RATE_LIMIT) } },
    },
    advanced: {
      useSecureCookies: env.SECURE_COOKIES ? true : undefined,
      cookiePrefix: env.COOKIE_PREFIX,
      cookies: {
        ...(env.SESSION_COOKIE && { session_token: { name: env.SESSION_COOKIE } }),
        ...(env.DATA_COOKIE && { session_data: { name: env.DATA_COOKIE } }),
      },
    },
    telemetry: { enabled: false },
  });

  function cookieCache() {
    return {
      enabled: Boolean(env.SESSION_CACHE),
      strategy: env.SESSION_CACHE === "jwks" ? "jwt" : env.SESSION_CACHE,
      version: env.CACHE_VERSION,
    };
  }

  function jwt() {
    return plugins.jwt({
      sessionCookieCache: env.SESSION_CACHE === "jwks",
      jwks: {
        keyPairConfig: { alg: env.JWT_ALG ?? "EdDSA" },
        rotationInterval: number("ROTATION_INTERVAL"),
        gracePeriod: number("GRACE_PERIOD"),
      },
      jwt: {
        issuer,
        audience,
        expirationTime: lifetime,
        definePayload: env.NO_EMAIL ? ({ user: { id, name } }) => ({ id, name }) : undefined,
      },
    });
  }
}

const hidden = { type: "string", required: false, returned: false, defaultValue: "hidden" };

function chooseDatabase(env, memory) {
  if (env.NO_DATABASE) return undefined;
  return env.DATABASE_URL ? postgres(env.DATABASE_URL) : memoryAdapter(memory);
}

function postgres(connectionString) {
  const pool = new pg.Pool({ connectionString });
  // Without a listener, the end of an idle connection ends the process.
  pool.on("error", (error) => console.error(error.message));
  return pool;
}

// As in Better Auth's guide to customSession: a member of the application's own, and fewer columns.
async function reducedSession({ user: { id, email, name }, session }) {
  // Throws if a user has no name.
  return { initial: name[0], user: { id, email, name }, session };
}
