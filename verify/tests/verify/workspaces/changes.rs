//! What changes about a workspace, what was seen of it, and refusals.

use super::life::granted;
use super::*;
use ledger::event::custody::CommandRefused;
use ledger::event::{Object, Refusal};
use ledger::time::Time;
use ledger::zone::Zone;
use verify::Code;

const WRONG: Option<Code> = Some(Code::RefusalWrong);

fn transfers(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let give = |to| WorkspaceTransferred { owner: to, workspace: workspace(1) };
    let standing = then(&standing(cast), owner, granted(cast));
    let running = then(&running(cast), owner, granted(cast));
    let twin = WorkspaceRequested { workspace: workspace(2), ..requested(Some(cast.admin)) };
    let going = then(&standing, owner, deletes(3, Why::Person));
    vec![
        ("give it away", then(&standing, owner, give(cast.admin)), None),
        ("give it to oneself", then(&standing, owner, give(cast.owner)), DENIED),
        ("give away what runs", then(&running, owner, give(cast.admin)), DENIED),
        ("give away what is to be gone", then(&going, owner, give(cast.admin)), DENIED),
        ("give it to who may not", then(&self::standing(cast), owner, give(cast.admin)), DENIED),
        (
            "give it under a name that is taken",
            then(&then(&standing, admin, twin), owner, give(cast.admin)),
            DENIED,
        ),
        (
            "given away, by who had it",
            {
                let given = then(&standing, owner, give(cast.admin));
                then(&given, owner, starts(3, Why::Person))
            },
            DENIED,
        ),
    ]
}

fn changes(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let running = running(cast);
    let going = then(&running, owner, deletes(2, Why::Person));
    let update = |values, version| WorkspaceUpdated { values, version, workspace: workspace(1) };
    let share = |app: &str, sharing| AppShared { app: app.into(), sharing, workspace: workspace(1) };
    let set = |zone: &str| {
        let start = Some("08:30".parse().unwrap());
        let zone: Zone = serde_json::from_str(&format!("\"{zone}\"")).unwrap();
        let schedule = Some(Schedule { days: "mon".parse().unwrap(), start, stop: None, zone });
        ScheduleSet { schedule, workspace: workspace(1) }
    };
    let second = then(&running, owner, version(2, spec_with_more_jobs()));
    vec![
        ("another value", then(&running, owner, update(values("4", "eu"), 1)), None),
        ("the same values", then(&running, owner, update(values("2", "eu"), 1)), DENIED),
        ("a value that never changes", then(&running, owner, update(values("2", "asia"), 1)), DENIED),
        ("a value that is not admitted", then(&running, owner, update(values("x", "eu"), 1)), DENIED),
        ("another value, by who may not", then(&running, admin, update(values("4", "eu"), 1)), DENIED),
        ("another value of what is to be gone", then(&going, owner, update(values("4", "eu"), 1)), DENIED),
        ("another version", then(&second, owner, update(values("2", "eu"), 2)), None),
        ("a version that is none", then(&running, owner, update(values("2", "eu"), 2)), DENIED),
        (
            "a version that is archived",
            { then(&then(&second, owner, archived(2)), owner, update(values("2", "eu"), 2)) },
            DENIED,
        ),
        ("an app shared", then(&running, owner, share("preview", Sharing::Organization)), None),
        ("an app shared too widely", then(&running, owner, share("preview", Sharing::Authenticated)), DENIED),
        ("an app that is none", then(&running, owner, share("none", Sharing::Organization)), DENIED),
        (
            "an app shared by who may not",
            then(&running, admin, share("preview", Sharing::Organization)),
            DENIED,
        ),
        ("a schedule", then(&running, owner, set("Europe/Berlin")), None),
        ("a schedule in no zone", then(&running, owner, set("Mars/Base")), DENIED),
        ("a schedule by who may not", then(&running, admin, set("UTC")), DENIED),
    ]
}

fn spec_with_more_jobs() -> WorkspaceSpec {
    WorkspaceSpec { limits: Limits { processes: 512, ..spec().limits }, ..spec() }
}

fn sleeping(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let running = running(cast);
    let sleep = || FellAsleep { workspace: workspace(1) };
    let long_ago = then(&later(&running, cast, 20), SYSTEM, stops(2, Why::Dormancy));
    let asleep = then(&long_ago, SYSTEM, sleep());
    let still = also(&asleep, SYSTEM, [gives_running(), stopped(2)]);
    let left = {
        let deleting = then(&running, owner, deletes(2, Why::Person));
        also(&deleting, SYSTEM, [gives_running(), gives_disk(), gone(2, &["home"])])
    };
    let volume = |name: &str| VolumeDeleted { volume: name.into(), workspace: workspace(1) };
    vec![
        ("asleep", asleep.clone(), None),
        ("asleep too early", then(&running, SYSTEM, sleep()), DENIED),
        ("asleep by the owner", then(&long_ago, owner, sleep()), DENIED),
        ("asleep twice", then(&asleep, SYSTEM, sleep()), DENIED),
        ("deleted while it sleeps, too early", then(&still, SYSTEM, deletes(3, Why::Dormancy)), DENIED),
        ("deleted while it sleeps", then(&later(&still, cast, 30), SYSTEM, deletes(3, Why::Dormancy)), None),
        ("deleted awake", then(&running, SYSTEM, deletes(2, Why::Dormancy)), DENIED),
        ("a volume that is left", then(&left, owner, volume("home")), None),
        ("a volume that is not left", then(&left, owner, volume("cache")), DENIED),
        ("a volume by who may not", then(&left, cast.as_admin(), volume("home")), DENIED),
        ("a volume of what is there", then(&running, owner, volume("home")), DENIED),
    ]
}

