//! Ends what is open: the session is over, the share is withdrawn, the workspace stops.

use tokio::sync::watch;

/// Ends everything that holds one of its [`Cut`]s. When it is dropped, that ends as well: nobody is left who could.
#[derive(Debug)]
pub struct Cutter(watch::Sender<bool>);

/// Held by a request or a tunnel that must end when its [`Cutter`] says so.
#[derive(Clone, Debug)]
pub struct Cut(watch::Receiver<bool>);

impl Default for Cutter {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Cutter {
    /// One more that ends with the others.
    pub fn hold(&self) -> Cut {
        Cut(self.0.subscribe())
    }

    /// Ends all of them.
    pub fn cut(&self) {
        self.0.send_replace(true);
    }

    /// How many hold one.
    pub fn held(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Cut {
    /// Waits until it is cut.
    pub async fn fired(mut self) {
        // An error means that the other side is gone, which cuts too.
        drop(self.0.wait_for(|cut| *cut).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn is_over(waiting: impl Future) -> bool {
        pin!(waiting).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn it_fires_for_those_before_and_after_and_when_its_keeper_is_gone() {
        let cutter = Cutter::default();
        let before = cutter.hold();
        assert!(!is_over(before.clone().fired()));
        assert_eq!(cutter.held(), 1);
        cutter.cut();
        assert!(is_over(before.fired()) && is_over(cutter.hold().fired()));
        let cutter = Cutter::default();
        let orphan = cutter.hold();
        drop(cutter);
        assert!(is_over(orphan.fired()));
    }
}
