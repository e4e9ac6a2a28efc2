// `node smoke.mjs`: proves that server.mjs and jose-oracle.mjs do what their headers say,
// with jose as the judge. Exits with 1 if any check fails.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";

const SECRET = "smoke-test-secret-0123456789-abcdefghij";
const API_SECRET = "smoke-test-api-secret-0123456789-abcdef";
const verifyBySecret = (token, secret = SECRET) =>
  jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ["HS256"] });
const ADA = { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse" };
const tally = { passed: 0, failed: 0 };

const checker = (group) => (claim, passed) => {
  tally[passed ? "passed" : "failed"] += 1;
  console.log(`${passed ? "ok  " : "FAIL"}  ${group.padEnd(18)}  ${claim}`);
};

function node(script, env) {
  const cwd = import.meta.dirname;
  return spawn(process.execPath, [script], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function withServer(group, env, body) {
  const check = checker(group);
  const started = performance.now();
  const child = node("server.mjs", {
    BETTER_AUTH_SECRET: SECRET,
    API_TOKEN_SECRET: API_SECRET,
    HS256_TOKEN: "separate",
    ...env,
  });
  const exited = once(child, "exit");
  try {
    const lines = [];
    const stdout = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    await Promise.race([once(stdout, "line"), exited]);
    const { baseURL } = JSON.parse(lines[0]);
    check(`ready in ${Math.round(performance.now() - started)} ms`, true);
    await body(client(baseURL), check);
    child.stdin.end();
    const [code] = await exited;
    check("one line on stdout; exits when its stdin closes", lines.length === 1 && code === 0);
  } catch (error) {
    check(error.stack, false);
  } finally {
    child.kill();
  }
}

function client(baseURL) {
  const get = (path, headers) =>
    fetch(baseURL + path, { headers, signal: AbortSignal.timeout(5000) });
  return {
    baseURL,
    get,
    text: async (path) => (await get(path)).text(),
    token: async (path, headers) => (await (await get(path, headers)).json()).token,
    kids: async () => (await (await get("/api/auth/jwks")).json()).keys.map((key) => key.kid),
    verifyByJwks: (token) =>
      jwtVerify(token, createRemoteJWKSet(new URL(`${baseURL}/api/auth/jwks`))),
    setJwksMode: (mode) => fetch(`${baseURL}/test/jwks-mode`, { method: "POST", body: mode }),
    signUp: async () => {
      const response = await fetch(`${baseURL}/api/auth/sign-up/email`, {
        method: "POST",
        headers: { origin: baseURL, "content-type": "application/json" },
        body: JSON.stringify(ADA),
      });
      const cookies = response.headers.getSetCookie().map((line) => line.split(";")[0]);
      const sessionToken = response.headers.get("set-auth-token");
      return {
        sessionToken,
        user: (await response.json()).user,
        cookies: Object.fromEntries(cookies.map((pair) => pair.split(/=(.*)/s))),
        byCookie: { cookie: cookies.join("; ") },
        byBearer: { authorization: `Bearer ${sessionToken}` },
      };
    },
  };
}

for (const alg of ["EdDSA", "ES256", "ES512", "RS256", "PS256"]) {
  await withServer(alg, { JWT_ALG: alg }, async (server, check) => {
    const { user, sessionToken, byCookie, byBearer } = await server.signUp();
    const isOfUser = ({ sub, email, name }) =>
      sub === user.id && email === ADA.email && name === ADA.name;
    const isDefault = ({ iss, aud, iat, exp }) =>
      iss === server.baseURL && aud === server.baseURL && exp - iat === 900;
    check("session token: opaque", /^\w{32}\.[\w+/]{43}=$/.test(sessionToken));

    const jwt = await server.verifyByJwks(await server.token("/api/auth/token", byCookie));
    check("jwt() token: verifies by the JWKS, this alg", jwt.protectedHeader.alg === alg);
    check("jwt() token: sub, email, name", isOfUser(jwt.payload));
    check("jwt() token: origin as iss and aud, 15 min", isDefault(jwt.payload));

    const token = await server.token("/api/auth/hs256-token", byBearer);
    const hs256 = await verifyBySecret(token, API_SECRET);
    check("HS256 token: verifies by the API secret, typ JWT", hs256.protectedHeader.typ === "JWT");
    check("HS256 token: sub, email, name", isOfUser(hs256.payload));
    check("HS256 token: origin as iss and aud, 15 min", isDefault(hs256.payload));

    const { payload } = await verifyBySecret(await server.text("/test/verification-token"));
    check("verification token: verifies by the secret", payload.email === ADA.email);
    check("verification token: no sub", !("sub" in payload));
  });
}

await withServer("shared secret", { HS256_TOKEN: "shared" }, async (server, check) => {
  const { user, byCookie } = await server.signUp();
  const { payload } = await verifyBySecret(await server.token("/api/auth/hs256-token", byCookie));
  const { sub, user_email } = payload;
  check("HS256 token: sub, user_email", sub === user.id && user_email === ADA.email);
  check("HS256 token: no email", !("email" in payload));
});

const explicit = { ISSUER: "https://i.example", AUDIENCE: "https://a.example", TOKEN_TTL: "60" };
await withServer("iss, aud, ttl set", explicit, async (server, check) => {
  const { byCookie } = await server.signUp();
  for (const path of ["/api/auth/token", "/api/auth/hs256-token"]) {
    const { iss, aud, iat, exp } = decodeJwt(await server.token(path, byCookie));
    check(path, iss === explicit.ISSUER && aud === explicit.AUDIENCE && exp - iat === 60);
  }
});

const empty = { ISSUER: "", AUDIENCE: "", TOKEN_TTL: "-60" };
await withServer("iss, aud empty", empty, async (server, check) => {
  const { byCookie } = await server.signUp();
  const hs256 = decodeJwt(await server.token("/api/auth/hs256-token", byCookie));
  const jwt = decodeJwt(await server.token("/api/auth/token", byCookie));
  check("HS256 token: neither claim", !("iss" in hs256) && !("aud" in hs256));
  check("jwt() token: the origin", jwt.iss === server.baseURL && jwt.aud === server.baseURL);
  check("a negative TOKEN_TTL: HS256 token expired", hs256.exp - hs256.iat === -60);
  check("a negative TOKEN_TTL: jwt() token expired", jwt.exp - jwt.iat === -60);
});

const rotating = { ROTATION_INTERVAL: "2", GRACE_PERIOD: "2" };
await withServer("rotation", rotating, async (server, check) => {
  const { byCookie } = await server.signUp();
  const signWithKid = async () => {
    const token = await server.token("/api/auth/token", byCookie);
    return [token, decodeProtectedHeader(token).kid];
  };
  const kids = async () => `${await server.kids()}`;

  const [oldToken, oldKid] = await signWithKid();
  await sleep(2100);
  check("after the interval: still the old key only", (await kids()) === oldKid);
  const [newToken, newKid] = await signWithKid();
  check("the next signing makes a second kid", newKid !== oldKid);
  check("the JWKS now has both", (await kids()) === `${oldKid},${newKid}`);
  await server.verifyByJwks(newToken);
  await server.verifyByJwks(oldToken);
  check("both tokens verify by it", true);
  await sleep(2100);
  check("after the grace period: the new key only", (await kids()) === newKid);
});

await withServer("jwks-mode", {}, async (server, check) => {
  const status = async () => (await server.get("/api/auth/jwks")).status;
  for (const [mode, expected] of [
    ["429", 429],
    ["500", 500],
    ["ok", 200],
  ]) {
    await server.setJwksMode(mode);
    check(mode, (await status()) === expected);
  }
  await server.setJwksMode("hang");
  check("hang", (await Promise.race([status().catch(() => {}), sleep(300, "hung")])) === "hung");
  check("an unknown mode is refused", (await server.setJwksMode("toString")).status === 400);
  await server.setJwksMode("ok");
  check("recovers", (await status()) === 200);
  check("the count has all five", (await server.text("/test/jwks-count")) === "5");
});

await withServer("SESSION_CACHE=jwt", { SESSION_CACHE: "jwt" }, async (server, check) => {
  const { cookies } = await server.signUp();
  const { payload } = await verifyBySecret(cookies["better-auth.session_data"]);
  check("session_data: verifies by the secret", payload.user.email === ADA.email);
  check("session_data: no sub", !("sub" in payload));
});

await withServer("SESSION_CACHE=jwks", { SESSION_CACHE: "jwks" }, async (server, check) => {
  const { cookies, user } = await server.signUp();
  const cached = await server.verifyByJwks(cookies["better-auth.session_data"]);
  const { typ } = cached.protectedHeader;
  check("session_data: by the JWKS, its own typ", typ === "better-auth.session-cache+jwt");
  check("session_data: its own aud", cached.payload.aud === "better-auth:session-cache");
  check("session_data: the user's sub", cached.payload.sub === user.id);
});

const variants = JSON.stringify({ "/secure": { SECURE_COOKIES: "1", SHARE_DATABASE: "1" } });
await withServer("sessions", { ADMIN: "1", VARIANTS: variants }, async (server, check) => {
  const { cookies, user, byCookie } = await server.signUp();
  const [token, mac] = cookies["better-auth.session_token"].split(".");
  const bySecure = { cookie: `__Secure-better-auth.session_token=${token}.${mac}` };
  const post = (path, body) =>
    fetch(server.baseURL + path, { method: "POST", body: JSON.stringify(body) });
  const getSession = async (prefix, headers) =>
    (await server.get(`${prefix}/api/auth/get-session`, headers)).json();
  check("a variant has its own cookies", (await getSession("", bySecure)) === null);
  check("and shares the database", (await getSession("/secure", bySecure)).user.id === user.id);

  await post("/test/row", { table: "user", id: user.id, set: { banExpires: { in: 60 } } });
  const { banExpires } = (await getSession("", byCookie)).user;
  check("row: a time", Math.abs(new Date(banExpires) - Date.now() - 60_000) < 2000);

  const answer = { status: 200, headers: {}, body: "1" };
  await post("/test/session-answer", { token, answer });
  check("session-answer", (await getSession("", byCookie)) === 1);
  const found = await (await server.get(`/test/session-requests?containing=${token}`)).json();
  const sent = found.map(([url, headers]) => url + headers.includes(byCookie.cookie));
  const url = "/api/auth/get-session";
  check("session-requests", `${sent}` === `${url}false,/secure${url}false,${url}true,${url}true`);

  const DATABASE = await server.text("/test/database");
  await withServer("DATABASE", { DATABASE, ADMIN: "1" }, async (next, check) => {
    const response = await next.get(url, byCookie);
    check("the session is still there", (await response.json()).user.id === user.id);
  });
});

const [code] = await once(node("server.mjs", { BETTER_AUTH_SECRET: "" }), "exit");
checker("no secret")("the server does not start", code === 2);

await oracle(checker("jose-oracle"));

console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed ? 1 : 0;

async function oracle(check) {
  const now = 1_795_501_580;
  const sign = (alg) =>
    new SignJWT({ sub: "1", exp: now + 60, iss: "i", aud: ["a", "b"] })
      .setProtectedHeader({ alg })
      .sign(new Uint8Array(64));
  const question = {
    token: await sign("HS256"),
    secret_b64url: Buffer.alloc(64).toString("base64url"),
    now,
    issuer: null,
    audience: null,
    leeway: 0,
  };
  const cases = [
    ["good", {}],
    ["good issuer, one of two audiences", { issuer: "i", audience: "b" }],
    ["good within the leeway", { now: now + 60, leeway: 1 }],
    ["expired", { now: now + 60 }, "ERR_JWT_EXPIRED"],
    ["other issuer", { issuer: "j" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    ["other audience", { audience: "c" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    ["other secret", { secret_b64url: "AQID" }, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    ["empty secret", { secret_b64url: "" }, "DataError"],
    ["two parts", { token: "a.b" }, "ERR_JWS_INVALID"],
    ["a line separator inside", { token: "a\u2028b" }, "ERR_JWS_INVALID"],
    ["HS512", { token: await sign("HS512") }, "ERR_JOSE_ALG_NOT_ALLOWED"],
  ];
  const rounds = 2000;

  const started = performance.now();
  const child = node("jose-oracle.mjs");
  const lines = cases.map(([, fields]) => `${JSON.stringify({ ...question, ...fields })}\n`);
  child.stdin.end(lines.join("").repeat(rounds));
  const answers = (await text(child.stdout))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const seconds = (performance.now() - started) / 1000;

  const isRight = ({ ok, code }, [, , expected]) => ok === !expected && code === expected;
  cases.forEach((one, i) => check(`${one[0]}: ${one[2] ?? "ok"}`, isRight(answers[i], one)));
  check(
    "all answered, in order",
    answers.every((a, i) => isRight(a, cases[i % cases.length])),
  );
  check(
    `${answers.length} lines in ${seconds.toFixed(1)} s`,
    answers.length === cases.length * rounds && seconds < 10,
  );
}
