import { createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import { SignJWT } from "jose";

/**
 * Better Auth plugin: `GET /api/auth/hs256-token` gives the signed-in user a
 * short-lived JWT for services that share BETTER_AUTH_SECRET.
 */
export const hs256Token = ({ issuer, audience, expiresIn = "15m" } = {}) => ({
  id: "hs256-token",
  endpoints: {
    getHs256Token: createAuthEndpoint(
      "/hs256-token",
      { method: "GET", requireHeaders: true, use: [sessionMiddleware] },
      async (ctx) => {
        const { id, email, name } = ctx.context.session.user;
        // The text of the secret as it stands: it is not base64, even if it looks like it.
        const key = new TextEncoder().encode(ctx.context.secret);
        // An issuer or audience that is not set leaves no claim behind.
        const token = await new SignJWT({ email, name, iss: issuer, aud: audience })
          .setProtectedHeader({ alg: "HS256", typ: "JWT" })
          .setSubject(id)
          .setIssuedAt()
          .setExpirationTime(expiresIn)
          .sign(key);
        return ctx.json({ token });
      },
    ),
  },
});
