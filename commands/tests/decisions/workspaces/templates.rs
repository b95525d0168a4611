//! Templates: published once, promoted, archived, deprecated, each by those who may where it counts.

use crate::given::{asked_by, given, organized, with_roles};
use crate::names::organization;
use crate::spending::deed;
use crate::workshop::*;
use commands::workspaces::*;
use fixtures::samples::workspaces::{least, whole};
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;
use ledger::event::{Object, Refusal};
use projections::access::{Permission, Role};

fn unusable(reason: &str) -> Refusal {
    Refusal::TemplateNotUsable { reason: reason.into(), template: template("rust") }
}

fn promoted(number: u64) -> VersionPromoted {
    VersionPromoted { number, template: template("rust") }
}

fn archived(number: u64) -> VersionArchived {
    VersionArchived { number, template: template("rust") }
}

#[test]
fn what_is_published_again_is_not_another_version() {
    let mut given = world(rust());
    let ada = asked_by("ada");
    given.when(&ada, publish("rust", rust())).then([]);
    assert_eq!(given.does(&ada, publish("rust", least())), [version("rust", 2, least()), promoted(2).into()]);
    // The one before is promoted again, and not published again.
    assert_eq!(given.does(&ada, publish("rust", rust())), [promoted(1).into()]);
    let waiting = PublishTemplate { promote: false, ..publish("rust", whole()) };
    assert_eq!(given.does(&ada, waiting.clone()), [version("rust", 3, whole())]);
    given.when(&ada, waiting.clone()).then([]);
    given.does(&ada, ArchiveVersion { template: template("rust"), number: 3 });
    given.when(&ada, waiting).then([version("rust", 4, whole())]);
}

#[test]
fn a_version_is_addressed_by_its_content() {
    let given = world(rust());
    let found = given.state.templates.find(template("rust")).expect("it is there");
    let (number, version) = found.active().expect("one is promoted");
    assert_eq!((number, version.digest), (1, rust().digest()));
    assert_ne!(rust().digest(), least().digest());
    let other = WorkspaceSpec { prebuilt: 1, ..least() };
    assert_ne!(other.digest(), least().digest());
}

#[test]
fn a_version_is_promoted_and_archived_unless_it_is_the_promoted_one() {
    let mut given = world(rust());
    let ada = asked_by("ada");
    let promote = |number| PromoteVersion { template: template("rust"), number };
    let archive = |number| ArchiveVersion { template: template("rust"), number };
    given.does(&ada, PublishTemplate { promote: false, ..publish("rust", least()) });
    given.when(&ada, promote(1)).then([]);
    given.when(&ada, promote(3)).refused(unusable("no_such_version"));
    given.when(&ada, archive(3)).refused(unusable("no_such_version"));
    given.when(&ada, archive(1)).refused(unusable("promoted"));
    assert_eq!(given.does(&ada, promote(2)), [promoted(2).into()]);
    assert_eq!(given.does(&ada, archive(1)), [archived(1).into()]);
    given.when(&ada, archive(1)).then([]);
    given.when(&ada, promote(1)).refused(unusable("no_such_version"));
}

#[test]
fn nothing_new_is_made_from_a_deprecated_template_until_it_is_no_more() {
    let mut given = world(rust());
    let (ada, bob) = (asked_by("ada"), asked_by("bob"));
    let deprecate = |message: Option<&str>| DeprecateTemplate {
        template: template("rust"),
        message: message.map(Box::from),
    };
    given.when(&ada, deprecate(None)).then([]);
    given.does(&ada, deprecate(Some("use another")));
    given.when(&ada, deprecate(Some("use another"))).then([]);
    given.when(&bob, create("work")).refused(unusable("deprecated"));
    given.does(&ada, deprecate(None));
    assert!(given.when(&bob, create("work")).facts().is_ok());
}

#[test]
fn an_archived_template_is_gone_and_its_name_is_free() {
    let mut given = world(rust());
    let (ada, bob) = (asked_by("ada"), asked_by("bob"));
    given.does(&bob, create("work"));
    let archive = ArchiveTemplate { template: template("rust") };
    assert_eq!(given.does(&ada, archive.clone()), [TemplateArchived { template: template("rust") }.into()]);
    given.when(&ada, archive.clone()).then([]);
    let unknown = || Refusal::UnknownObject { object: Object::Template(template("rust")) };
    let lacks = Refusal::NotPermitted {
        permission: Permission::TemplatesPublish.as_str().into(),
        scope: Scope::Site,
    };
    given.when(&bob, archive).refused(lacks);
    given.when(&ada, PromoteVersion { template: template("rust"), number: 1 }).refused(unknown());
    given.when(&bob, create("more")).refused(unknown());
    let again = PublishTemplate { template: template("again"), ..publish("rust", rust()) };
    let facts = given.when(&ada, again).facts().expect("the name is free");
    assert_eq!(facts.len(), 3);
    // What was made from it goes on.
    assert!(
        given.when(&bob, StopWorkspace { workspace: workspace("work"), why: Why::Person }).facts().is_ok()
    );
}

#[test]
fn a_template_belongs_to_a_scope_and_is_published_by_who_may_there() {
    let admin = with_roles("tad", &[Role::TemplateAdmin]);
    let given = given([admin, with_roles("bob", &[Role::Operator]), organized()].concat());
    let at = |scope| PublishTemplate { scope, ..publish("rust", rust()) };
    let organization = Scope::Organization(organization("acme"));
    for scope in [Scope::Site, organization, deed()] {
        assert!(given.when(&asked_by("tad"), at(scope)).facts().is_ok());
        let permission = Permission::TemplatesPublish.as_str().into();
        given.when(&asked_by("bob"), at(scope)).refused(Refusal::NotPermitted { permission, scope });
    }
}

#[test]
fn a_template_that_keeps_no_bounds_is_refused() {
    let given = world(rust());
    let spec = WorkspaceSpec { limits: Limits { processes: 1, ..least().limits }, ..least() };
    let what = "`limits.processes` is from 8 to 65536".into();
    given.when(&asked_by("ada"), publish("rust", spec)).refused(Refusal::UnsoundTemplate { what });
}
