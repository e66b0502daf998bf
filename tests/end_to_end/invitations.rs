//! Invitations between Messenger users that the server has no part in: of the older kind, and to webcams and games.

use chrysalis_test_harness::{Answer, Kind, Messenger, Room, Server, invitation, invitation_fields};
use msnp::{dialect::Dialect, switchboard::server::ServerCommand};
use tokio::join;

use crate::{ALICE, BOB, server};

const COOKIE: (&str, &str) = ("Invitation-Cookie", "126868552");
const SESSION: (&str, &str) = ("Session-ID", "{6C5B6A3E-4A1B-4E37-9B1F-AE2A5C3B6D7F}");

async fn two(server: &Server) -> (Messenger, Messenger, Room, Room) {
    let mut alice = Messenger::online(server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(server, BOB, Dialect::Msnp12).await;
    let (hers, his) = alice.meet(&mut bob).await;
    (alice, bob, hers, his)
}

#[tokio::test]
async fn invitations_of_the_older_kind_pass_both_ways() {
    let server = server(&[ALICE, BOB]);
    let (_alice, _bob, mut hers, mut his) = two(&server).await;
    let invite = invitation(&[
        ("Application-Name", "an audio conversation"),
        ("Application-GUID", "{02D3C01F-BF30-4825-A83A-DE7AF41648AA}"),
        ("Session-Protocol", "SM1"),
        ("Context-Data", "Requested:SIP_A,;Capabilities:SIP_A,;"),
        ("Invitation-Command", "INVITE"),
        COOKIE,
        SESSION,
    ]);
    let accept = invitation(&[("Invitation-Command", "ACCEPT"), COOKIE, SESSION, ("Launch-Application", "TRUE")]);
    let cancel = invitation(&[("Invitation-Command", "CANCEL"), COOKIE, SESSION, ("Cancel-Code", "USER_CANCEL")]);
    for class in ["S", "A", "N", "U"] {
        let transaction = hers.say(class, &invite).await;
        if class == "S" || class == "A" {
            assert_eq!(hers.reply("MSG", transaction).await, ServerCommand::Ack { transaction });
        }
        assert_eq!(his.hear(ALICE).await, invite);
        his.say(class, &accept).await;
        assert_eq!(hers.hear(BOB).await, accept);
        his.say(class, &cancel).await;
        let heard = hers.hear(BOB).await;
        assert_eq!(heard, cancel);
        assert_eq!(invitation_fields(&heard)[0], ("Invitation-Command".to_owned(), "CANCEL".to_owned()));
    }
}

#[tokio::test]
async fn webcams_and_games_are_a_matter_of_the_two() {
    let server = server(&[ALICE, BOB]);
    let (_alice, _bob, mut hers, mut his) = two(&server).await;
    let camera: Vec<u8> =
        "{B8BE70DE-E2CA-4400-AE03-88FF85B9F4E8}\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for kind in [Kind::WebcamShown, Kind::WebcamWanted, Kind::Activity] {
        let (hers_asked, his_asked) = join!(hers.invite(BOB, kind, &camera), his.invited(ALICE, kind));
        let (answer, ()) = join!(hers.answered(&hers_asked), his.decline(&his_asked));
        assert_eq!(answer, Answer::Refused(603), "{kind:?}");
        let (hers_asked, his_asked) = join!(hers.invite(BOB, kind, &camera), his.invited(ALICE, kind));
        let (answer, ()) = join!(hers.answered(&hers_asked), his.accept(&his_asked));
        assert_eq!(answer, Answer::Accepted, "{kind:?}");
        join!(his.end(&his_asked), hers.ended(&hers_asked));
    }
}
