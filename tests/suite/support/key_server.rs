//! A server of key sets that can fail in many ways.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

/// The response of the server.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// 200 with this body.
    Set(String),
    /// 200 with this body and these header lines, each with its line end.
    SetWith(String, &'static str),
    /// 200 with this body, after this time.
    Slow(Duration, String),
    /// This status, with an empty JSON object.
    Status(&'static str),
    RedirectTo(String),
    /// 200 with this many bytes of white space before the set.
    Padded(usize, String),
    /// No response on an open connection.
    Hang,
    /// One byte every 100 ms.
    Drip(String),
    Reset,
    /// A body that is shorter than its `content-length` by this many bytes.
    TooShort(usize, String),
    /// A body that is longer than its `content-length` by this many bytes.
    TooLong(usize, String),
    /// These two sets in turn, as from two replicas that disagree.
    Alternate([String; 2]),
}

pub(crate) struct KeyServer {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    mode: Mutex<Mode>,
    requests: Mutex<Vec<Instant>>,
}

impl KeyServer {
    pub(crate) async fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            mode: Mutex::new(mode),
            requests: Mutex::default(),
        });
        let serving = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&shared)));
                }
            }
        });
        Self {
            addr,
            shared,
            serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/auth/jwks", self.addr)
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap() = mode;
    }

    /// The number of requests.
    pub(crate) fn count(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// The times between requests.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let requests = self.shared.requests.lock().unwrap();
        requests.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Responds to one request and closes the connection.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut buffer = [0; 512];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    let turn = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push(Instant::now());
        requests.len() % 2
    };
    let mode = shared.mode.lock().unwrap().clone();
    let ok = |body: &str, length: usize, fields: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{fields}content-length: \
             {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let answer = match mode {
        Mode::Set(body) => ok(&body, body.len(), ""),
        Mode::SetWith(body, fields) => ok(&body, body.len(), fields),
        Mode::Slow(time, body) => {
            sleep(time).await;
            ok(&body, body.len(), "")
        }
        Mode::Status(status) => {
            format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")
        }
        Mode::RedirectTo(url) => format!(
            "HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ),
        Mode::Padded(bytes, body) => {
            let body = " ".repeat(bytes) + &body;
            ok(&body, body.len(), "")
        }
        Mode::Hang => {
            sleep(Duration::from_secs(60)).await;
            return;
        }
        Mode::Drip(body) => {
            for byte in ok(&body, body.len(), "").bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(100)).await;
            }
            return;
        }
        Mode::Reset => {
            let _ = stream.set_zero_linger();
            return;
        }
        Mode::TooShort(missing, body) => ok(&body, body.len() + missing, ""),
        Mode::TooLong(extra, body) => ok(&body, body.len() - extra, ""),
        Mode::Alternate(sets) => ok(&sets[turn], sets[turn].len(), ""),
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
