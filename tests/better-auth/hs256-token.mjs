import { createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import { SignJWT } from "jose";

// The secret's text, unchanged: it is not decoded from base64, even if it looks like base64.
const bytes = (secret) => new TextEncoder().encode(secret);

/**
 * Better Auth plugin: `GET /api/auth/hs256-token` gives the signed-in user a
 * short-lived JWT for services that share API_TOKEN_SECRET.
 *
 * With `shareBetterAuthSecret`, Better Auth's own secret signs it instead. Under that
 * secret, a JWT with an `email` proves to Better Auth that its sender reads the mail of
 * that address, so the address is in `user_email`. Never add a claim `email` to it.
 */
export const hs256Token = ({
  secret = process.env.API_TOKEN_SECRET,
  shareBetterAuthSecret = false,
  issuer,
  audience,
  expiresIn = "15m",
} = {}) => {
  if (!shareBetterAuthSecret && bytes(secret ?? "").length < 32) {
    throw new Error(
      "API_TOKEN_SECRET is missing or shorter than 32 bytes: set it to `openssl rand -base64 32`",
    );
  }
  return {
    id: "hs256-token",
    init: (context) => {
      if (!shareBetterAuthSecret && secret === context.secret) {
        throw new Error("API_TOKEN_SECRET is Better Auth's own secret: set it to another one");
      }
    },
    endpoints: {
      getHs256Token: createAuthEndpoint(
        "/hs256-token",
        { method: "GET", requireHeaders: true, use: [sessionMiddleware] },
        async (ctx) => {
          const { id, email, emailVerified, name } = ctx.context.session.user;
          const address = shareBetterAuthSecret ? { user_email: email } : { email };
          // If the issuer or audience is not set, its claim is omitted.
          const claims = { ...address, emailVerified, name, iss: issuer, aud: audience };
          const token = await new SignJWT(claims)
            .setProtectedHeader({ alg: "HS256", typ: "JWT" })
            .setSubject(id)
            .setIssuedAt()
            .setExpirationTime(expiresIn)
            .sign(bytes(shareBetterAuthSecret ? ctx.context.secret : secret));
          return ctx.json({ token });
        },
      ),
    },
  };
};
