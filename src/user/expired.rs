//! The future of a user's expiry; used by handlers of long-lived connections.

use std::{
    future::{Future, pending},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::{Instant, sleep};

use super::current_user::CurrentUser;

/// The clock is read again after this time, because it may have been set, and because a timer may
/// stop while the machine sleeps.
const CLOCK_INTERVAL: Duration = Duration::from_secs(60);

/// # Connections that outlive the request
impl CurrentUser {
    /// Completes when the token expires: at [`expires_at`](Self::expires_at) plus the layer's
    /// [leeway](crate::JwtAuthBuilder::leeway), rounded up to a second, when the layer itself would
    /// start to reject the token. Never completes for a user without an expiry, such as one created
    /// with [`CurrentUser::new`].
    ///
    /// A request is verified once, when it arrives. Use this future to end a WebSocket, an event
    /// stream, or a gRPC stream. It does not borrow the user. In `tokio::select!`, write `biased;`
    /// and poll it first, so that no message is handled after the expiry.
    ///
    /// The future reads the system's clock when it is polled first and then every minute, so it
    /// completes at most a minute late if the clock is set forward or the machine sleeps. If the
    /// clock is set back, the future completes as if it had not been. It does not use the function
    /// set with [`clock`](crate::JwtAuthBuilder::clock), which cannot report when its time changes.
    /// In tests, pause tokio's time with `tokio::time::pause()`.
    ///
    /// # Panics
    ///
    /// Polling it panics outside a tokio runtime with a timer, if the user has an expiry in the
    /// future.
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// async fn forward(user: CurrentUser, mut messages: tokio::sync::mpsc::Receiver<String>) {
    ///     let expired = user.expired();
    ///     tokio::pin!(expired);
    ///     loop {
    ///         tokio::select! {
    ///             biased;
    ///             () = &mut expired => break, // close the connection
    ///             message = messages.recv() => match message {
    ///                 Some(message) => println!("{message}"),
    ///                 None => break,
    ///             },
    ///         }
    ///     }
    /// }
    /// # drop(forward);
    /// ```
    #[cfg_attr(
        docsrs,
        doc(cfg(any(feature = "jwks-custom", feature = "sessions-custom")))
    )]
    pub fn expired(&self) -> impl Future<Output = ()> + Send + Sync + use<> {
        let rejected_from = self.rejected_from();
        async move {
            match rejected_from {
                Some(time) => wait_until(time).await,
                None => pending().await,
            }
        }
    }

    /// Returns the first whole second at which the layer rejects the token.
    fn rejected_from(&self) -> Option<SystemTime> {
        let leeway = Duration::from_millis(self.leeway_millis.into());
        let seconds = (self.exp()? + leeway.as_secs_f64()).ceil();
        let since_epoch = Duration::try_from_secs_f64(seconds).ok()?;
        UNIX_EPOCH.checked_add(since_epoch)
    }
}

/// Waits until the system's clock shows this time, or until a timer shows that it must have done
/// so.
async fn wait_until(time: SystemTime) {
    // Fails if the time has passed.
    let left_on_clock = || time.duration_since(SystemTime::now()).unwrap_or_default();
    let (start, left_at_start) = (Instant::now(), left_on_clock());
    loop {
        let left_on_timer = left_at_start.saturating_sub(start.elapsed());
        let left = left_on_timer.min(left_on_clock());
        if left.is_zero() {
            return;
        }
        sleep(left.min(CLOCK_INTERVAL)).await;
    }
}
