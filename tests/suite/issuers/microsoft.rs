//! Microsoft Entra ID: version 1 and 2, several tenants, and tokens for Microsoft Graph.

use serde_json::{Value, json};
use tower::layer::util::Stack;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer, RequireScopeLayer};

use super::*;

const TENANT: &str = "5b1d6f2a-0c3e-4d57-9a88-71f0e2c4b6d9";
const OTHER_TENANT: &str = "0e9c8b7a-6d5f-4e3c-8b2a-1f0e9d8c7b6a";
const V2: &str = "https://login.microsoftonline.com/5b1d6f2a-0c3e-4d57-9a88-71f0e2c4b6d9/v2.0";
const V1: &str = "https://sts.windows.net/5b1d6f2a-0c3e-4d57-9a88-71f0e2c4b6d9/";
const KEYS: &str =
    "https://login.microsoftonline.com/5b1d6f2a-0c3e-4d57-9a88-71f0e2c4b6d9/discovery/v2.0/keys";
const COMMON_KEYS: &str = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
const CLIENT: &str = "c0ffee00-1234-4abc-8def-001122334455";
const TEMPLATE: &str = "https://login.microsoftonline.com/{tid}/v2.0";

fn one_tenant() -> JwtAuthBuilder {
    let builder = JwtAuthLayer::builder().jwks_url(KEYS).issuer(V2);
    builder.audience(CLIENT).email_optional()
}

fn both_versions() -> JwtAuthBuilder {
    let builder = one_tenant().issuer(V1);
    builder.audience("api://c0ffee00-1234-4abc-8def-001122334455")
}

fn template() -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .jwks_url(COMMON_KEYS)
        .issuer_template(TEMPLATE)
        .audience(CLIENT)
        .email_optional()
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "mQ2" })
}

/// A JWK without `alg`, with the issuer for which it signs.
fn jwk(issuer: &str) -> Value {
    json!({
        "use": "sig", "kid": "mQ2", "x5t": "mQ2", "x5c": ["MIIB"], "issuer": issuer,
    })
}

fn claims() -> Value {
    json!({
        "iss": V2, "aud": CLIENT, "nbf": NOW - 5, "azp": CLIENT, "name": "Grace H",
        "oid": "11112222-3333-4444-5555-666677778888", "preferred_username": "grace@example.com",
        "scp": "notes.read notes.write", "sub": "Qw3rTy", "tid": TENANT, "ver": "2.0",
    })
}

fn claims_v1() -> Value {
    json!({
        "iss": V1, "aud": "api://c0ffee00-1234-4abc-8def-001122334455", "nbf": NOW - 5, "appid": CLIENT,
        "oid": "11112222-3333-4444-5555-666677778888", "scp": "notes.read", "sub": "Qw3rTy",
        "tid": TENANT, "ver": "1.0",
    })
}

fn entra(case: &'static str, claims: Value) -> Row {
    Row::new("Microsoft Entra ID", case, header(), claims).keys(KEYS, [jwk(V2)])
}

fn multi_tenant(case: &'static str, members: Value) -> Row {
    let row = Row::new(
        "Microsoft Entra ID, several tenants",
        case,
        header(),
        with(claims(), members),
    );
    let key_issuer = TEMPLATE.replace("tid", "tenantid");
    row.keys(COMMON_KEYS, [jwk(&key_issuer)])
}

