//! An issuer that rotates its keys while attackers send tokens with unknown keys, on a paused clock.
//!
//! `ATTACK_MINUTES=10 cargo test --all-features --test suite jwks::simulation -- --nocapture` simulates
//! longer and prints the effects of the attacks.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tower_jwt_auth::JwtAuthLayer;

use crate::support::{
    memory_issuer::{KeyIds, MemoryIssuer},
    signing_keys::{SigningKey, with_flipped_bit},
    *,
};

/// The time that an attacker's connection needs to send a request and read its response.
const ROUND_TRIP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
enum Attack {
    None,
    /// Requests per second. Each key ID is used twice.
    Rate(u32),
    /// Number of connections. Each sends its next request after the previous response.
    Connections(u32),
}

/// The attacker's tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Forgery {
    InventedKeyId,
    /// A valid token with one bit of its signature flipped.
    FlippedBit,
    NoKeyId,
}

#[derive(Clone, Copy, Debug)]
struct Simulation {
    clients: u32,
    latency: Duration,
    key_ids: KeyIds,
    attack: Attack,
    forgery: Forgery,
    rotation: Duration,
    length: Duration,
}

#[derive(Debug)]
#[allow(dead_code, reason = "printed")]
struct Report {
    rotations: u32,
    sent: usize,
    rejected: usize,
    /// The longest time from the first to the last rejection after one rotation.
    longest_rejection: Duration,
    longest_wait: Duration,
    attacks: usize,
    /// The most token-requested fetches in any 60 seconds.
    fetches_per_minute: usize,
}

impl Simulation {
    fn new(attack: Attack, forgery: Forgery) -> Self {
        let minutes = std::env::var("ATTACK_MINUTES").ok();
        let minutes = minutes.and_then(|minutes| minutes.parse::<u64>().ok());
        let (rotation, length) = minutes.map_or((31, 45), |minutes| (97, 60 * minutes));
        Self {
            clients: 20,
            latency: Duration::from_millis(30),
            key_ids: KeyIds::Fresh,
            attack,
            forgery,
            rotation: Duration::from_secs(rotation),
            length: Duration::from_secs(length),
        }
    }

    async fn run(self) -> Report {
        let mut issuer = MemoryIssuer::new();
        issuer.delay = self.latency;
        issuer.key_ids = self.key_ids;
        issuer.rotate();
        let layer = issuer.layer();
        layer.ready().await.unwrap();
        let start = Instant::now();
        let (rotations, honest, attacks) = tokio::join!(
            self.rotate(&issuer, start),
            self.send_honest_requests(&issuer, &layer, start),
            self.send_attacks(&issuer, &layer, start),
        );
        // Each success sets the time of the next scheduled fetch, so only the first one is scheduled.
        let requested = issuer.fetches().split_off(1);
        let minute = Duration::from_secs(60);
        let within_a_minute = |first: &Instant| {
            let is_within = |time: &&Instant| **time >= *first && **time - *first < minute;
            requested.iter().filter(is_within).count()
        };
        let report = Report {
            rotations: u32::try_from(rotations.len()).unwrap() - 1,
            sent: honest.len(),
            rejected: honest.iter().filter(|request| !request.is_accepted).count(),
            longest_rejection: longest_rejection(&honest, &rotations),
            longest_wait: honest.iter().map(|request| request.waited).max().unwrap(),
            attacks,
            fetches_per_minute: requested
                .iter()
                .map(within_a_minute)
                .max()
                .unwrap_or_default(),
        };
        println!("{self:?}\n  {report:?}");
        report
    }

    /// Rotates the keys and returns the time of each rotation.
    async fn rotate(&self, issuer: &MemoryIssuer, start: Instant) -> Vec<Instant> {
        let mut rotations = vec![start];
        while start.elapsed() + self.rotation < self.length {
            sleep(self.rotation).await;
            issuer.rotate();
            rotations.push(Instant::now());
        }
        rotations
    }

    /// All clients send a request every half second, without waiting for the last response.
    async fn send_honest_requests(
        &self,
        issuer: &MemoryIssuer,
        layer: &JwtAuthLayer,
        start: Instant,
    ) -> Vec<Honest> {
        let mut requests = JoinSet::new();
        while start.elapsed() < self.length {
            for client in 0..self.clients {
                let token = issuer.token(&issuer.newest(), &format!("client-{client}"));
                let (layer, sent) = (layer.clone(), Instant::now());
                requests.spawn(async move {
                    let answer = ask(layer, with_bearer(&token)).await;
                    Honest {
                        sent,
                        waited: sent.elapsed(),
                        is_accepted: answer.status() == 200,
                    }
                });
            }
            sleep(Duration::from_millis(500)).await;
        }
        requests.join_all().await
    }

    async fn send_attacks(
        &self,
        issuer: &MemoryIssuer,
        layer: &JwtAuthLayer,
        start: Instant,
    ) -> usize {
        let mut attacks = JoinSet::new();
        let (simulation, issuer, layer) = (*self, issuer.clone(), layer.clone());
        match self.attack {
            Attack::None => {}
            Attack::Rate(per_second) => {
                let mut number = 0;
                while start.elapsed() < self.length {
                    let token = simulation.forge(&issuer, number);
                    let layer = layer.clone();
                    attacks.spawn(async move {
                        simulation.assert_rejected(&layer, &token).await;
                        1
                    });
                    number += 1;
                    sleep(Duration::from_secs(1) / per_second).await;
                }
            }
            Attack::Connections(connections) => {
                for connection in 0..connections {
                    let (issuer, layer) = (issuer.clone(), layer.clone());
                    attacks.spawn(async move {
                        let mut number = 0;
                        sleep(ROUND_TRIP / connections * connection).await;
                        while start.elapsed() < simulation.length {
                            let token = simulation.forge(&issuer, connection << 16 | number);
                            simulation.assert_rejected(&layer, &token).await;
                            number += 1;
                            sleep(ROUND_TRIP).await;
                        }
                        number as usize
                    });
                }
            }
        }
        attacks.join_all().await.into_iter().sum()
    }

