use domain::{Content, RemoteUser};
use ruma::owned_user_id;
use serde_json::json;

use super::*;
use crate::{encryption::Opened, event::tests::event, names::tests::names};

const ALICE: &str = "@alice:example.org";

fn lost_by(sender: &str, id: usize) -> Event {
    let content = json!({ "algorithm": "m.megolm.v1.aes-sha2", "session_id": "s", "ciphertext": "x" });
    let mut sealed = event("m.room.encrypted", sender, None, &content);
    sealed["event_id"] = json!(format!("${id}"));
    Event::read(&sealed, &names()).unwrap().opened(&Opened::Never, &names())
}

fn seat() -> Seat {
    let kind = SeatKind::Direct { user: owned_user_id!("@alice:example.org"), name: "Alice".into(), welcomed: true };
    let ghost = owned_user_id!("@msn_carol=40msn.example:example.org");
    Seat { owner: "carol@msn.example".parse().unwrap(), ghost, kind }
}

fn told(run: &Run) -> Vec<(String, String)> {
    let lines = run.arrivals.iter().map(|arrival| {
        let Arrival::Message { id, content: Content::Text(text), addressed: true, .. } = arrival else {
            panic!("{arrival:?}")
        };
        (id.to_string(), text.text.clone())
    });
    lines.collect()
}

#[test]
fn messages_that_cannot_be_decrypted_are_one_line_as_long_as_nothing_stands_between() {
    let author = RemoteProfile {
        user: RemoteUser(ALICE.into()),
        name: "Alice".into(),
        login: "alice".into(),
        server: Some("example.org".into()),
        account: None,
    };
    let (seat, mut run) = (seat(), Run::default());
    let lose = |run: &mut Run, sender: &str, id| run.loses(&seat, &author, lost_by(sender, id), true);
    lose(&mut run, ALICE, 1);
    let alone = told(&run);
    assert!(matches!(alone.as_slice(), [(id, line)] if id == "$1" && line.starts_with("[a message that could not")));
    lose(&mut run, ALICE, 2);
    lose(&mut run, ALICE, 3);
    let together = told(&run);
    assert!(
        matches!(together.as_slice(), [(id, line)] if id == "$1" && line.starts_with("[3 messages that could not") && line.contains("ask alice")),
        "{together:?}"
    );
    lose(&mut run, "@eve:example.org", 4);
    assert_eq!(told(&run).len(), 2, "of another sender");
    // As after a message that can be read.
    run.lost = None;
    lose(&mut run, "@eve:example.org", 5);
    assert_eq!(told(&run).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["$1", "$4", "$5"]);
}
