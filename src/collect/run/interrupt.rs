//! What ends a collection from outside: Ctrl-C, and SIGTERM, which schedulers and containers send.
//!
//! In: signals. Out: a run that is told to stop, so that it writes what it has. Never: an export without a manifest.

use super::Run;

/// The first signal stops the run; ends at the second.
pub(super) async fn twice(run: &Run) {
    let Some(mut signals) = Signals::listen() else {
        // There is nothing to listen to.
        return std::future::pending().await;
    };
    for _ in 0..2 {
        signals.next().await;
        run.stop();
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self { interrupt: signal(SignalKind::interrupt()).ok()?, terminate: signal(SignalKind::terminate()).ok()? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn listen() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
