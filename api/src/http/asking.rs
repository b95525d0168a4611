//! Who asks, and the way to the engine and back.

use super::answering::Answering;
use super::oauth::Waiting;
use super::pages::Paging;
use super::rates::Rates;
use super::scim::Directories;
use super::sign_in::{Cookie, SignIns};
use super::{Kind, Problem, as_of};
use crate::clock;
use crate::door::DoorAddress;
use crate::keeper::Keeper;
use crate::limits::Limits;
use crate::secret::Secret;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::{HeaderMap, header, request::Parts};
use commands::access::Look;
use commands::engine::{Answer, Handle, Lookup, Published, Source, Submission};
use commands::identity::UseSession;
use commands::{Command, custody::ReadLog};
use ledger::event::id::CommandId;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, ContentDigest, Origin, Subject, Via};
use ledger::hash::Hash;
use ledger::note::VerifierKey;
use ledger::receipt::Receipt;
use ledger::sealed::SealedReader;
use projections::access::Permission;
use projections::history::Moment;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// What every handler needs.
#[derive(Clone)]
pub struct Deed {
    /// The way to the engine.
    pub engine: Handle,
    /// The size of the log, whenever it grows.
    pub grown: watch::Receiver<u64>,
    /// Key of the digests by which command ids and sources are told apart.
    pub digest_key: Arc<[u8; 32]>,
    /// The genesis statement's text.
    pub genesis: Arc<str>,
    /// The key to pin.
    pub event_key: Arc<VerifierKey>,
    /// How much a client may take.
    pub limits: Limits,
    /// How many requests may come from whom; absent without a limit.
    pub rates: Option<Arc<Rates>>,
    /// Sign-ins, and where browsers find the server.
    pub sign_in: Arc<SignIns>,
    /// Programs that wait to be let in.
    pub oauth: Arc<Waiting>,
    /// What tenants share.
    pub directories: Arc<Directories>,
    /// What is sealed beside the log.
    pub sealed: SealedReader,
    /// Who keeps workspaces; absent where there is no engine.
    pub keeper: Option<Keeper>,
    /// Where the apps of workspaces are opened.
    pub door: Option<Arc<DoorAddress>>,
    /// Computes answers about access.
    pub answering: Answering,
    /// Says that the server stops, so that streams end.
    pub stopping: watch::Receiver<bool>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// As far as the credential says.
    pub actor: Actor,
    /// Whose refusals are counted together.
    pub source: Source,
}

impl FromRequestParts<Deed> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, deed: &Deed) -> Result<Self, Problem> {
        let from = deed.source_of(parts);
        let origin = deed.sign_in.origin();
        let (shown, cookie) = (bearer(&parts.headers)?, origin.cookie(Cookie::Session, &parts.headers));
        let Some(text) = shown.or(cookie) else {
            return Ok(Self { actor: Actor::Anonymous(Via::Nothing), source: from });
        };
        if shown.is_none()
            && let Err(problem) = origin.same_site(&parts.method, &parts.headers)
        {
            deed.note_cross_site(from).await?;
            return Err(problem);
        }
        let digest = Secret::parse(text).map(|secret| secret.digest());
        let published = deed.engine.published();
        let known = digest.and_then(|digest| published.state.credentials.bearer(&digest, clock::now()));
        // A cookie holds a session of a browser and nothing else, so that no page can plant another credential.
        let of_browser = |(_, id): (_, _)| published.state.sessions.of_browser(id).is_some();
        let is_session = |actor: &Actor| actor.shown().is_some_and(of_browser);
        let known = known.filter(|known| shown.is_some() || is_session(known));
        Ok(known.map_or(Self { actor: Actor::Anonymous(Via::Nothing), source: from }, |actor| {
            let asker = deed.known(actor);
            deed.note_use(asker, &published);
            asker
        }))
    }
}

/// What stands behind `Bearer`, if anything is shown at all.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (shown.next(), shown.next());
    let Some(first) = first else { return Ok(None) };
    let parts = first.to_str().ok().and_then(|shown| shown.trim().split_once(' '));
    match parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer") && second.is_none()) {
        Some((_, text)) => Ok(Some(text.trim())),
        None => {
            let detail = "`Authorization` must read `Bearer <credential>`, and stand there once";
            Err(Problem::new(Kind::MalformedAuthorization, detail))
        }
    }
}

/// A client's command, ready for the engine.
pub(super) struct Request {
    pub(super) id: CommandId,
    pub(super) digest: ContentDigest,
    pub(super) command: Command,
    /// How many events the client had seen, if that matters.
    pub(super) seen: Option<u64>,
}

impl Deed {
    fn source(&self, what: &[u8]) -> Source {
        Source(self.keyed("deed/source/v1", what))
    }

    /// Whose refusals count together, while nobody is known: those from one address.
    pub(super) fn source_of(&self, parts: &Parts) -> Source {
        let address =
            parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        self.source(format!("{address:?}").as_bytes())
    }

    /// Somebody who showed a good credential.
    pub(super) fn known(&self, actor: Actor) -> Asker {
        let whose = actor.shown().map(|(subject, _)| subject.to_string()).unwrap_or_default();
        Asker { actor, source: self.source(whose.as_bytes()) }
    }

