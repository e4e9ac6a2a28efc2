//! Layers with keys from every kind of source, each with a matching signer.

use std::{
    any::Any,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet, Secret, SharedKeys};

use super::{
    marks::*,
    tokens::{AUDIENCE, CLIENT, ISSUER, Rules, Sign, Signer},
};
use crate::{key_source::secret_file::Folder, support::*};

pub(super) struct Source {
    pub(super) name: String,
    layers: Vec<(Rules, JwtAuthLayer)>,
    alg: &'static str,
    kid: Option<&'static str>,
    sign: Box<Sign>,
    /// Resources that must outlive the layers.
    _resources: Box<dyn Any>,
}

impl Source {
    fn with_secret(name: &str, secret: &'static str, base: impl Fn() -> JwtAuthBuilder) -> Self {
        Self {
            name: name.to_owned(),
            layers: layers(base),
            alg: "HS256",
            kid: None,
            sign: Box::new(move |header, payload| sign(header, payload, secret)),
            _resources: Box::new(()),
        }
    }

    pub(super) fn layer(&self, rules: Rules) -> JwtAuthLayer {
        let found = self.layers.iter().find(|(other, _)| *other == rules);
        found.unwrap().1.clone()
    }

    pub(super) fn signer(&self) -> Signer<'_> {
        Signer {
            alg: self.alg,
            kid: self.kid,
            sign: &*self.sign,
        }
    }
}

fn layers(base: impl Fn() -> JwtAuthBuilder) -> Vec<(Rules, JwtAuthLayer)> {
    let named = base().issuer(ISSUER).audience(AUDIENCE);
    let named = named.authorized_party(CLIENT);
    [
        (Rules::Plain, base()),
        (Rules::Named, named),
        (Rules::Checked, base().check(|_| false)),
    ]
    .map(|(rules, builder)| (rules, builder.build().unwrap()))
    .into()
}

/// A builder for public keys, which need a client or an audience. With a client, a token with an
/// `aud` is still rejected.
fn for_client() -> JwtAuthBuilder {
    keyless().authorized_party(CLIENT)
}

/// A builder with the marked secrets in a file.
pub(super) fn from_file(folder: &Folder) -> JwtAuthBuilder {
    let path = folder.path("secrets");
    fs::write(&path, format!("{MARKED}\n{OLD_MARKED}\n")).unwrap();
    keyless().secret_from_file(path)
}

pub(super) fn secrets() -> Vec<Source> {
    let folder = Folder::new("leaks");
    let file = Source::with_secret("a file", MARKED, || from_file(&folder));
    vec![
        Source::with_secret("a string", MARKED, || keyless().secret(MARKED)),
        Source::with_secret("a list", OLD_MARKED, || {
            keyless().secrets([MARKED, OLD_MARKED])
        }),
        Source::with_secret("bytes", MARKED, || {
            keyless().secret(Secret::from_bytes(MARKED))
        }),
        file,
        changed_file(),
    ]
}

/// A secret in a variable of this process.
pub(super) fn variable(name: &'static str) -> Source {
    Source::with_secret("a variable", MARKED, || keyless().secret_from_env(name))
}

/// A file whose secret changes while requests arrive.
fn changed_file() -> Source {
    let folder = Folder::new("leaks");
    let path = folder.path("secrets");
    fs::write(&path, OLD_MARKED).unwrap();
    let now = Arc::new(AtomicU64::new(NOW - 10));
    let clock = Arc::clone(&now);
    let source = Source::with_secret("a file that changed", MARKED, || {
        let clock = Arc::clone(&clock);
        JwtAuthLayer::builder()
            .secret_from_file(&path)
            .clock(move || at(clock.load(Ordering::Relaxed)))
    });
    fs::write(&path, MARKED).unwrap();
    for seconds in [6, 2, 0] {
        now.store(NOW - seconds, Ordering::Relaxed);
        for (_, layer) in &source.layers {
            let _ = layer.verifier().verify("a.b.c");
        }
    }
    source
}

