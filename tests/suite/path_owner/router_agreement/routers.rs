//! The routers under test, with and without the layer.

use std::{borrow::Cow, future::ready};

use axum::{
    Router,
    body::Body,
    response::IntoResponse,
    routing::{any, get},
};
use http::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use tower::{Layer, service_fn};
use tower_http::normalize_path::NormalizePathLayer;
use tower_jwt_auth::PathOwnerLayer;

use super::support::{Boxed, Guard, HandlerParams, StripPrefix, handler, respond};

/// A router or a stack of services in which the layer guards routes.
pub(super) struct RouterStack {
    pub(super) name: &'static str,
    owner: PathOwnerLayer,
    pub(super) templates: &'static [&'static str],
    build: fn(Guard) -> Boxed,
    /// Whether the layer wraps the router. It then allows paths before the router responds with 404.
    pub(super) wraps_router: bool,
}

impl RouterStack {
    pub(super) fn guarded(&self) -> Boxed {
        (self.build)(Guard(Some(self.owner.clone())))
    }

    pub(super) fn bare(&self) -> Boxed {
        (self.build)(Guard(None))
    }
}

fn boxed(router: Router) -> Boxed {
    Boxed::new(router)
}

/// The routes after the user ID in most of the routers.
fn inner() -> Router {
    Router::new()
        .route("/", get(handler))
        .route("/tasks", any(handler))
        .route("/files/{*rest}", get(handler))
        .route("/share/{other}", get(handler))
}

/// The same routes with their whole path.
fn flat() -> Router {
    Router::new()
        .route("/api/{user_id}", get(handler))
        .route("/api/{user_id}/tasks", any(handler))
        .route("/api/{user_id}/files/{*rest}", get(handler))
        .route("/api/{user_id}/share/{other}", get(handler))
        .route("/api/health", get(handler))
}

const FLAT: &[&str] = &[
    "/api/{user_id}",
    "/api/{user_id}/tasks",
    "/api/{user_id}/tasks",
    "/api/{user_id}/files/{rest}/{rest}",
    "/api/{user_id}/share/{other}",
    "/api/{user_id}/elsewhere",
];
const PREFIXED: &[&str] = &[
    "/v1/api/{user_id}/tasks",
    "/v1/api/{user_id}/files/{rest}",
    "/v1/api/{user_id}/elsewhere",
];
const TWICE: &[&str] = &[
    "/x/{dir}/{user_id}/tasks",
    "/x/{dir}/{user_id}/files/{rest}",
    "/x/{dir}/{user_id}/elsewhere",
];

