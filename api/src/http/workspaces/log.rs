//! What the last build of a workspace said: as it goes on, and as it was kept.

use super::super::asking::{Asker, Deed};
use super::super::{Kind, Problem};
use super::shown::found;
use crate::keeper::log::Log;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ledger::event::id::WorkspaceId;
use projections::workspaces::{Phase, Status, Wish, Workspace};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// Parts of a log that wait for a slow reader.
const WAITING_MAX: usize = 16;
/// How often it is looked whether a build has begun to say something.
const LOOK: Duration = Duration::from_millis(200);

/// As text: while the workspace is being built it goes on until the build is over.
pub(in crate::http) async fn build_log(
    State(deed): State<Deed>,
    asker: Asker,
    Path(workspace): Path<String>,
) -> Result<Response, Problem> {
    let (id, found) = found(&deed, asker, &workspace).await?;
    let build = found.phase.build;
    if deed.keeper.is_some() && goes_on(&found.phase) {
        let (sender, parts) = mpsc::channel(WAITING_MAX);
        tokio::spawn(follow(deed, id, build, sender));
        return Ok(as_text(Body::from_stream(ReceiverStream::new(parts))));
    }
    Ok(as_text(said(&deed, id, &found)?.into()))
}

/// Whether its build goes on, or is to begin.
fn goes_on(phase: &Phase) -> bool {
    phase.wish == Wish::Run && matches!(phase.status, Status::Requested | Status::Building | Status::Lost)
}

/// What the last build said, when none goes on.
pub(in crate::http) fn said(deed: &Deed, id: WorkspaceId, found: &Workspace) -> Result<String, Problem> {
    let live = deed.keeper.as_ref().and_then(|keeper| keeper.log(id));
    match live.filter(|(build, _)| *build == found.phase.build) {
        Some((_, log)) => Ok(log.text()),
        None => kept(deed, id, found),
    }
}

fn as_text(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, body).into_response()
}

async fn follow(deed: Deed, id: WorkspaceId, build: u64, out: mpsc::Sender<Result<Bytes, Infallible>>) {
    let (mut sent, mut grown, mut stopping) = (0, deed.grown.clone(), deed.stopping.clone());
    loop {
        grown.borrow_and_update();
        let published = deed.engine.published();
        let phase = published.state.workspaces.find(id).map(|found| found.phase);
        let over = phase.is_none_or(|phase| phase.build != build || !goes_on(&phase));
        let newest = deed.keeper.as_ref().and_then(|keeper| keeper.log(id));
        let log = newest.filter(|(number, _)| *number == build).map(|(_, log)| log);
        // Taken before the log is read, so that no line between the two is missed.
        let grows = log.as_ref().map(Log::grows);
        let part = log.map(|log| log.after(sent)).unwrap_or_default();
        sent += part.len();
        if !part.is_empty() && out.send(Ok(part.into())).await.is_err() || over {
            return;
        }
        tokio::select! {
            () = more(grows) => {}
            changed = grown.changed() => if changed.is_err() { return },
            _ = stopping.changed() => return,
            () = out.closed() => return,
        }
    }
}

/// Waits until a log has more; or for a moment, when the build has not begun to say anything.
async fn more(grows: Option<watch::Receiver<usize>>) {
    let Some(mut grows) = grows else { return tokio::time::sleep(LOOK).await };
    if grows.changed().await.is_err() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The log that was sealed beside the event that ended the last build.
fn kept(deed: &Deed, id: WorkspaceId, found: &Workspace) -> Result<String, Problem> {
    let nothing = || Problem::new(Kind::NoSuchRoute, "no log of a build of this workspace is kept");
    let seq = found.logged.ok_or_else(nothing)?;
    let opened = deed.sealed.build_log(seq, id);
    let opened = opened.map_err(|cause| {
        tracing::error!("the build log of `{id}` cannot be read: {cause}");
        Problem::new(Kind::Unreadable, "the log is kept and cannot be read; the server's own log says why")
    })?;
    opened.map(|plain| String::from_utf8_lossy(&plain).into_owned()).ok_or_else(nothing)
}
