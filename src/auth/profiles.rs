//! Builders for known issuers, whose settings never vary or need more than one method; used by
//! applications.

use super::{builder::JwtAuthBuilder, layer::JwtAuthLayer, token_source::TokenSource};

/// The kinds of tokens from an Amazon Cognito user pool that are accepted: see
/// [`JwtAuthLayer::cognito`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CognitoToken {
    /// Access tokens, which have scopes but no email address.
    Access,
    /// ID tokens, which have the user's attributes.
    Id,
    /// Both kinds.
    Either,
}

/// # Builders for known issuers
///
/// These methods need the feature `jwks` and a backend. Each returns a builder, to which you can
/// add other settings; a name that you set with [`issuer`](JwtAuthBuilder::issuer) replaces the
/// default. The guide "Issuers" (`docs/issuers.md`) has the settings for other issuers.
///
/// The token sources of such a builder belong to its issuer: if you pass it to
/// [`or`](JwtAuthBuilder::or), they are added to those of the layer, and a token from such a source
/// is accepted only if it belongs to that issuer.
impl JwtAuthLayer {
    /// Starts a builder for the JWTs that Better Auth's `oauth-provider` plugin issues for this
    /// resource: access tokens (`at+jwt`), which have no email address.
    ///
    /// The issuer is `<origin>/api/auth`. If the `jwt()` plugin has a different `jwt.issuer`, set
    /// that with [`issuer`](JwtAuthBuilder::issuer). The keys are fetched from
    /// `<origin>/api/auth/jwks`, and the leeway is 5 seconds.
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::better_auth_oauth(
    ///     "https://app.example.com",
    ///     "https://api.example.com/mcp",
    /// )
    /// .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn better_auth_oauth(
        origin: impl Into<String>,
        resource: impl Into<String>,
    ) -> JwtAuthBuilder {
        JwtAuthBuilder::better_auth_oauth(origin.into())
            .audience(resource)
            .email_optional()
    }

    /// Starts a builder for the tokens that Cloudflare Access adds to each request to an
    /// application. `team` is the team's name, and `audience` is the application's audience (AUD)
    /// tag.
    ///
    /// The token is read from the header field `cf-access-jwt-assertion` or, if that is missing,
    /// from the cookie `CF_Authorization`. To accept service tokens, call
    /// [`allow_services`](JwtAuthBuilder::allow_services).
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::cloudflare_access("my-team", "f43f…").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cloudflare_access(team: impl AsRef<str>, audience: impl Into<String>) -> JwtAuthBuilder {
        let issuer = format!("https://{}.cloudflareaccess.com", team.as_ref());
        Self::builder()
            .jwks_url(format!("{issuer}/cdn-cgi/access/certs"))
            .default_issuer(issuer)
            .audience(audience)
            .found_in(TokenSource::first_of([
                TokenSource::header_field("cf-access-jwt-assertion"),
                TokenSource::cookie("CF_Authorization"),
            ]))
    }

    /// Starts a builder for the tokens of an Amazon Cognito user pool, such as
    /// `us-west-2_AbCdEfGhI`, that were issued to one of its app clients.
    ///
    /// Access tokens name the client in `client_id` and have no audience; ID tokens name it in
    /// `aud`. A token for another client is rejected with the reason `authorized_party`, or
    /// `audience` if only ID tokens are accepted. A token whose `token_use` does not name an
    /// accepted kind is rejected with the reason `token_type`. To accept several clients, also call
    /// [`authorized_party`](JwtAuthBuilder::authorized_party) or, with [`CognitoToken::Id`],
    /// [`audience`](JwtAuthBuilder::audience). The e-mail address is required only with
    /// [`CognitoToken::Id`].
    ///
    /// ```no_run
    /// use tower_jwt_auth::{CognitoToken, JwtAuthLayer};
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth =
    ///     JwtAuthLayer::cognito("us-west-2_AbCdEfGhI", "my client ID", CognitoToken::Access).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cognito(
        user_pool_id: impl AsRef<str>,
        client_id: impl Into<String>,
        tokens: CognitoToken,
    ) -> JwtAuthBuilder {
        let (pool, client_id) = (user_pool_id.as_ref(), client_id.into());
        let region = pool.split_once('_').map_or(pool, |(region, _)| region);
        let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{pool}");
        let builder = Self::builder()
            .jwks_url(format!("{issuer}/.well-known/jwks.json"))
            .default_issuer(issuer);
        match tokens {
            CognitoToken::Access => builder
                .authorized_party(client_id)
                .token_uses(&["access"])
                .email_optional(),
            CognitoToken::Id => builder.audience(client_id).token_uses(&["id"]),
            CognitoToken::Either => builder
                .cognito_client(client_id)
                .token_uses(&["access", "id"])
                .email_optional(),
        }
    }

    /// Starts a builder for the ID tokens of Firebase Authentication. The email address is
    /// optional, because users can sign in anonymously or with a phone number.
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::firebase("my-project").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn firebase(project_id: impl AsRef<str>) -> JwtAuthBuilder {
        let project = project_id.as_ref();
        Self::builder()
            .jwks_url("https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com")
            .default_issuer(format!("https://securetoken.google.com/{project}"))
            .audience(project)
            .email_optional()
    }

    /// Starts a builder for the tokens that Google's Identity-Aware Proxy adds to each request. The
    /// audience identifies the backend service, such as
    /// `/projects/<number>/global/backendServices/<ID>`.
    ///
    /// The token is read from the header field `x-goog-iap-jwt-assertion`.
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::google_iap("/projects/1/global/backendServices/2").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn google_iap(audience: impl Into<String>) -> JwtAuthBuilder {
        Self::builder()
            .jwks_url("https://www.gstatic.com/iap/verify/public_key-jwk")
            .default_issuer("https://cloud.google.com/iap")
            .audience(audience)
            .found_in(TokenSource::header_field("x-goog-iap-jwt-assertion"))
    }
}
