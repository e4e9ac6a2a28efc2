// Calls of the API. It is on another origin, so the browser sends a preflight request first.
import { note } from "./calls.mjs";

/** Fetches the tasks of a user, or adds one. Returns `{ status, data }` for every response. */
export async function tasks(userId, { token, credentials, add } = {}) {
  const method = add ? "POST" : "GET";
  const url = `${API_ORIGIN}/api/${encodeURIComponent(userId)}/tasks`; // esbuild inserts API_ORIGIN
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (add) headers["content-type"] = "application/json";
  try {
    const response = await fetch(url, { method, headers, credentials, body: add && JSON.stringify(add) });
    const { status } = response;
    const data = await response.json();
    note({ method, url, status, detail: data.detail, challenge: response.headers.get("www-authenticate") });
    return { status, data };
  } catch {
    // The browser does not tell the page which of the two it is.
    note({ method, url, status: 0, detail: "The API is not running, or does not allow this origin." });
    return { status: 0 };
  }
}
