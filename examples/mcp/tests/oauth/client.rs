//! rmcp's client.

use std::error::Error;

use rmcp::{
    ClientLifecycleMode, ClientServiceExt, RoleClient, ServiceError,
    model::CallToolRequestParams,
    service::{ClientInitializeError, RunningService},
    transport::{
        AuthClient, AuthorizationManager, AuthorizationRequest, StreamableHttpClientTransport,
        auth::{AuthorizationCallback, OAuthState},
        streamable_http_client::{
            InsufficientScopeError, StreamableHttpClientTransportConfig as Config,
        },
    },
};
use serde_json::Value;

use super::{better_auth::REDIRECT, site::Site};

/// A connection to the MCP server, and the tokens that it uses.
pub struct Client {
    connection: RunningService<RoleClient, ()>,
    auth: AuthClient<reqwest::Client>,
}

impl Client {
    /// Connects without a token, and does what the challenge demands.
    pub async fn authorize(site: &Site, lifecycle: &ClientLifecycleMode) -> Self {
        site.transcript.step("connects without a token");
        let manager = AuthorizationManager::new(&*site.mcp).await.unwrap();
        let Err(error) = Self::connect(site, lifecycle, manager).await else {
            panic!("the server accepts a request without a token");
        };
        let challenge = error.auth_challenge().expect("a challenge");
        assert!(challenge.contains(r#"scope="mcp:read""#), "{challenge}");

        site.transcript.step("discovers Better Auth, and registers");
        let mut oauth = OAuthState::new(&*site.mcp, None).await.unwrap();
        let request = AuthorizationRequest::new(REDIRECT)
            .with_challenge(challenge)
            .with_application_type("native");
        oauth.start_authorization(request).await.unwrap();

        site.transcript.step("opens the browser");
        let url = oauth.get_authorization_url().await.unwrap();
        let callback = site.better_auth.authorize(&url).await;
        oauth.handle_callback_url(&callback).await.unwrap();

        site.transcript.step("connects with the token");
        let manager = oauth.into_authorization_manager().unwrap();
        let client = Self::connect(site, lifecycle, manager).await;
        client.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn connect(
        site: &Site,
        lifecycle: &ClientLifecycleMode,
        manager: AuthorizationManager,
    ) -> Result<Self, ClientInitializeError> {
        let auth = AuthClient::new(reqwest::Client::new(), manager);
        let config = Config::with_uri(&*site.mcp);
        let transport = StreamableHttpClientTransport::with_client(auth.clone(), config);
        let connection = ().serve_with_lifecycle(transport, lifecycle.clone()).await?;
        Ok(Self { connection, auth })
    }

    pub fn protocol_version(&self) -> String {
        let server = self.connection.peer_info().expect("the server responded");
        server.protocol_version.to_string()
    }

    /// Calls a tool, and returns its text.
    pub async fn call(&self, tool: &'static str, arguments: Value) -> Result<String, ServiceError> {
        let call = CallToolRequestParams::new(tool)
            .with_arguments(arguments.as_object().cloned().unwrap_or_default());
        let result = self.connection.call_tool(call).await?;
        let result: Value = serde_json::to_value(result).unwrap();
        Ok(result["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// Requests the scopes that a rejected call needs.
    pub async fn step_up(&self, site: &Site, error: &ServiceError) {
        let scope = required_scope(error).expect("the challenge has a scope");
        assert_eq!(scope, "mcp:read mcp:write");
        let manager = self.auth.auth_manager.lock().await;
        let url = manager.request_scope_upgrade(&scope).await.unwrap();
        let callback = site.better_auth.authorize(&url).await;
        let callback = AuthorizationCallback::from_redirect_url(&callback).unwrap();
        manager
            .exchange_code_for_token_with_issuer(
                &callback.code,
                &callback.csrf_token,
                callback.issuer.as_deref(),
            )
            .await
            .unwrap();
    }

    pub async fn close(self) {
        self.connection.cancel().await.unwrap();
    }
}

/// Returns the `scope` of the challenge of a 403.
fn required_scope(error: &ServiceError) -> Option<String> {
    let ServiceError::TransportSend(error) = error else {
        return None;
    };
    let mut source: Option<&(dyn Error + 'static)> = Some(error.error.as_ref());
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<InsufficientScopeError>() {
            return error.required_scope.clone();
        }
        source = error.source();
    }
    None
}