/// Layers that cannot verify any token, with the reason.
pub(super) fn without_keys() -> Vec<(&'static str, JwtAuthLayer)> {
    let folder = Folder::new("leaks");
    let none: [&str; 0] = [];
    [
        ("not_configured", keyless().secrets(none)),
        (
            "not_configured",
            keyless().secret_from_file(folder.path("none")),
        ),
        (
            "keys_unavailable",
            for_client().shared_keys(SharedKeys::new(KeySet::default())),
        ),
    ]
    .map(|(reason, builder)| (reason, builder.allow_missing_secret().build().unwrap()))
    .into()
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub(super) mod public {
    use tower_jwt_auth::VerifyingKey;

    use super::*;
    use crate::support::signing_keys::*;

    impl Source {
        fn with_key(
            name: &str,
            key: SigningKey,
            kid: Option<&'static str>,
            base: impl Fn() -> JwtAuthBuilder,
        ) -> Self {
            let alg = key.alg;
            let sign = move |header: &str, payload: &str| {
                let input = format!("{}.{}", encode(header), encode(payload));
                format!("{input}.{}", encode(key.signature(input.as_bytes())))
            };
            Self {
                name: format!("{name}, {alg}"),
                layers: layers(base),
                alg,
                kid,
                sign: Box::new(sign),
                _resources: Box::new(()),
            }
        }
    }

    /// Configured keys of each algorithm.
    pub(crate) fn configured() -> Vec<Source> {
        let mut sources = Vec::new();
        for alg in ALGORITHMS {
            let key = SigningKey::generate(alg, "1");
            let set = jwks([&key]);
            let base = || super::for_client().jwks_text(set.clone());
            sources.push(Source::with_key("a set", key, Some("1"), base));
        }
        for alg in supported(["RS256", "ES256", "ES512", "EdDSA"]) {
            let key = SigningKey::generate(alg, "1");
            let pem = key.pem();
            let base = || super::for_client().public_key_pem(pem.as_str());
            sources.push(Source::with_key("PEM", key, None, base));
        }
        let key = SigningKey::generate("ES256", "1");
        let parsed = VerifyingKey::from_jwk(&key.jwk().to_string()).unwrap();
        let shared = SharedKeys::new(KeySet::new([parsed]));
        let base = || super::for_client().shared_keys(shared.clone());
        sources.push(Source::with_key("shared keys", key, Some("1"), base));
        sources
    }

    #[cfg(feature = "jwks")]
    pub(crate) use self::fetched::*;

    #[cfg(feature = "jwks")]
    mod fetched {
        use std::time::Duration;

        use super::*;
        use crate::support::key_server::{KeyServer, Mode};

        /// Keys that are fetched over HTTP, in a set that also has a private key by mistake.
        pub(crate) async fn fetched() -> Source {
            let key = SigningKey::generate("EdDSA", "1");
            let private = with(
                SigningKey::generate("ES256", "2").jwk(),
                serde_json::json!({ "d": encode(MARKED) }),
            );
            let server = KeyServer::start(Mode::Set(jwks_of([key.jwk(), private]))).await;
            let cooldown = Duration::from_secs(1);
            let base = || {
                let builder = super::super::for_client().jwks_url(server.url());
                builder.jwks_cooldown(cooldown)
            };
            let mut source = Source::with_key("a URL", key, Some("1"), base);
            for (_, layer) in &source.layers {
                layer.ready().await.unwrap();
            }
            source._resources = Box::new(server);
            source
        }

        /// Layers whose issuer does not return its public keys.
        pub(crate) async fn unavailable() -> Vec<(JwtAuthLayer, KeyServer)> {
            let private = with(
                SigningKey::generate("ES256", "2").jwk(),
                serde_json::json!({ "d": encode(MARKED) }),
            );
            let mut layers = Vec::new();
            for mode in [
                Mode::Status("500 Oops"),
                Mode::Set(format!("<p>{MARKED}</p>")),
                Mode::Set(jwks_of([private])),
                // The error shows the path of the URL, so that the operator can configure it.
                Mode::RedirectTo(format!("http://a:{MARKED}@localhost/?b={MARKED}#{MARKED}")),
            ] {
                let server = KeyServer::start(mode).await;
                let builder = super::super::for_client().jwks_url(server.url());
                let layer = builder.build().unwrap();
                assert!(layer.ready().await.is_err());
                layers.push((layer, server));
            }
            layers
        }
    }
}
