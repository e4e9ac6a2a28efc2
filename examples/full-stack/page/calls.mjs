// The list of calls: the requests and their responses.

const list = document.querySelector("#calls");

/** Adds a call at the top. Its status is 0 if the browser gave the page no response. */
export function note({ method, url, status, detail, challenge }) {
  const item = document.createElement("li");
  item.className = status >= 200 && status < 300 ? "good" : "";
  item.append(element("b", status || "none"), element("span", `${method} ${shown(url)}`));
  if (detail) item.append(element("p", detail));
  if (challenge) item.append(element("small", `www-authenticate: ${challenge}`));
  list.prepend(item);
}

/** Returns the URL, without the origin if it is the page's own. */
function shown(url) {
  const { origin, pathname } = new URL(url, location);
  return origin === location.origin ? pathname : origin.replace("http://", "") + pathname;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text; // never as HTML
  return made;
}
