//! The explanation of every invalid token.

use super::{marks::*, sources, tokens::Rules};
use crate::token::explain::explain;

#[test]
fn an_explanation_agrees_with_the_verifier_and_reveals_nothing() {
    let secrets = sources::secrets();
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    let public = sources::public::configured();
    #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
    let public = Vec::new();
    let mut explained = 0;
    for source in secrets.iter().chain(&public) {
        let signer = source.signer();
        let mut tokens = vec![("valid", signer.valid())];
        let invalid = signer.invalid().into_iter();
        tokens.extend(invalid.map(|row| (row.name, row.token)));
        for rules in [Rules::Plain, Rules::Named, Rules::Checked] {
            let layer = source.layer(rules);
            for (name, token) in &tokens {
                // Compares the error with the verifier's.
                let explanation = explain(&layer, token);
                let marks = Marks::new().and_token(token);
                let text = format!("{explanation}{explanation:?}");
                marks.assert_absent(text, format!("{}: {name}", source.name));
                explained += 1;
            }
        }
    }
    assert!(explained > 200, "{explained} explanations");
}
