//! What the last build of a workspace said: as it goes on, and as it was kept.

use super::super::asking::{Asker, Deed};
use super::super::{Kind, Problem};
use super::shown::found;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ledger::event::id::WorkspaceId;
use projections::workspaces::{Status, Workspace};
use std::convert::Infallible;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Parts of a log that wait for a slow reader.
const WAITING_MAX: usize = 16;

/// As text: while the workspace is being built it goes on until the build is over.
pub(in crate::http) async fn build_log(
    State(deed): State<Deed>,
    asker: Asker,
    Path(workspace): Path<String>,
) -> Result<Response, Problem> {
    let (id, found) = found(&deed, asker, &workspace).await?;
    let live = deed.keeper.as_ref().and_then(|keeper| keeper.log(id));
    if let Some((build, log)) = live.filter(|(build, _)| *build == found.phase.build) {
        let building = matches!(found.phase.status, Status::Requested | Status::Building | Status::Lost);
        if !building {
            return Ok(as_text(log.text().into()));
        }
        let (sender, parts) = mpsc::channel(WAITING_MAX);
        tokio::spawn(follow(deed, id, build, log, sender));
        return Ok(as_text(Body::from_stream(ReceiverStream::new(parts))));
    }
    Ok(as_text(kept(&deed, id, &found)?.into()))
}

fn as_text(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, body).into_response()
}

async fn follow(
    deed: Deed,
    id: WorkspaceId,
    build: u64,
    log: crate::keeper::log::Log,
    out: mpsc::Sender<Result<Bytes, Infallible>>,
) {
    let (mut sent, mut grows, mut grown, mut stopping) =
        (0, log.grows(), deed.grown.clone(), deed.stopping.clone());
    loop {
        grown.borrow_and_update();
        let published = deed.engine.published();
        let phase = published.state.workspaces.find(id).map(|found| found.phase);
        let over = phase.is_none_or(|phase| {
            phase.build != build || !matches!(phase.status, Status::Requested | Status::Building | Status::Lost)
        });
        let part = log.after(sent);
        sent += part.len();
        if !part.is_empty() && out.send(Ok(part.into())).await.is_err() || over {
            return;
        }
        tokio::select! {
            changed = grows.changed() => if changed.is_err() { return },
            changed = grown.changed() => if changed.is_err() { return },
            _ = stopping.changed() => return,
            () = out.closed() => return,
        }
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
