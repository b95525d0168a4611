//! The log as server-sent events: what is there from a position on, then what comes.
//!
//! A stream ends when its reader may no longer read, and when the server stops. A client that reads slowly slows nobody: it is sent the next page when it took the last.

use super::Problem;
use super::asking::{Asker, Deed, may_see};
use super::custody::{EventRow, Filter, begins};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use ledger::event::Envelope;
use ledger::event::scope::Scope;
use ledger::log::Record;
use projections::access::Permission;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

/// Events read at once.
const PAGE: usize = 256;
/// Events that wait for a slow client.
const WAITING_MAX: usize = 256;
/// A sign of life when nothing happens.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Begins a stream.
pub(super) async fn events(deed: Deed, asker: Asker, from: u64, filter: Filter) -> Result<Response, Problem> {
    let size = begins(&deed, asker, from).await?;
    deed.note_read(asker, from, size).await?;
    let (sender, events) = mpsc::channel(WAITING_MAX);
    tokio::spawn(follow(deed, asker, from, filter, sender));
    let stream = Sse::new(ReceiverStream::new(events)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE));
    Ok(stream.into_response())
}

fn is_read(record: &Record) -> bool {
    Envelope::parse(&record.leaf).is_ok_and(|envelope| envelope.kind == "custody.log_read")
}

type Out = Sender<Result<Sent, Infallible>>;

async fn follow(deed: Deed, asker: Asker, mut next: u64, filter: Filter, out: Out) {
    let (mut grown, mut stopping) = (deed.grown.clone(), deed.stopping.clone());
    while !*stopping.borrow_and_update() {
        grown.borrow_and_update();
        if !may_see(&deed.engine.published(), &asker.actor, Some(Permission::CustodyRead), Scope::Site) {
            return;
        }
        match send_page(&deed, asker, &filter, next, &out).await {
            Some(reached) if reached > next => next = reached,
            Some(_) => tokio::select! {
                changed = grown.changed() => if changed.is_err() { return },
                _ = stopping.changed() => return,
                () = out.closed() => return,
                () = tokio::time::sleep(SIGN_OF_LIFE) => {}
            },
            None => return,
        }
    }
}

/// Sends what there is; the position after it, or `None` when the client left, the log failed or the read cannot be recorded.
async fn send_page(deed: &Deed, asker: Asker, filter: &Filter, from: u64, out: &Out) -> Option<u64> {
    let found = filter.page(deed, from, PAGE).ok()?;
    // A stream that reads only of reads would otherwise feed itself for ever.
    if found.records.iter().any(|record| !is_read(record)) {
        deed.note_read(asker, from, found.next).await.ok()?;
    }
    for record in found.records {
        let row = EventRow::from(record);
        let event = Sent::default().id(row.seq.to_string()).json_data(&row).ok()?;
        out.send(Ok(event)).await.ok()?;
    }
    Some(found.next)
}
