//! The requests of a test, in order.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

/// Prints what happens, and keeps the requests to the MCP server.
#[derive(Clone)]
pub struct Transcript {
    start: Instant,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Transcript {
    pub fn new(title: &str) -> Self {
        println!("\n== {title}");
        Self {
            start: Instant::now(),
            requests: Arc::default(),
        }
    }

    pub fn step(&self, text: &str) {
        println!("{:>6} ms  {text}", self.start.elapsed().as_millis());
    }

    /// Prints a request to Better Auth.
    pub fn better_auth(&self, request: &str) {
        println!("           Better Auth  {request}");
    }

    /// Adds a request to the MCP server, such as `401 POST /mcp initialize: missing_token`.
    pub fn mcp_server(&self, request: String, challenge: Option<&str>) {
        println!("           MCP server   {request}");
        if let Some(challenge) = challenge {
            println!("{:>28}www-authenticate: {challenge}", "");
        }
        self.requests.lock().unwrap().push(request);
    }

    /// Returns the requests to the MCP server since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}