/// All stacks, for the parameter of axum's router and for patterns.
pub(super) fn router_stacks() -> Vec<RouterStack> {
    let param = || PathOwnerLayer::path_param("user_id");
    let pattern = |pattern: &str| PathOwnerLayer::new(pattern).unwrap();
    let stack = |name, owner, templates, build| RouterStack {
        name,
        owner,
        templates,
        build,
        wraps_router: false,
    };
    let wrapping = |name, owner, templates, build| RouterStack {
        wraps_router: true,
        ..stack(name, owner, templates, build)
    };
    vec![
        stack("param, route_layer", param(), FLAT, |guard| {
            boxed(flat().route_layer(guard))
        }),
        stack("param, layer and a fallback", param(), FLAT, |guard| {
            boxed(flat().fallback(handler).layer(guard))
        }),
        stack(
            "param, an exempt path",
            param().except("/api/health").unwrap(),
            FLAT,
            |guard| boxed(flat().layer(guard)),
        ),
        stack("param, nest", param(), FLAT, |guard| {
            boxed(Router::new().nest("/api/{user_id}", inner().route_layer(guard)))
        }),
        stack("param, nest with a fallback", param(), FLAT, |guard| {
            let inner = inner().fallback(handler).layer(guard);
            boxed(Router::new().nest("/api/{user_id}", inner))
        }),
        stack("param, nest twice", param(), TWICE, |guard| {
            let middle = Router::new().nest("/{user_id}", inner().route_layer(guard));
            boxed(Router::new().nest("/x/{dir}", middle))
        }),
        stack(
            "param, twice in the path",
            param(),
            &["/api/{user_id}/both/{user_id}", "/api/{user_id}/both"],
            |guard| {
                let inner = Router::new().route("/both/{user_id}", get(handler));
                boxed(Router::new().nest("/api/{user_id}", inner.route_layer(guard)))
            },
        ),
        stack("param, outside the nest", param(), FLAT, |guard| {
            boxed(Router::new().nest("/api/{user_id}", inner()).layer(guard))
        }),
        stack("param, nest_service", param(), FLAT, |guard| {
            boxed(Router::new().nest_service("/api/{user_id}", guard.layer(inner())))
        }),
        stack("param, merged", param(), FLAT, |guard| {
            let open = Router::new().route("/health", get(handler));
            let other = Router::new().route("/api/{user_id}/elsewhere", get(handler));
            let nested = Router::new().nest("/api/{user_id}", inner());
            boxed(open.merge(nested.merge(other).route_layer(guard)))
        }),
        stack("param, NormalizePath in front", param(), FLAT, |guard| {
            let router = flat().route_layer(guard);
            Boxed::new(NormalizePathLayer::trim_trailing_slash().layer(router))
        }),
        stack(
            "param, a prefix stripped in front",
            param(),
            PREFIXED,
            |guard| StripPrefix("/v1").layer(flat().route_layer(guard)),
        ),
        wrapping(
            "pattern, layer",
            pattern("/api/{user_id}/{*rest}"),
            FLAT,
            |guard| boxed(flat().layer(guard)),
        ),
        wrapping(
            "pattern, around a nest",
            pattern("/api/{user_id}/{*rest}"),
            FLAT,
            |guard| guard.layer(Router::new().nest("/api/{user_id}", inner())),
        ),
        wrapping(
            "pattern, around two nests",
            pattern("/x/{dir}/{user_id}/{*rest}"),
            TWICE,
            |guard| {
                let middle = Router::new().nest("/{user_id}", inner());
                boxed(Router::new().nest("/x/{dir}", middle).layer(guard))
            },
        ),
        wrapping(
            "pattern, merged, several patterns",
            pattern("/api/{user_id}/{*rest}")
                .and("/v2/{user_id}/{*rest}")
                .unwrap(),
            &[
                "/api/{user_id}/tasks",
                "/v2/{user_id}/tasks",
                "/v2/{user_id}/files/{rest}",
            ],
            |guard| {
                boxed(
                    flat()
                        .merge(Router::new().nest("/v2/{user_id}", inner()))
                        .layer(guard),
                )
            },
        ),
        wrapping(
            "pattern, NormalizePath in front",
            pattern("/api/{user_id}/{*rest}"),
            FLAT,
            |guard| {
                let guarded = guard.layer(flat());
                Boxed::new(NormalizePathLayer::trim_trailing_slash().layer(guarded))
            },
        ),
        wrapping(
            "pattern, NormalizePath behind",
            pattern("/api/{user_id}/{*rest}"),
            FLAT,
            |guard| guard.layer(NormalizePathLayer::trim_trailing_slash().layer(flat())),
        ),
        stack(
            "pattern, a prefix stripped in front",
            pattern("/api/{user_id}/{*rest}"),
            PREFIXED,
            |guard| StripPrefix("/v1").layer(guard.layer(flat())),
        ),
        wrapping(
            "pattern, a prefix stripped behind",
            pattern("/v1/api/{user_id}/{*rest}"),
            PREFIXED,
            |guard| guard.layer(StripPrefix("/v1").layer(flat())),
        ),
        wrapping(
            "pattern, matchit",
            pattern("/api/{user_id}/{*rest}"),
            FLAT,
            |guard| guard.layer(matchit_router()),
        ),
    ]
}

/// A router of matchit alone. Its handler decodes the parameters.
fn matchit_router() -> Boxed {
    let mut router = matchit::Router::new();
    for template in FLAT {
        let template = template.replace("{rest}/{rest}", "{*rest}");
        // A template may appear twice in the list.
        let _ = router.insert(template, ());
    }
    Boxed::new(service_fn(move |request: Request<Body>| {
        let response = match router.at(request.uri().path()) {
            Ok(found) => {
                let id = found.params.get("user_id").unwrap_or_default();
                let others = found.params.iter().filter(|(name, _)| *name != "user_id");
                let others =
                    others.filter_map(|(_, raw)| percent_decode_str(raw).decode_utf8().ok());
                respond(HandlerParams {
                    ids: vec![percent_decode_str(id).collect()],
                    others: others.map(Cow::into_owned).collect(),
                })
            }
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        };
        ready(Ok(response))
    }))
}
