//! Which resources a filter means.

use super::generate::filter;
use super::{ENTERPRISE, kind_of, meta, person};
use api::scim::{
    AGENT, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, Filter, GROUP, Kind, Mode, Resource, USER,
};
use fixtures::rng::Rng;
use serde_json::json;

fn ada() -> Resource {
    person(json!({
        "externalId": "E1", "title": "Boss", "active": true, "nickName": "",
        "name": { "givenName": "Ada", "familyName": "Löw" },
        "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }, { "value": "a@home.example" }],
        (ENTERPRISE): { "employeeNumber": "100", "manager": { "value": "M1" } },
    }))
    .described(&meta())
}

fn found(mode: Mode, text: &str) -> bool {
    Filter::read(&USER, mode, text).unwrap_or_else(|refusal| panic!("{text}: {refusal}")).matches(&ada())
}

#[test]
fn each_operator_finds_what_it_should() {
    for (text, expected) in [
        (r#"userName eq "ADA""#, true),
        (r#"USERNAME Eq "ada""#, true),
        (r#"userName ne "ada""#, false),
        (r#"userName co "D""#, true),
        (r#"userName sw "ad""#, true),
        (r#"userName ew "da""#, true),
        (r#"userName gt "ACE""#, true),
        (r#"userName ge "ada""#, true),
        (r#"userName lt "ada""#, false),
        (r#"userName le "ada""#, true),
        (r#"externalId eq "e1""#, false),
        (r#"externalId eq "E1""#, true),
        (r#"id eq "2819c223""#, true),
        (r#"name.familyName eq "LÖW""#, true),
        ("title pr", true),
        ("nickName pr", false),
        ("displayName pr", false),
        ("name pr", true),
        ("addresses pr", false),
        ("displayName eq null", true),
        ("displayName ne null", false),
        (r#"displayName ne "x""#, true),
        (r#"displayName lt "x""#, false),
        ("active eq true", true),
        ("active ne true", false),
        (r#"emails co "home""#, true),
        (r#"emails ne "ada@example.com""#, false),
        (r#"emails.type eq "WORK""#, true),
        ("emails.type eq null", true),
        (r#"emails[type eq "work" and value co "ada"]"#, true),
        (r#"emails[type eq "work" and value co "home"]"#, false),
        (r#"emails[not (type eq "work")]"#, true),
        ("emails[type pr and primary eq true]", true),
        (r#"emails[type eq "work"].value eq "ada@example.com""#, true),
        (r#"emails[type eq "work" or type eq "x"].value eq "a@home.example""#, false),
        (r#"meta.created eq "2011-05-13T06:42:34+02:00""#, true),
        (r#"meta.created lt "2011-05-13T04:42:34.5Z""#, true),
        (r#"meta.lastModified gt "2012-01-01T00:00:00Z""#, false),
        (r#"meta.created co "2011""#, false),
        (r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#, true),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada""#, true),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"]"#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber gt "1""#, true),
        (r#"URN:ietf:params:scim:schemas:EXTENSION:enterprise:2.0:User:manager.value eq "M1""#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "M1""#, true),
        (r#"title eq "x" or title eq "Boss" and active eq true"#, true),
        (r#"(title eq "Boss" or title eq "x") and active eq false"#, false),
        (r#"not (title eq "x") and active eq true"#, true),
    ] {
        assert_eq!(found(Mode::Strict, text), expected, "{text}");
    }
    assert!(found(Mode::Entra, r#"active eq "True""#));
}

#[test]
fn a_filter_that_makes_no_sense_is_refused() {
    let deep = FILTER_DEPTH_MAX + 1;
    for text in [
        "",
        "userName",
        "userName eq",
        "userName eq ada",
        "userName eq 'ada'",
        r#"userName is "ada""#,
        "userName eq 7",
        "userName eq true",
        "active gt true",
        r#"active co "t""#,
        r#"active eq "true""#,
        r#"meta.created gt "yesterday""#,
        r#"name eq "Ada""#,
        r#"nothing eq "x""#,
        "not (nothing pr)",
        r#"userName[value eq "x"]"#,
        r#"emails[nothing eq "x"]"#,
        r#"emails[emails.type eq "x"]"#,
        r#"emails[type[a pr]]"#,
        "emails.type.x pr",
        "password pr",
        r#"password eq "secret""#,
        r#"x509Certificates.value co "M""#,
        "urn:unknown:userName pr",
        "title pr and",
        "(title pr",
        &format!("{}title pr{}", "(".repeat(5_000), ")".repeat(5_000)),
        &format!("{}title pr{}", "not (".repeat(deep), ")".repeat(deep)),
        &vec!["title pr"; FILTER_TERMS_MAX + 1].join(" or "),
        &format!("title eq \"{}\"", "x".repeat(FILTER_BYTES_MAX)),
    ] {
        assert_eq!(kind_of(Filter::read(&USER, Mode::Strict, text)), Kind::InvalidFilter, "{text:.60}");
    }
    assert!(Filter::read(&USER, Mode::Strict, &vec!["title pr"; FILTER_TERMS_MAX].join(" or ")).is_ok());
}

#[test]
fn a_filter_over_several_types_passes_over_what_one_of_them_lacks() {
    let kinds = [&USER, &GROUP, &AGENT];
    let filters =
        Filter::read_for_each(&kinds, Mode::Strict, r#"userName eq "ada" or agentType pr"#).unwrap();
    assert_eq!(filters.iter().map(|filter| filter.matches(&ada())).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(kind_of(Filter::read_for_each(&kinds, Mode::Strict, "nothing pr")), Kind::InvalidFilter);
}

#[test]
fn equalities_can_be_looked_up() {
    let read = |text: &str| Filter::read(&USER, Mode::Strict, text).unwrap();
    let names = |filter: &Filter| -> Vec<(String, String)> {
        let each = filter.equalities().into_iter();
        each.map(|(attribute, value)| (attribute.name.to_owned(), value.to_owned())).collect()
    };
    let filter = read(r#"userName eq "Ada""#);
    assert_eq!(filter.equals().map(|(attribute, value)| (attribute.name, value)), Some(("userName", "Ada")));
    let filter = read(
        r#"ID eq "1" and urn:ietf:params:scim:schemas:core:2.0:User:displayName eq "x" and active eq true"#,
    );
    assert_eq!(filter.equals(), None);
    assert_eq!(names(&filter), [("id".into(), "1".into()), ("displayName".into(), "x".into())]);
    for text in [
        r#"userName eq "a" or userName eq "b""#,
        r#"not (userName eq "a")"#,
        r#"emails eq "a@example.com""#,
        r#"name.givenName eq "a""#,
        r#"userName ne "a""#,
        "userName eq null",
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x""#,
    ] {
        assert_eq!(read(text).equalities(), [], "{text}");
    }
}

#[test]
fn a_filter_says_what_it_looks_at() {
    let looks = |text: &str| Filter::read(&GROUP, Mode::Strict, text).unwrap().looks_at("members");
    assert!(looks(r#"id eq "1" and members eq "2""#));
    assert!(looks(r#"not (displayName pr or members[type eq "User"])"#));
    assert!(!looks(r#"displayName eq "members" or externalId pr"#));
}

#[test]
fn a_filter_that_is_written_reads_as_the_same() {
    let mut rng = Rng::new(7);
    for _ in 0..3_000 {
        let text = filter(&mut rng);
        let read =
            Filter::read(&USER, Mode::Strict, &text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        let again = Filter::read(&USER, Mode::Strict, &read.to_string());
        assert_eq!(again.as_ref(), Ok(&read), "{text} was written as {read}");
    }
}
