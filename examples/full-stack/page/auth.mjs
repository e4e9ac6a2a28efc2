// Better Auth's client, and the credential for the API: a token or, with SESSIONS, the session cookie.
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";
import { note } from "./calls.mjs";

export const auth = createAuthClient({
  plugins: SESSIONS ? [] : [jwtClient()], // esbuild inserts SESSIONS
  fetchOptions: {
    onSuccess: ({ request, response }) => noteCall(request, response),
    onError: ({ request, response, error }) => noteCall(request, response, error.message),
  },
});

function noteCall({ method, url }, { status }, detail) {
  note({ method, url, status, detail });
}

/**
 * Returns the credential of the user, as options of `tasks`. The browser adds the session cookie, which
 * the page cannot read. The cookie belongs to the host of the page, and is sent to all of its ports.
 */
export async function credential() {
  return SESSIONS ? { credentials: "include" } : { token: await token() };
}

// In memory only, because every script on the page can read localStorage.
let cached;

/** Returns a token that does not expire soon, or undefined if no user is signed in. */
export async function token() {
  if (!cached || Date.now() >= cached.renewAt) cached = await fetchToken();
  return cached?.token;
}

/**
 * Forgets the token of the previous user. The API accepts a token until it expires, by default
 * after 15 minutes with Better Auth, even if its user has signed out, so the page must not keep it.
 */
export function forgetToken() {
  cached = undefined;
  show(SESSIONS ? "in the session cookie" : "none yet");
}

async function fetchToken() {
  const { data } = await auth.token(); // GET /api/auth/token, with the cookie of the session
  if (!data) return forgetToken();
  const { iat, exp } = claims(data.token);
  // The lifetime comes from the issuer's clock and the start from this one, because they may differ.
  const lifetime = (exp - iat) * 1000;
  const renewAt = Date.now() + lifetime - 60_000; // a minute before it expires
  show(`to be renewed at ${new Date(renewAt).toLocaleTimeString("en-GB")}`);
  return { token: data.token, renewAt };
}

/** Reads the claims of a token without verifying it. Only the API verifies tokens. */
function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(payload));
}

function show(text) {
  document.querySelector("#token").textContent = text;
}
