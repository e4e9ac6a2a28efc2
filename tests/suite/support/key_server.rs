//! A server of key sets that can be told to misbehave.

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

/// What it answers from now on.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// 200 with this body.
    Set(String),
    /// The same, with further header lines, each with its line end.
    SetWith(String, &'static str),
    /// The same, after a while.
    Slow(Duration, String),
    /// This status, with an empty JSON object.
    Status(&'static str),
    RedirectTo(String),
    /// 200 with this many bytes of white space before the set.
    Padded(usize, String),
    /// Nothing, and the connection stays open.
    Hang,
    /// A byte every tenth of a second.
    Drip(String),
    Reset,
    /// A `content-length` that is this much too large.
    Lie(usize, String),
    /// A `content-length` that is this much too small.
    Short(usize, String),
    /// One of these sets and the other by turns, as replicas of an issuer that disagree.
    Flip([String; 2]),
}

pub(crate) struct KeyServer {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    mode: Mutex<Mode>,
    asked: Mutex<Vec<Instant>>,
}

impl KeyServer {
    pub(crate) async fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            mode: Mutex::new(mode),
            asked: Mutex::default(),
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

    /// How often it was asked.
    pub(crate) fn count(&self) -> usize {
        self.shared.asked.lock().unwrap().len()
    }

    /// The times between one question and the next.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let asked = self.shared.asked.lock().unwrap();
        asked.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers one request, and closes.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 512];
        match stream.read(&mut byte).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&byte[..read]),
        }
    }
    let turn = {
        let mut asked = shared.asked.lock().unwrap();
        asked.push(Instant::now());
        asked.len() % 2
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
        Mode::Lie(off, body) => ok(&body, body.len() + off, ""),
        Mode::Short(off, body) => ok(&body, body.len() - off, ""),
        Mode::Flip(sets) => ok(&sets[turn], sets[turn].len(), ""),
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
