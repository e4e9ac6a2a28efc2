//! Connections that lose all packets, as after the failure of a machine or of a NAT gateway.

use std::{
    mem,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tower_jwt_auth::BetterAuthSessions;

use super::server::{Answer, SessionServer, ask, cookie, layer};

/// Forwards connections to a server, until [`lose`](Self::lose) is called.
struct Network {
    address: SocketAddr,
    /// Of the connections from now on.
    is_lost: Arc<Mutex<Arc<AtomicBool>>>,
}

impl Network {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let current: Arc<Mutex<Arc<AtomicBool>>> = Arc::default();
        let is_lost = Arc::clone(&current);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let is_lost = Arc::clone(&current.lock().unwrap());
                tokio::spawn(forward(client, server.clone(), is_lost));
            }
        });
        Self { address, is_lost }
    }

    /// Loses all packets of the connections so far.
    fn lose(&self) {
        mem::take(&mut *self.is_lost.lock().unwrap()).store(true, Ordering::SeqCst);
    }
}

async fn forward(mut client: TcpStream, server: String, is_lost: Arc<AtomicBool>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut sent, mut received) = ([0; 4096], [0; 4096]);
    loop {
        let (to, bytes) = tokio::select! {
            Ok(read @ 1..) = client.read(&mut sent) => (&mut server, &sent[..read]),
            Ok(read @ 1..) = server.read(&mut received) => (&mut client, &received[..read]),
            else => return,
        };
        if !is_lost.load(Ordering::SeqCst) && to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn lost_connections_are_replaced_within_seconds() {
    let slow = |request: &str| Answer::session(request).after(Duration::from_millis(50));
    let server = SessionServer::with(slow).await;
    let address = server.origin().replace("http://", "");
    let network = Network::to(address).await;
    let layer = layer(BetterAuthSessions::remote(format!(
        "http://{}",
        network.address
    )));
    let mut asking = JoinSet::new();
    for number in 0..16 {
        let layer = layer.clone();
        asking.spawn(async move { ask(&layer, &cookie(number)).await });
    }
    assert!(asking.join_all().await.iter().all(Result::is_ok));
    network.lose();
    // New connections work.
    let start = Instant::now();
    for number in 100.. {
        if ask(&layer, &cookie(number)).await.is_ok() {
            break;
        }
        let elapsed = start.elapsed();
        assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
        sleep(Duration::from_millis(200)).await;
    }
}