    fn forge(&self, issuer: &MemoryIssuer, number: u32) -> String {
        thread_local! {
            static ATTACKER: SigningKey = SigningKey::generate("EdDSA", "attacker");
        }
        let subject = format!("mallory-{number}");
        match self.forgery {
            Forgery::InventedKeyId => ATTACKER
                .with(|key| issuer.invented(key, &format!("invented-{}", number / 2), &subject)),
            Forgery::FlippedBit => with_flipped_bit(&issuer.token(&issuer.newest(), &subject)),
            Forgery::NoKeyId => ATTACKER.with(|key| issuer.without_key_id(key, &subject)),
        }
    }

    async fn assert_rejected(&self, layer: &JwtAuthLayer, token: &str) {
        let answer = ask(layer.clone(), with_bearer(token)).await;
        let reason = answer.reason();
        match self.forgery {
            // A key without an ID is tried for every token.
            Forgery::InventedKeyId if self.key_ids != KeyIds::Missing => {
                assert_eq!(reason, "unknown_key");
            }
            // The key ID of the newest key is unknown until that key is fetched.
            Forgery::FlippedBit if reason == "unknown_key" => {}
            _ => assert_eq!(reason, "signature"),
        }
    }
}

struct Honest {
    sent: Instant,
    waited: Duration,
    is_accepted: bool,
}

fn longest_rejection(honest: &[Honest], rotations: &[Instant]) -> Duration {
    let of_rotation = |(index, start): (usize, &Instant)| {
        let end = rotations.get(index + 1);
        let rejected = honest.iter().filter(|request| {
            !request.is_accepted
                && request.sent >= *start
                && end.is_none_or(|end| request.sent < *end)
        });
        let times = rejected.map(|request| request.sent);
        let (first, last) = (times.clone().min(), times.max());
        first
            .zip(last)
            .map_or(Duration::ZERO, |(first, last)| last - first)
    };
    let all = rotations.iter().enumerate().map(of_rotation);
    all.max().unwrap_or_default()
}

impl Report {
    fn assert_none_rejected(&self) {
        assert!(self.rotations > 0 && self.sent > 1000, "{self:?}");
        assert_eq!(self.rejected, 0, "{self:?}");
        self.assert_fetches_are_limited();
    }

    fn assert_fetches_are_limited(&self) {
        assert!(self.fetches_per_minute <= 12, "{self:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_valid_request_is_rejected_while_keys_rotate_under_attack() {
    for attack in [Attack::Rate(4), Attack::Rate(20), Attack::Rate(100)] {
        let simulation = Simulation::new(attack, Forgery::InventedKeyId);
        simulation.run().await.assert_none_rejected();
    }
}

/// Covers keys without a `kid` and keys that share one.
#[tokio::test(start_paused = true)]
async fn invalid_signatures_cause_no_rejection_of_valid_requests() {
    for (attack, forgery, key_ids) in [
        (Attack::Rate(4), Forgery::FlippedBit, KeyIds::Fresh),
        (Attack::Rate(20), Forgery::NoKeyId, KeyIds::Fresh),
        (Attack::Rate(100), Forgery::FlippedBit, KeyIds::Reused),
        (
            Attack::Connections(300),
            Forgery::FlippedBit,
            KeyIds::Reused,
        ),
        (Attack::Rate(100), Forgery::NoKeyId, KeyIds::Missing),
        (Attack::Connections(300), Forgery::NoKeyId, KeyIds::Missing),
    ] {
        let simulation = Simulation::new(attack, forgery);
        let simulation = Simulation {
            key_ids,
            ..simulation
        };
        simulation.run().await.assert_none_rejected();
    }
}

#[tokio::test(start_paused = true)]
async fn valid_requests_survive_300_attacking_connections() {
    let attack = Attack::Connections(300);
    let simulation = Simulation::new(attack, Forgery::InventedKeyId);
    simulation.run().await.assert_none_rejected();
}

#[tokio::test(start_paused = true)]
async fn a_full_waiting_room_rejects_for_at_most_one_cooldown() {
    let attack = Attack::Connections(2000);
    for (forgery, key_ids) in [
        (Forgery::InventedKeyId, KeyIds::Fresh),
        (Forgery::NoKeyId, KeyIds::Missing),
    ] {
        let simulation = Simulation::new(attack, forgery);
        let simulation = Simulation {
            key_ids,
            ..simulation
        };
        let report = simulation.run().await;
        report.assert_fetches_are_limited();
        assert!(
            report.longest_rejection <= Duration::from_secs(5),
            "{report:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn valid_requests_survive_a_slow_issuer_and_many_clients() {
    let none = Simulation::new(Attack::None, Forgery::InventedKeyId);
    let latency = Duration::from_secs(4);
    let clients = 400;
    for simulation in [
        Simulation { latency, ..none },
        Simulation { clients, ..none },
    ] {
        simulation.run().await.assert_none_rejected();
    }
}