fn seen(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let running = running(cast);
    let used = |number| ActivitySeen { workspace: workspace(number) };
    let counted = |number| ConnectionsCounted {
        app: "preview".into(),
        bytes_in: 1,
        bytes_out: 2,
        from: Time::default(),
        requests: 1,
        to: Time::default(),
        tunnels: 0,
        visitor: None,
        workspace: workspace(number),
    };
    let orphan = OrphanFound { name: "deed-1".into(), thing: Thing::Container };
    vec![
        ("used", then(&running, SYSTEM, used(1)), None),
        ("used by its owner's word", then(&running, owner, used(1)), DENIED),
        ("nothing used", then(&running, SYSTEM, used(2)), DENIED),
        ("connections", then(&running, SYSTEM, counted(1)), None),
        ("connections to nothing", then(&running, SYSTEM, counted(2)), DENIED),
        ("connections by the owner's word", then(&running, owner, counted(1)), DENIED),
        ("an orphan", then(&running, SYSTEM, orphan.clone()), None),
        ("an orphan by somebody's word", then(&running, owner, orphan), DENIED),
    ]
}

fn refused(command: &str, about: Option<Object>, refusal: Refusal) -> Fact {
    CommandRefused { about, command: command.into(), refusal }.into()
}

fn refusals(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let (there, running) = (there(cast), running(cast));
    let work = Some(Object::Workspace(workspace(1)));
    let say = |before: &[(Actor, Fact)], about, refusal| then(before, owner, refused("x.y", about, refusal));
    let unusable = |reason: &str| Refusal::TemplateNotUsable { reason: reason.into(), template: template(1) };
    let told = TemplateDeprecated { message: Some("use another".into()), template: template(1) };
    let deprecated = then(&there, owner, told);
    let bare = also(&[], owner, [Fact::from(made(1, "rust")), version(1, spec()).into()]);
    let parameter = |name: &str| Refusal::ParameterNotAdmitted { parameter: name.into(), what: "x".into() };
    let recreate = |field: &str| Refusal::RecreationNeeded { field: field.into() };
    let wide = |sharing_max| Refusal::SharedTooWidely { sharing_max };
    let unsound = || Refusal::UnsoundTemplate { what: "x".into() };
    let taken = |handle: &str| Refusal::HandleTaken { handle: handle.into() };
    let gone = || Refusal::UnknownObject { object: Object::Workspace(workspace(1)) };
    let going = then(&running, owner, deletes(2, Why::Person));
    vec![
        ("deprecated", say(&deprecated, None, unusable("deprecated")), None),
        ("not deprecated", say(&there, None, unusable("deprecated")), WRONG),
        ("nothing promoted", say(&bare, None, unusable("nothing_promoted")), None),
        ("something promoted", say(&there, None, unusable("nothing_promoted")), WRONG),
        ("the promoted one", say(&there, None, unusable("promoted")), None),
        ("not the promoted one", say(&bare, None, unusable("promoted")), WRONG),
        ("elsewhere, of the site", say(&there, None, unusable("elsewhere")), WRONG),
        ("for no reason", say(&there, None, unusable("whim")), WRONG),
        ("of no template", say(&[], None, unusable("no_such_version")), WRONG),
        ("a new owner who may not", say(&running, work, unusable("new_owner_may_not")), None),
        ("no new owner", say(&running, None, unusable("new_owner_may_not")), WRONG),
        ("a parameter", say(&there, None, parameter("jobs")), None),
        ("no parameter", say(&there, None, parameter("colour")), WRONG),
        ("no parameter of it", say(&running, work, parameter("colour")), WRONG),
        ("a parameter for ever", say(&running, work, recreate("parameters.region")), None),
        ("a parameter for now", say(&running, work, recreate("parameters.jobs")), WRONG),
        ("a field of the same version", say(&running, work, recreate("container.user")), WRONG),
        ("a ceiling", say(&running, work, wide(Sharing::Organization)), None),
        ("another ceiling", say(&running, work, wide(Sharing::Authenticated)), WRONG),
        ("no ceiling", say(&running, work, wide(Sharing::Public)), WRONG),
        ("a ceiling of nothing", say(&running, None, wide(Sharing::Organization)), WRONG),
        (
            "an unsound template",
            then(&there, owner, refused("workspaces.publish_template", None, unsound())),
            None,
        ),
        ("an unsound something", say(&there, None, unsound()), WRONG),
        ("a name of one's own", say(&running, None, taken("work")), None),
        ("a free name", say(&running, None, taken("other")), WRONG),
        ("to be gone already", say(&going, work, gone()), None),
        ("there", say(&running, work, gone()), WRONG),
    ]
}

#[test]
fn changes_that_nobody_could_make_are_found() {
    holds(|cast| [transfers(cast), changes(cast), sleeping(cast)].concat());
}

#[test]
fn what_nobody_saw_is_found() {
    holds(seen);
}

#[test]
fn refusals_that_did_not_hold_are_found() {
    holds(refusals);
}
