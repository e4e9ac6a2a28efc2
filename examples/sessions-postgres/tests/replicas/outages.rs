//! Databases that cannot be reached, do not respond, or have other tables.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use super::{
    postgres::{Postgres, execute},
    site::Site,
};

const RELEASE: &str = "1.7";

const ACCEPTED: [u16; 3] = [200; 3];

const UNAVAILABLE: [u16; 3] = [503; 3];

/// The interval between the lookups of a layer whose store cannot be reached, and a connection.
const RECOVERY: Duration = Duration::from_millis(1_500);

/// Asks until all replicas accept the session, and returns the time that it took.
async fn recovery(site: &Site, cookie: &str) -> Duration {
    let start = Instant::now();
    while site.ask(cookie).await != ACCEPTED {
        assert!(start.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn a_stopped_database_causes_503_until_it_is_back() {
    let Some(mut postgres) = Postgres::start().await else {
        return;
    };
    let site = Site::start(&postgres, RELEASE).await;
    let ada = site.sign_up("ada").await;
    let ended = site.sign_in(&ada).await;
    site.post("sign-out", &ended, serde_json::json!({})).await;
    for _ in 0..2 {
        assert_eq!(site.ask(&ada.cookie).await, ACCEPTED);
        postgres.stop();
        // More than the failures after which a layer asks only once per second.
        for _ in 0..6 {
            let asked = Instant::now();
            assert_eq!(site.ask(&ada.cookie).await, UNAVAILABLE);
            let elapsed = asked.elapsed();
            assert!(elapsed < Duration::from_millis(2_500), "{elapsed:?}");
        }
        postgres.resume().await;
        let recovery = recovery(&site, &ada.cookie).await;
        println!("recovered after {recovery:?}");
        assert!(recovery < RECOVERY, "{recovery:?}");
        assert_eq!(site.ask(&ended).await, [401; 3]);
    }
    assert!(site.log().contains("PostgreSQL: "), "{}", site.log());
}

#[tokio::test]
async fn a_hung_database_causes_503_within_two_seconds() {
    let Some(postgres) = Postgres::start().await else {
        return;
    };
    let site = Site::start(&postgres, RELEASE).await;
    let ada = site.sign_up("ada").await;
    let mut connection = PgConnection::connect(&site.database).await.unwrap();
    let mut lock = connection.begin().await.unwrap();
    sqlx::query("lock table session in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let asked = Instant::now();
    assert_eq!(site.ask(&ada.cookie).await, UNAVAILABLE);
    let elapsed = asked.elapsed();
    assert!(elapsed < Duration::from_millis(2_500), "{elapsed:?}");
    lock.rollback().await.unwrap();
    let recovery = recovery(&site, &ada.cookie).await;
    assert!(recovery < RECOVERY, "{recovery:?}");
}

#[tokio::test]
async fn a_missing_column_is_not_an_outage() {
    let Some(postgres) = Postgres::start().await else {
        return;
    };
    let site = Site::start(&postgres, RELEASE).await;
    let ada = site.sign_up("ada").await;
    let rename = async |from: &str, to: &str| {
        let statement = format!(r#"alter table "user" rename "{from}" to "{to}""#);
        execute(&site.database, &statement, "").await;
    };
    rename("banExpires", "ban_expires").await;
    for _ in 0..10 {
        assert_eq!(site.ask(&ada.cookie).await, UNAVAILABLE);
    }
    let log = site.log();
    assert!(
        log.contains(r#"column "banExpires" does not exist"#),
        "{log}"
    );
    // The layer has not stopped asking.
    rename("ban_expires", "banExpires").await;
    assert_eq!(site.ask(&ada.cookie).await, ACCEPTED);
}
