//! Collects the frames of a body up to a limit; used by `future`.

use std::mem;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, header::CONTENT_LENGTH};
use http_body::{Body, Frame};

/// The part of a body that has arrived.
#[derive(Default)]
pub(super) struct Collected {
    /// The first chunk, which is usually the whole body and is then not copied.
    first: Bytes,
    /// All chunks, once there are two.
    all: BytesMut,
    trailers: Option<HeaderMap>,
}

/// The body is longer than the limit.
pub(super) struct TooLong;

impl Collected {
    /// Adds a frame. `max_len` is in bytes and includes the earlier frames.
    pub(super) fn push(&mut self, frame: Frame<Bytes>, max_len: usize) -> Result<(), TooLong> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                return Ok(());
            }
        };
        let len = self.first.len() + self.all.len();
        if data.len() > max_len.saturating_sub(len) {
            return Err(TooLong);
        }
        if len == 0 {
            self.first = data;
            return Ok(());
        }
        if !self.first.is_empty() {
            self.all.extend_from_slice(&mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&data);
        Ok(())
    }

    pub(super) fn into_parts(self) -> (Bytes, Option<HeaderMap>) {
        let bytes = if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        };
        (bytes, self.trailers)
    }
}

/// Returns whether the length that a request declares is longer than `max_len` bytes.
pub(super) fn declares_more_than<B: Body>(max_len: usize, request: &Request<B>) -> bool {
    let max_len = u64::try_from(max_len).unwrap_or(u64::MAX);
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    declared.is_some_and(|length| length > max_len) || request.body().size_hint().lower() > max_len
}
