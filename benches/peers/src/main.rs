//! Compares the layer with its peers around the same service that does nothing, with the same requests:
//! 1,000 users, each with their own token, with two headers. Prints JSON; `--quick` tests the program.
//!
//! ```sh
//! cargo run --release --manifest-path benches/peers/Cargo.toml
//! ```

mod lanes;
mod peers;
mod provider;

use std::{error::Error, rc::Rc};

use serde_json::{Map, Value};
use tower_jwt_auth_benches::{
    keys::{Alg, SigningKey},
    rounds::{Plan, measure},
};

use crate::lanes::Setting;

fn main() -> Result<(), Box<dyn Error>> {
    provider::install_fastest();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let runtime = Rc::new(runtime);
    let mut results = Map::new();
    for alg in [Alg::Hs256, Alg::Rs256, Alg::EdDsa] {
        let setting = Setting::new(Rc::clone(&runtime), SigningKey::new(alg));
        let lanes = peers::lanes(&setting)?;
        let measured = measure(Plan::from_args(), lanes);
        results.insert(alg.name().to_owned(), measured);
    }
    println!("{}", Value::Object(results));
    Ok(())
}
