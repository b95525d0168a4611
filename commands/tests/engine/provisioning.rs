//! The longest order of a tenant: done whole, recalled whole.

use crate::bench::{Sent, done, send_all, sent};
use crate::names::{group, policy};
use crate::owned::{actor, make_owner, send};
use crate::people::{account, credential, digest, subject};
use crate::{add, on_sim};
use commands::identity::IssueCredential;
use commands::policy::ProposePolicy;
use commands::provisioning::{GroupNames, MEMBERS_MAX, PutGroup, PutSubject};
use fixtures::sim_disk::SimDisk;
use ledger::event::ContentDigest;
use ledger::event::policy::{Body, Provisioning, Tenant, TenantMode};

fn tenants() -> ProposePolicy {
    let service_account = account("svc-corp");
    let tenant =
        Tenant { agents: true, login: None, mode: TenantMode::Strict, name: "corp".into(), service_account };
    let body = Body::Provisioning(Provisioning { tenants: vec![tenant] });
    ProposePolicy { policy: policy("tenants"), body }
}

fn put(name: &str) -> Sent {
    let called = digest(name).0.first_chunk().copied().expect("a hash is longer than that");
    let order = PutSubject {
        active: true,
        external: None,
        handle: name.into(),
        login: None,
        name: ContentDigest(called),
        occurred: None,
        profile: None,
        subject: subject(name),
    };
    sent(actor("svc-corp"), "", order)
}

#[test]
fn a_group_with_as_many_members_as_an_order_brings_is_recalled_whole() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("the ledger opens");
    make_owner(&mut engine, "ada");
    let (shown, secret, whose) = (credential("svc-corp"), digest("svc-corp"), subject("svc-corp"));
    let issue = IssueCredential { credential: shown, digest: secret, expires: None, subject: Some(whose) };
    done(&send(&mut engine, actor("ada"), "", add("svc-corp")));
    done(&send(&mut engine, actor("ada"), "", issue));
    done(&send(&mut engine, actor("ada"), "", tenants()));
    let names: Vec<String> = (0..MEMBERS_MAX).map(|number| format!("member {number}")).collect();
    send_all(&mut engine, names.iter().map(|name| put(name))).iter().for_each(|answer| drop(done(answer)));
    let order = PutGroup {
        come: names.iter().map(|name| subject(name)).collect(),
        go: vec![],
        group: group("all"),
        names: Some(GroupNames { external: None, name: "all".into() }),
        occurred: None,
    };
    let first = done(&send(&mut engine, actor("svc-corp"), "one", order.clone()));
    assert_eq!(first.events.len(), MEMBERS_MAX + 2);
    assert_eq!(done(&send(&mut engine, actor("svc-corp"), "one", order.clone())), first);
    engine.stop("test");
    let mut engine = bench.open().expect("the ledger opens again");
    assert_eq!(done(&send(&mut engine, actor("svc-corp"), "one", order)), first);
}
