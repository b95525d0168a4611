//! Organizations, projects, and where a role reaches.

use crate::given::{asked_by, given, grant_role, known, organized, with_roles};
use crate::names::{organization, project};
use crate::people::{grant, subject, time};
use commands::access::{ChangeProject, CreateOrganization, CreateProject, GrantRole};
use ledger::event::access::{OrganizationCreated, ProjectChanged, ProjectCreated, RoleGranted, Terms};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Object, Refusal};
use projections::access::Role::{Operator, Owner, UserAdmin};
use projections::access::{Permission, Place};

#[test]
fn organizations_and_projects_are_made_and_named_once() {
    let mut given = given(with_roles("ada", &[Owner]));
    let create = CreateOrganization { organization: organization("acme"), handle: "acme".into() };
    let facts = organized();
    given.when(&asked_by("ada"), create.clone()).then([OrganizationCreated {
        handle: "acme".into(),
        organization: organization("acme"),
    }
    .into()]);
    given.happen(facts);
    let scope = Scope::Site;
    given.when(&asked_by("ada"), create).refused(Refusal::NameTaken { handle: "acme".into(), scope });
    let environments = Environments::of([Environment::Dev]);
    let new = |handle: &str, organization| CreateProject {
        project: project("new"),
        organization,
        handle: handle.into(),
        environments,
        repositories: vec![],
    };
    let acme = organization("acme");
    let scope = Scope::Organization(acme);
    given
        .when(&asked_by("ada"), new("deed", acme))
        .refused(Refusal::NameTaken { handle: "deed".into(), scope });
    let object = Object::Organization(organization("none"));
    given.when(&asked_by("ada"), new("x", organization("none"))).refused(Refusal::UnknownObject { object });
    let made = ProjectCreated {
        environments,
        handle: "x".into(),
        organization: acme,
        project: project("new"),
        repositories: vec![],
    };
    given.when(&asked_by("ada"), new("x", acme)).then([made.into()]);
    let change = ChangeProject { project: project("deed"), environments, repositories: vec!["r".into()] };
    let changed = ProjectChanged { environments, project: project("deed"), repositories: vec!["r".into()] };
    given.when(&asked_by("ada"), change.clone()).then([changed.clone().into()]);
    given.happen([changed.into()]);
    given.when(&asked_by("ada"), change).then([]);
}

#[test]
fn a_role_reaches_what_lies_inside_and_nothing_else() {
    let (acme, deed) = (Scope::Organization(organization("acme")), Scope::Project(project("deed")));
    let places: [Place; 3] = [Scope::Site.into(), acme.into(), deed.into()];
    for (scope, reaches) in [(Scope::Site, [true, true, true]), (acme, [false, true, true])] {
        let mut given = given([known("bob"), organized()].concat());
        given.happen([RoleGranted::new(grant("bob's"), "user_admin", scope, subject("bob")).into()]);
        let may = |place| given.state.may(subject("bob"), Permission::AccessGrant, place, time(3_600));
        assert_eq!(places.map(may), reaches, "{scope}");
    }
}

#[test]
fn a_grant_in_an_environment_holds_there_until_it_expires() {
    let deed = Scope::Project(project("deed"));
    let mut given = given([with_roles("ada", &[Owner]), known("bob"), organized()].concat());
    let environments = Some(Environments::of([Environment::Prod]));
    let terms = Terms { environments, expires: Some(time(7_200)), ..Terms::default() };
    let order = GrantRole { terms, ..grant_role(grant("bob's"), subject("bob"), Operator) };
    let facts = given.when(&asked_by("ada"), order).facts().expect("it is allowed");
    given.happen(facts);
    let may = |environment, now| {
        let place = Place { scope: deed, environment };
        given.state.may(subject("bob"), Permission::WorkspacesUse, place, time(now))
    };
    assert!(may(Some(Environment::Prod), 7_199));
    assert!(!may(Some(Environment::Prod), 7_200));
    assert!(!may(Some(Environment::Dev), 7_199) && !may(None, 7_199));
}

#[test]
fn an_administrator_of_an_organization_grants_there_and_nowhere_else() {
    let acme = Scope::Organization(organization("acme"));
    let mut given = given([known("ada"), known("bob"), organized()].concat());
    given.happen([RoleGranted::new(grant("ada's"), "user_admin", acme, subject("ada")).into()]);
    let order = |scope| GrantRole { scope, ..grant_role(grant("new"), subject("bob"), UserAdmin) };
    assert!(given.when(&asked_by("ada"), order(acme)).facts().is_ok());
    let permission = Permission::AccessGrant.as_str().into();
    given
        .when(&asked_by("ada"), order(Scope::Site))
        .refused(Refusal::NotPermitted { permission, scope: Scope::Site });
}
