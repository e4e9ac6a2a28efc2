// Says what `jose` makes of HS256 tokens, for the differential tests.
//
// Each line of stdin, until it ends (the last one ends in a newline too):
//   {"token":"…","secret_b64url":"…","now":1795501580,"issuer":null,"audience":null,"leeway":0}
// Each line of stdout, in the same order:
//   {"ok":true} or {"ok":false,"code":"ERR_…"}
// Ask and read at the same time: while its answers pile up unread, it reads no more questions.
import { once } from "node:events";
import { jwtVerify } from "jose";

const HMAC = { name: "HMAC", hash: "SHA-256" };
const keys = new Map();

// Given bytes, jose would import the key again for every token.
async function importSecret(secret) {
  if (!keys.has(secret)) {
    const bytes = Buffer.from(secret, "base64url");
    keys.set(secret, await crypto.subtle.importKey("raw", bytes, HMAC, false, ["verify"]));
  }
  return keys.get(secret);
}

async function verdict({ token, secret_b64url, now, issuer, audience, leeway }) {
  try {
    await jwtVerify(token, await importSecret(secret_b64url), {
      algorithms: ["HS256"],
      currentDate: new Date(now * 1000),
      clockTolerance: leeway,
      issuer: issuer ?? undefined,
      audience: audience ?? undefined,
    });
    return { ok: true };
  } catch (error) {
    // Not every error is jose's: WebCrypto refuses an empty key with a DOMException, whose code
    // is a number.
    return { ok: false, code: typeof error.code === "string" ? error.code : error.name };
  }
}

// Not node:readline: since Node 24 it also breaks lines at U+2028, which may stand in a JSON string.
let rest = "";
for await (const chunk of process.stdin.setEncoding("utf8")) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const answer = await verdict(JSON.parse(line));
    if (!process.stdout.write(`${JSON.stringify(answer)}\n`)) await once(process.stdout, "drain");
  }
}