pub(super) fn rows() -> Vec<Row> {
    const SCOPES: &[&str] = &["notes.read", "notes.write"];
    let of_other_tenant = json!({ "iss": V2.replace(TENANT, OTHER_TENANT), "tid": OTHER_TENANT });
    let listed = || template().tenants([TENANT]);
    let any = || template().any_tenant();
    vec![
        entra("version 2", claims())
            .configured(one_tenant)
            .accepted("Qw3rTy", "", SCOPES),
        entra("version 2, the object ID and the user name", claims())
            .configured(|| {
                let builder = one_tenant().user_id_claim("oid");
                builder.email_claim("preferred_username")
            })
            .accepted(
                "11112222-3333-4444-5555-666677778888",
                "grace@example.com",
                SCOPES,
            ),
        entra("version 1 beside version 2", claims_v1())
            .configured(both_versions)
            .accepted("Qw3rTy", "", &["notes.read"]),
        entra("version 2 beside version 1", claims())
            .configured(both_versions)
            .accepted("Qw3rTy", "", SCOPES),
        entra("version 1 alone", claims_v1())
            .configured(one_tenant)
            .rejected("issuer", "iss must be \"https://login.microsoftonline.com/"),
        multi_tenant("a listed tenant", json!({}))
            .configured(listed)
            .accepted("Qw3rTy", "", SCOPES),
        multi_tenant("a tenant that is not listed", of_other_tenant.clone())
            .configured(listed)
            .rejected("issuer", "not one of those set with .tenants([…])"),
        multi_tenant("any tenant", of_other_tenant.clone())
            .configured(any)
            .accepted("Qw3rTy", "", SCOPES),
        multi_tenant("the tid of another tenant", json!({ "tid": OTHER_TENANT }))
            .configured(any)
            .rejected("issuer", "tid is not the tenant in it"),
        multi_tenant("a tid that is not a string", json!({ "tid": [TENANT] }))
            .configured(any)
            .rejected("issuer", "tid is not the tenant in it"),
        multi_tenant("the issuer of version 1", json!({ "iss": V1 }))
            .configured(any)
            .rejected("issuer", TEMPLATE),
        multi_tenant("the key of the tenant", json!({}))
            .keys(COMMON_KEYS, [jwk(V2)])
            .configured(any)
            .accepted("Qw3rTy", "", SCOPES),
        multi_tenant("a key for another form of issuer", json!({}))
            .keys(
                COMMON_KEYS,
                [jwk("https://login.microsoftonline.com/{tenantid}")],
            )
            .configured(any)
            .rejected("issuer", "the key set lists the key for another issuer"),
        multi_tenant("the key of another tenant", of_other_tenant)
            .keys(COMMON_KEYS, [jwk(V2)])
            .configured(any)
            .rejected("issuer", "the key set lists the key for another issuer"),
        multi_tenant("the key of another tenant, and a name beside it", json!({}))
            .keys(COMMON_KEYS, [jwk(&V2.replace(TENANT, OTHER_TENANT))])
            .configured(|| template().tenants([OTHER_TENANT]).issuer(V2))
            .rejected("issuer", "the key set lists the key for another issuer"),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_two_versions_share_one_key_set() {
    let row = entra("", claims()).configured(both_versions);
    let pages = row.pages();
    let layer = row.layer(&pages);
    layer.ready().await.unwrap();
    for claims in [claims(), claims_v1()] {
        let claims = with(claims, json!({ "exp": NOW + 60 }));
        assert_eq!(
            sent(&layer, &token_of("RS256", &header(), &claims)).await,
            "accepted"
        );
    }
    assert_eq!(pages.fetched(), [KEYS]);
}

/// Only Microsoft Graph can verify them, because it replaces the nonce in the header first.
#[tokio::test(start_paused = true)]
async fn a_graph_token_is_rejected_with_the_scope_to_request() {
    let row = entra("", claims()).configured(one_tenant);
    let layer = row.layer(&row.pages());
    layer.ready().await.unwrap();
    let signed = with(header(), json!({ "nonce": "hashed" }));
    let sent_header = with(header(), json!({ "nonce": "plain" }));
    let claims = json!({
        "aud": "00000003-0000-0000-c000-000000000000", "iss": V1, "sub": "Qw3rTy", "exp": NOW + 60,
    });
    let token = token_of("RS256", &signed, &claims);
    let (_, rest) = token.split_once('.').unwrap();
    let token = format!("{}.{rest}", encode(sent_header.to_string()));
    let events = Captured::start();
    assert_eq!(sent(&layer, &token).await, "signature");
    let log = events.text();
    assert_contains(&log, "Microsoft Graph", "");
    assert_contains(&log, "scope of your own API", "");
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_all_tenants_names_the_template_as_the_fix() {
    let issuer = "https://login.microsoftonline.com/common/v2.0";
    let pages = Pages::default();
    let metadata = json!({
        "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0", "jwks_uri": COMMON_KEYS,
    });
    let url = format!("{issuer}/.well-known/openid-configuration");
    pages.publish(&url, metadata.to_string());
    let layer = layer_with(JwtAuthLayer::discover(issuer).audience(CLIENT), &pages);
    let error = layer.ready().await.unwrap_err();
    assert_contains(&error, ".issuer_template(…)", "");
    assert_eq!(pages.fetched()[..], [url]);
}

/// The status of `GET /users/Qw3rTy/notes` behind an authorization layer.
async fn status<L>(auth: &JwtAuthLayer, layer: L, token: &str) -> (u16, &'static str)
where
    L: Layer<Inner>,
    JwtAuthLayer: Layer<L::Service>,
    Stack<L, JwtAuthLayer>: Layer<Inner, Service: tower::Service<Request<()>, Error = Infallible>>,
    <<Stack<L, JwtAuthLayer> as Layer<Inner>>::Service as tower::Service<Request<()>>>::Response:
        IntoAnswer,
{
    let mut request = with_bearer(token);
    *request.uri_mut() = "/users/Qw3rTy/notes".parse().unwrap();
    let answer = ask(Stack::new(layer, auth.clone()), request).await;
    (answer.status().as_u16(), answer.reason())
}

#[tokio::test(start_paused = true)]
async fn users_of_several_tenants_need_a_rule_that_names_the_tenant() {
    const REJECTED: (u16, &str) = (403, "other_issuer");
    const ACCEPTED: (u16, &str) = (200, "accepted");

    let owner = || PathOwnerLayer::new("/users/{user_id}/{*rest}").unwrap();
    let scope = || RequireScopeLayer::new("notes.read").unwrap();
    // The claim names the tenant and the user.
    let members = json!({ "owner": "Qw3rTy", "exp": NOW + 60 });
    let token = token_of("RS256", &header(), &with(claims(), members));
    let row = multi_tenant("", json!({}));
    for (case, builder, expected) in [
        ("any tenant", template().any_tenant(), REJECTED),
        (
            "two tenants",
            template().tenants([TENANT, OTHER_TENANT]),
            REJECTED,
        ),
        (
            "one tenant, and the name of another",
            template().tenants([OTHER_TENANT]).issuer(V2),
            REJECTED,
        ),
        ("one tenant", template().tenants([TENANT]), ACCEPTED),
        (
            "one tenant and its name, listed twice",
            template().tenants([TENANT, TENANT]).issuer(V2).issuer(V1),
            ACCEPTED,
        ),
        (
            "the same users",
            template().any_tenant().same_users(),
            ACCEPTED,
        ),
    ] {
        let auth = layer_with(builder, &row.pages());
        auth.ready().await.unwrap();
        let events = Captured::start();
        assert_eq!(status(&auth, owner(), &token).await, expected, "{case}");
        assert_eq!(status(&auth, scope(), &token).await, expected, "{case}");
        if expected == REJECTED {
            for fix in [
                "owner_claim(…)",
                "issuers([…])",
                "only if the IDs are unique",
            ] {
                assert_contains(events.text(), fix, case);
            }
            assert!(!events.text().contains(TENANT), "{case}");
        }
        let by_claim = owner().owner_claim("owner").unwrap();
        assert_eq!(status(&auth, by_claim, &token).await, ACCEPTED, "{case}");
        for (issuer, expected) in [(V2, ACCEPTED), (V1, REJECTED)] {
            let named = owner().issuer(issuer);
            assert_eq!(status(&auth, named, &token).await, expected, "{case}");
            let named = scope().issuers([issuer]);
            assert_eq!(status(&auth, named, &token).await, expected, "{case}");
        }
    }
}

/// The key names version 2 as its issuer.
#[tokio::test(start_paused = true)]
async fn version_1_is_accepted_beside_a_template() {
    let row = multi_tenant("", json!({ "iss": V1 }));
    let layer = layer_with(template().tenants([TENANT]).issuer(V1), &row.pages());
    layer.ready().await.unwrap();
    assert_eq!(sent(&layer, &row.token()).await, "accepted");
}

/// Their own administrators assign the roles of a tenant.
#[tokio::test(start_paused = true)]
async fn except_when_does_not_run_for_users_of_several_tenants() {
    let owner = || {
        let owner = PathOwnerLayer::new("/users/{user_id}/{*rest}").unwrap();
        owner.owner_claim("tid").unwrap().except_when(|_| true)
    };
    let token = token_of(
        "RS256",
        &header(),
        &with(claims(), json!({ "exp": NOW + 60 })),
    );
    let row = multi_tenant("", json!({}));
    for (case, builder, expected) in [
        ("any tenant", template().any_tenant(), (403, "not_owner")),
        (
            "one tenant",
            template().tenants([TENANT]),
            (200, "accepted"),
        ),
        (
            "the same users",
            template().any_tenant().same_users(),
            (200, "accepted"),
        ),
    ] {
        let auth = layer_with(builder, &row.pages());
        auth.ready().await.unwrap();
        assert_eq!(status(&auth, owner(), &token).await, expected, "{case}");
        let named = status(&auth, owner().issuer(V2), &token).await;
        assert_eq!(named, (200, "accepted"), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_never_logged() {
    let row = multi_tenant("", json!({}));
    let token = token_of(
        "RS256",
        &header(),
        &with(claims(), json!({ "exp": NOW + 60 })),
    );
    let ours = || {
        let builder = JwtAuthLayer::builder().secret(LONG_SECRET);
        builder.issuer("https://app.example.com")
    };
    let theirs = || template().any_tenant().jwks_fetcher(row.pages());
    for (case, builder) in [
        ("another issuer", ours().or(theirs())),
        ("the first issuer", theirs().or(ours())),
        ("the same users", theirs().same_users().or(ours())),
    ] {
        let auth = layer_with(builder, &row.pages());
        auth.ready().await.unwrap();
        let events = Captured::start();
        let scope = RequireScopeLayer::new("notes.read").unwrap();
        let scope = scope.issuers(["https://app.example.com"]);
        let rejected = status(&auth, scope, &token).await;
        assert_eq!(rejected, (403, "other_issuer"), "{case}");
        let owner = PathOwnerLayer::new("/users/{user_id}/{*rest}").unwrap();
        status(&auth, owner, &token).await;
        assert_contains(events.text(), "other_issuer", case);
        assert!(!events.text().contains(TENANT), "{case}: {}", events.text());
    }
}