    /// Has it recorded that another site tried to use a session. Nobody is taken for its owner: the refusal is of somebody unknown.
    async fn note_cross_site(&self, source: Source) -> Result<(), Problem> {
        let asker = Asker { actor: Actor::Anonymous(Via::Nothing), source };
        match self.tell(asker, UseSession {}.into()).await {
            Err(problem) if problem.code() != "not_authenticated" => Err(problem),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Has it recorded that a session is used, when that is due. The request does not wait for it.
    fn note_use(&self, asker: Asker, published: &Published) {
        let Some((_, credential)) = asker.actor.shown() else { return };
        let found = published.state.credentials.find(credential);
        if found.and_then(|found| found.idle).is_some_and(|idle| idle.is_due(clock::now())) {
            let Asker { actor, source } = asker;
            let (origin, lookup) =
                (Origin { channel: Channel::Http, digest: None, request: None }, Lookup::FreeBelow(u64::MAX));
            let command = UseSession {}.into();
            let reply = Box::new(|_| ());
            let submitted =
                self.engine.submit(Submission { actor, origin, source, command, lookup, seen: None, reply });
            if submitted.is_err() {
                tracing::debug!("the use of a session is not recorded now; its next request tries again");
            }
        }
    }

    /// Has a command done that no client named.
    pub(super) async fn tell(&self, asker: Asker, command: Command) -> Result<Option<Receipt>, Problem> {
        let origin = Origin { channel: Channel::Http, digest: None, request: None };
        self.submit(asker, origin, command, None).await
    }

    /// A keyed digest of two texts of which the first has no zero byte.
    pub(super) fn digest_of_two(&self, context: &str, one: &str, other: &str) -> ContentDigest {
        let text = [one.as_bytes(), &[0], other.as_bytes()].concat();
        ContentDigest(self.keyed(context, &text))
    }

    /// A digest that only this server can recompute.
    pub(super) fn keyed(&self, context: &str, what: &[u8]) -> [u8; 16] {
        let Hash(digest) = Hash::in_context(context, &[&*self.digest_key, what]);
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// The digest of a command's content.
    pub(super) fn content_digest(&self, content: &[u8]) -> ContentDigest {
        ContentDigest(self.keyed("deed/command/v1", content))
    }

    /// Hands a client's command to the engine and waits until what becomes of it is lasting.
    pub(super) async fn order(&self, asker: Asker, request: Request) -> Result<Option<Receipt>, Problem> {
        let Request { id, digest, command, seen } = request;
        let origin = Origin { channel: Channel::Http, digest: Some(digest), request: Some(id) };
        self.submit(asker, origin, command, seen).await
    }

    pub(super) async fn submit(
        &self,
        asker: Asker,
        origin: Origin,
        command: Command,
        seen: Option<u64>,
    ) -> Result<Option<Receipt>, Problem> {
        let (answered, answer) = oneshot::channel();
        let Asker { actor, source } = asker;
        // A client that left does not take its answer; what happened is in the log all the same.
        let reply = Box::new(move |answer| drop(answered.send(answer)));
        self.engine.submit(Submission {
            actor,
            origin,
            source,
            command,
            lookup: Lookup::FreeBelow(u64::MAX),
            seen,
            reply,
        })?;
        match answer.await {
            Ok(Answer::Done(receipt)) => Ok(receipt),
            Ok(Answer::Refused(refusal, receipt)) => Err(Problem::refused(refusal, receipt)),
            Ok(Answer::Failed(failure)) => Err(failure.into()),
            Err(_) => Err(commands::engine::Failure::Stopped.into()),
        }
    }

    /// What is lasting now, if the asker may see what the permission covers. A refusal is recorded.
    pub(super) async fn look(
        &self,
        asker: Asker,
        permission: Option<Permission>,
    ) -> Result<Arc<Published>, Problem> {
        self.look_at(asker, permission, Scope::Site).await
    }

    /// The same for a scope.
    pub(super) async fn look_at(
        &self,
        asker: Asker,
        permission: Option<Permission>,
        scope: Scope,
    ) -> Result<Arc<Published>, Problem> {
        let published = self.engine.published();
        if may_see(&published, &asker.actor, permission, scope) {
            return Ok(published);
        }
        let needed = permission.map(|permission| (permission, scope));
        self.tell(asker, Look { permission: needed }.into()).await?;
        // Permitted meanwhile.
        Ok(self.engine.published())
    }

    /// What is lasting now and the moment that is asked about, if the asker may see what the permission covers.
    pub(super) async fn view<K>(
        &self,
        asker: Asker,
        permission: Option<Permission>,
        paging: &Paging<K>,
    ) -> Result<(Arc<Published>, Moment), Problem> {
        let published = self.look(asker, permission).await?;
        let moment = as_of::moment(self, &published, paging.as_of.as_deref())?;
        Ok((published, moment))
    }

    /// The keyed digest of a name to sign in with, whatever its case.
    pub(super) fn login_digest(&self, login: &str) -> ContentDigest {
        ContentDigest(self.keyed("deed/login/v1", login.trim().to_lowercase().as_bytes()))
    }

    /// Records that the asker reads the log between two positions. Nothing may be shown before that.
    pub(super) async fn note_read(&self, asker: Asker, from: u64, to: u64) -> Result<(), Problem> {
        self.tell(asker, ReadLog { from, to }.into()).await.map(drop)
    }
}

/// Whether the actor is a subject with a good credential and, where asked for, the permission at the scope.
pub(super) fn may_see(
    published: &Published,
    actor: &Actor,
    permission: Option<Permission>,
    scope: Scope,
) -> bool {
    let (state, now) = (&published.state, clock::now());
    let permitted = |permission| state.actor_may(actor, permission, scope.into(), now);
    actor.shown().is_some() && state.is_authentic(actor, now) && permission.is_none_or(permitted)
}

/// The subject of an asker that was let in.
pub(super) fn subject_of(asker: &Asker) -> Option<Subject> {
    asker.actor.shown().map(|(subject, _)| subject)
}
