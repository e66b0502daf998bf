//! Browsers that are signed in, and codes by which accounts are made.

use domain::Timestamp;
use store::{Invite, InviteOutcome, WebSession};

use crate::bench::{Bench, CAROL, DAVE, passport};

fn session(hash: &str, owner: &str, seen: i64) -> WebSession {
    WebSession {
        hash: hash.to_owned(),
        owner: passport(owner),
        begun: Timestamp(1),
        seen: Timestamp(seen),
        proven: Timestamp(1),
        agent: "Browser".to_owned(),
        address: "192.0.2.1".to_owned(),
    }
}

async fn hashes(bench: &Bench, owner: &str) -> Vec<String> {
    let sessions = bench.store.web_sessions(&passport(owner)).await.unwrap();
    sessions.into_iter().map(|session| session.hash).collect()
}

#[tokio::test]
async fn an_account_has_so_many_browsers_and_the_one_not_seen_for_longest_makes_way() {
    let bench = Bench::new().await;
    for (hash, owner, seen, ended) in [("a", CAROL, 5, 0), ("b", CAROL, 3, 0), ("d", DAVE, 1, 0), ("c", CAROL, 9, 1)] {
        let begun = bench.store.begin_web_session(session(hash, owner, seen), "hash", 2).await.unwrap();
        assert_eq!(begun, Some(ended), "{hash}");
    }
    assert_eq!(hashes(&bench, CAROL).await, ["c", "a"]);
    assert_eq!(hashes(&bench, DAVE).await, ["d"]);
    let nobody = session("e", "nobody@msn.example", 1);
    assert!(bench.store.begin_web_session(nobody, "hash", 2).await.unwrap().is_none());

    bench.store.see_web_session("a", Timestamp(20), "192.0.2.9").await.unwrap();
    bench.store.prove_web_session("a", Timestamp(21)).await.unwrap();
    let seen = bench.store.web_session("a").await.unwrap().unwrap();
    let wanted = (Timestamp(20), Timestamp(21), "192.0.2.9");
    assert_eq!((seen.seen, seen.proven, seen.address.as_str()), wanted);
    assert_eq!(bench.store.web_session("b").await.unwrap(), None);
}

#[tokio::test]
async fn browsers_are_signed_out_one_by_one_together_and_with_their_account() {
    let bench = Bench::new().await;
    for (hash, owner) in [("a", CAROL), ("b", CAROL), ("c", CAROL), ("d", DAVE)] {
        assert!(bench.store.begin_web_session(session(hash, owner, 5), "hash", 20).await.unwrap().is_some());
    }
    assert!(!bench.store.end_web_session(&passport(DAVE), "a").await.unwrap(), "it is not Dave's");
    assert!(bench.store.end_web_session(&passport(CAROL), "a").await.unwrap());
    bench.store.end_web_sessions(&passport(CAROL), Some("c")).await.unwrap();
    assert_eq!((hashes(&bench, CAROL).await, hashes(&bench, DAVE).await), (vec!["c".to_owned()], vec!["d".to_owned()]));
    bench.store.forget_web_sessions(Timestamp(6), Timestamp(0)).await.unwrap();
    assert_eq!(hashes(&bench, CAROL).await, [""; 0]);
    assert!(bench.store.remove_account(&passport(DAVE), Timestamp(7)).await.unwrap());
    assert_eq!(bench.store.web_session("d").await.unwrap(), None);
}

#[tokio::test]
async fn another_password_signs_out_and_nobody_signs_in_by_the_one_before_it() {
    let bench = Bench::new().await;
    let carol = passport(CAROL);
    for (hash, owner) in [("a", CAROL), ("d", DAVE)] {
        assert!(bench.store.begin_web_session(session(hash, owner, 5), "hash", 20).await.unwrap().is_some());
    }
    assert!(!bench.store.change_password(&carol, "guess", "mine").await.unwrap());
    assert_eq!(hashes(&bench, CAROL).await, ["a"]);
    assert!(bench.store.change_password(&carol, "hash", "new").await.unwrap());
    assert_eq!((hashes(&bench, CAROL).await, hashes(&bench, DAVE).await), (Vec::new(), vec!["d".to_owned()]));
    // Whoever had proven the password before it was changed comes too late.
    assert!(bench.store.begin_web_session(session("b", CAROL, 6), "hash", 20).await.unwrap().is_none());
    assert!(!bench.store.change_password(&carol, "hash", "mine").await.unwrap());
    assert!(bench.store.begin_web_session(session("c", CAROL, 6), "new", 20).await.unwrap().is_some());
    assert_eq!(hashes(&bench, CAROL).await, ["c"]);
    assert_eq!(bench.store.password_hash(&carol).await.unwrap().as_deref(), Some("new"));
    assert!(bench.store.set_password(&carol, "newer").await.unwrap());
    assert_eq!(hashes(&bench, CAROL).await, [""; 0]);
}

fn invite(hash: &str, remaining: u32) -> Invite {
    Invite {
        hash: hash.to_owned(),
        maker: passport(CAROL),
        note: "for Eve".to_owned(),
        made: Timestamp(10),
        expires: Timestamp(100),
        remaining,
    }
}

#[tokio::test]
async fn a_code_makes_as_many_accounts_as_it_says_and_not_after_its_time() {
    let bench = Bench::new().await;
    bench.store.add_invite(invite("a", 2), Timestamp(10)).await.unwrap();
    let make = async |address: &str, hash: &str, now: i64| {
        let eve = passport(address);
        bench.store.add_account_by_invite(hash, Timestamp(now), (&eve, "Eve", "hash")).await.unwrap()
    };
    assert_eq!(make("eve@msn.example", "b", 20).await, InviteOutcome::NoInvite);
    assert_eq!(make("eve@msn.example", "a", 100).await, InviteOutcome::NoInvite, "its time is over");
    assert_eq!(make(DAVE, "a", 20).await, InviteOutcome::Exists);
    assert_eq!(bench.store.invites(Timestamp(20)).await.unwrap(), [invite("a", 2)], "that took no use");
    assert_eq!(make("eve@msn.example", "a", 20).await, InviteOutcome::Made);
    assert_eq!(make("fay@msn.example", "a", 20).await, InviteOutcome::Made);
    assert!(!bench.store.is_invite("a", Timestamp(20)).await.unwrap());
    assert_eq!(make("gus@msn.example", "a", 20).await, InviteOutcome::NoInvite);
    assert_eq!(bench.store.account_name(&passport("fay@msn.example")).await.unwrap().as_deref(), Some("Eve"));

    bench.store.add_invite(invite("c", 1), Timestamp(20)).await.unwrap();
    assert!(bench.store.is_invite("c", Timestamp(20)).await.unwrap());
    assert!(bench.store.revoke_invite("c").await.unwrap() && !bench.store.revoke_invite("c").await.unwrap());
    assert_eq!(make("gus@msn.example", "c", 20).await, InviteOutcome::NoInvite);
}

#[tokio::test]
async fn codes_go_with_whoever_made_them() {
    let bench = Bench::new().await;
    let daves = Invite { maker: passport(DAVE), ..invite("d", 1) };
    for invite in [invite("c", 1), daves.clone()] {
        bench.store.add_invite(invite, Timestamp(10)).await.unwrap();
    }
    assert!(bench.store.remove_account(&passport(CAROL), Timestamp(20)).await.unwrap());
    assert_eq!(bench.store.invites(Timestamp(20)).await.unwrap(), [daves]);
    assert!(!bench.store.is_invite("c", Timestamp(20)).await.unwrap());
}
