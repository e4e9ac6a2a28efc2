// The pages of the authorization server, which an application would write itself. Each sends a form to
// Better Auth together with the query of its URL, which Better Auth has signed.

const signIn = `
<h1>Sign in</h1>
<form>
  <p><input name="email" type="email" value="ada@example.com">
  <p><input name="password" type="password" value="password">
  <p><button>Sign in</button>
</form>
<script type="module">
  submit("sign-in/email", () => Object.fromEntries(new FormData(document.forms[0])));
</script>`;

const consent = `
<h1>Allow access?</h1>
<p>An application requests: <b id="scope"></b>
<form><button name="accept">Allow</button> <button>Deny</button></form>
<script type="module">
  scope.textContent = new URLSearchParams(location.search).get("scope");
  submit("oauth2/consent", (button) => ({ accept: button.name === "accept" }));
</script>`;

const page = (content) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Better Auth</title>
<script>
  const submit = (endpoint, fields) => {
    document.forms[0].onsubmit = async (event) => {
      event.preventDefault();
      const response = await fetch("/api/auth/" + endpoint, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...fields(event.submitter), oauth_query: location.search.slice(1) }),
      });
      const { url, message } = await response.json();
      if (url) location = url;
      else document.body.append(message);
    };
  };
</script>
<body>${content}</body></html>`;

export const pages = { "/sign-in": page(signIn), "/consent": page(consent) };
