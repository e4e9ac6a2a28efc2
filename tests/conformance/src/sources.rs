//! The files of other projects: where they are expected, and how to get them.

use std::path::Path;

/// A folder of another project.
pub struct Source {
    pub folder: &'static str,
    pub repository: &'static str,
    /// A file without which the folder is incomplete.
    pub marker: &'static str,
    pub contents: &'static str,
}

pub const SOURCES: [Source; 6] = [
    Source {
        folder: "wycheproof",
        repository: "C2SP/wycheproof",
        marker: "testvectors_v1/json_web_signature_test.json",
        contents: "`testvectors_v1`",
    },
    Source {
        folder: "cookbook",
        repository: "ietf-jose/cookbook",
        marker: "jws/4_1.rsa_v15_signature.json",
        contents: "`jws`, `rfc7797`, `curve25519`",
    },
    Source {
        folder: "pyjwt",
        repository: "jpadilla/pyjwt",
        marker: "tests/test_api_jwt.py",
        contents: "the library and its tests; also the source package on PyPI",
    },
    Source {
        folder: "jose",
        repository: "panva/jose",
        marker: "test/jwt/verify.test.ts",
        contents: "`src`, or the npm package `jose`; `test/jwt/verify.test.ts`, `test/jws/compact.verify.test.ts`, `test/jws/restrictions.test.ts`",
    },
    Source {
        folder: "node-jsonwebtoken",
        repository: "auth0/node-jsonwebtoken",
        marker: "test/verify.tests.js",
        contents: "the npm package `jsonwebtoken` 9.0.3, with the folder `test` of version 7.4.3: later packages have no tests",
    },
    Source {
        folder: "jwt-authorizer",
        repository: "cduvray/jwt-authorizer",
        marker: "jwt-authorizer/tests/tests.rs",
        contents: "`config`; `jwt-authorizer`, also the package on crates.io",
    },
];

/// Returns what is missing in `folder`, as one line per source.
pub fn missing(folder: Option<&Path>) -> Vec<String> {
    let is_missing = |source: &&Source| {
        folder.is_none_or(|folder| !folder.join(source.folder).join(source.marker).exists())
    };
    let line = |source: &Source| {
        format!(
            "{}: from the repository {} on GitHub: {}",
            source.folder, source.repository, source.contents
        )
    };
    SOURCES.iter().filter(is_missing).map(line).collect()
}
