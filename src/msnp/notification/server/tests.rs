use proptest::prelude::*;

use super::*;
use crate::frame::{Decoder, Direction, Limits, Side};

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::with_direction(Side::Notification, Direction::FromServer, Limits::default());
    decoder.push(bytes);
    std::iter::from_fn(|| decoder.next_frame().ok().flatten()).collect()
}

fn write(command: &ServerCommand, dialect: Dialect) -> String {
    let mut out = Vec::new();
    command.write(dialect, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// What servers sent to real clients, in the exact bytes of recordings and of the documentation.
const RECORDED: &[u8] = b"VER 1 MSNP12\r\n\
    CVR 2 8.0.0812 8.0.0812 8.0.0812 https://escargot.log1p.xyz https://escargot.log1p.xyz\r\n\
    USR 3 TWN S ct=1,rver=1,wp=FS_40SEC_0_COMPACT,lc=1,id=1\r\n\
    USR 4 OK erin@example.com 1 0\r\n\
    SBS 0 null\r\n\
    MSG Hotmail Hotmail 3\r\nabc\
    SYN 5 2000-01-01T00:00:00.0-00:00 2000-01-01T00:00:00.0-00:00 1 0\r\n\
    SYN 5 2000-01-01T00:00:00.0-00:00 2000-01-01T00:00:00.0-00:00\r\n\
    GTC A\r\nBLP AL\r\nPRP MFN Erin\r\nPRP 6 MFN Dave\r\nBLP 9 AL\r\n\
    LSG Work c44294ee-929e-49ef-8477-d83efb598dcb\r\n\
    LST N=carol@example.com F=Carol C=746f9987-3c39-45e4-a5d6-d8c65ef6e628 11 65 9ca3d3a6,c44294ee\r\n\
    LST N=dave@example.com F=Dave 8 1\r\n\
    BPR MOB Y\r\nBPR dave@example.com PHH\r\n\
    ADC 22 FL N=carol@example.com F=carol@example.com C=746f9987-3c39-45e4-a5d6-d8c65ef6e628\r\n\
    ADC 0 RL N=dave@example.com F=Dave\r\n\
    ADC 23 FL C=746f9987 9ca3d3a6\r\n\
    REM 17 BL bob@example.com\r\nREM 18 FL 746f9987 9ca3d3a6\r\n\
    ADG 5 Work c44294ee\r\nRMG 6 c44294ee\r\nREG 7 c44294ee Play\r\n\
    SBP 11 7c35200d MFN Alice%2520A\r\n\
    GCF 6 Shields.xml 2\r\n<>\
    CHG 7 NLN 1342472228 %3Cmsnobj%2F%3E\r\n\
    ILN 7 NLN bob@example.com Bob 1073741824 %3Cmsnobj%2F%3E\r\n\
    NLN BSY alice@example.com Alice%2520A 1073741824\r\n\
    FLN carol@example.com\r\nUBX carol@example.com 3\r\nxyz\
    UUX 6 0\r\nQNG 60\r\nCHL 0 15570131571988941333\r\nQRY 9\r\n\
    RNG f9efae25 127.0.0.11:1864 CKI fc108b27 dave@example.com Dave\r\n\
    XFR 3 NS 203.0.113.5:1863 0 203.0.113.1:1863\r\n\
    XFR 10 SB 127.0.0.11:1864 CKI f83465d366256640d7f4\r\n\
    URL 4 /unused1 /unused2 1\r\nLKP 5 tel:+1\r\nIMS 6 0 OFF\r\nSDC 7 OK\r\nSND 8 OK\r\nNOT 2\r\n<>\
    OUT\r\nOUT OTH\r\nOUT SSD\r\nOUT RCT 5\r\n216 27\r\nIPG 1\r\nx";

#[test]
fn recorded_commands_come_back() {
    let mut written = Vec::new();
    let mut others = 0;
    for frame in frames(RECORDED) {
        let command = ServerCommand::parse(Dialect::Msnp12, frame);
        others += usize::from(matches!(command, ServerCommand::Other(_)));
        command.write(Dialect::Msnp12, &mut written);
    }
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(RECORDED));
    assert_eq!(others, 1, "only IPG has no meaning here");
}

#[test]
fn the_dialect_decides_the_form() {
    let contact = ServerCommand::Lst {
        passport: "bob@example.com".to_owned(),
        name: Some("Bob B".to_owned()),
        guid: Some("guid".to_owned()),
        lists: 11,
        network: 65,
        groups: vec!["one".to_owned(), "two".to_owned()],
    };
    assert_eq!(write(&contact, Dialect::Msnp12), "LST N=bob@example.com F=Bob%20B C=guid 11 65 one,two\r\n");
    assert_eq!(write(&contact, Dialect::Msnp11), "LST N=bob@example.com F=Bob%20B C=guid 11 one,two\r\n");

    let adg = ServerCommand::Adg { transaction: 5, name: "Fun!".to_owned(), guid: "guid".to_owned() };
    assert_eq!(write(&adg, Dialect::Msnp12), "ADG 5 Fun%21 guid\r\n");
    // msnp11-sdk compares the encoded name at this place with what it sent.
    assert_eq!(write(&adg, Dialect::Msnp11), "ADG 5 1 Fun%21 guid\r\n");
    let rmg = ServerCommand::Rmg { transaction: 6, guid: "guid".to_owned() };
    assert_eq!(write(&rmg, Dialect::Msnp11), "RMG 6 1 guid\r\n");
    assert_eq!(write(&rmg, Dialect::Msnp10), "RMG 6 guid\r\n");
    let reg = ServerCommand::Reg { transaction: 7, guid: "guid".to_owned(), name: "Fun".to_owned() };
    assert_eq!(write(&reg, Dialect::Msnp11), "REG 7 1 Fun guid 0\r\n");
    assert_eq!(write(&reg, Dialect::Msnp12), "REG 7 guid Fun\r\n");
    for command in [adg, rmg, reg] {
        let frame = frames(write(&command, Dialect::Msnp11).as_bytes()).remove(0);
        assert_eq!(ServerCommand::parse(Dialect::Msnp11, frame), command);
    }

    let ubx = ServerCommand::Ubx { passport: "a@b.c".to_owned(), document: Bytes::new() };
    assert_eq!(write(&ubx, Dialect::Msnp11), "UBX a@b.c 0\r\n");
    assert_eq!(write(&ubx, Dialect::Msnp10), "");
    assert_eq!(write(&ServerCommand::Sbs { transaction: 0 }, Dialect::Msnp10), "");
    assert_eq!(write(&ServerCommand::Out(Some(OutReason::Rct(5))), Dialect::Msnp10), "OUT\r\n");
    assert_eq!(write(&ServerCommand::Out(Some(OutReason::Ssd)), Dialect::Msnp10), "OUT\r\n");
    assert_eq!(write(&ServerCommand::Out(Some(OutReason::Other)), Dialect::Msnp10), "OUT OTH\r\n");
    assert_eq!(write(&ServerCommand::Ver { transaction: 1, dialect: None }, Dialect::Msnp10), "VER 1 0\r\n");
}

#[test]
fn guid_and_groups_need_the_forward_list() {
    let pending = ServerCommand::Lst {
        passport: "bob@example.com".to_owned(),
        name: Some("Bob".to_owned()),
        guid: Some("guid".to_owned()),
        lists: List::Pending.bit(),
        network: 1,
        groups: vec!["one".to_owned()],
    };
    assert_eq!(write(&pending, Dialect::Msnp12), "LST N=bob@example.com F=Bob 16 1\r\n");
}

proptest! {
    #[test]
    fn names_never_break_a_line(name in any::<String>(), passport in any::<String>()) {
        let command = ServerCommand::Rng {
            session: "1".to_owned(),
            address: "a:1".to_owned(),
            cookie: "c".to_owned(),
            passport,
            name: name.clone(),
        };
        let frames = frames(write(&command, Dialect::Msnp12).as_bytes());
        prop_assert_eq!(frames.len(), 1);
        for frame in frames {
            if let ServerCommand::Rng { name: read, .. } = ServerCommand::parse(Dialect::Msnp12, frame) {
                prop_assert_eq!(read, if name.is_empty() { " ".to_owned() } else { name.clone() });
            }
        }
    }

    #[test]
    fn presence_comes_back(name in "[ -~é👍]{1,9}", bits in any::<u32>(), object in prop::option::of("[!-~]{1,9}")) {
        let presence = PresenceLine {
            status: Status::Away,
            passport: "a@b.c".to_owned(),
            name,
            capabilities: Capabilities(bits),
            object,
        };
        for command in [ServerCommand::Nln { presence: presence.clone() }, ServerCommand::Iln { transaction: 7, presence }] {
            let frame = frames(write(&command, Dialect::Msnp12).as_bytes()).pop();
            prop_assert_eq!(frame.map(|frame| ServerCommand::parse(Dialect::Msnp12, frame)), Some(command));
        }
    }

    #[test]
    fn anything_can_be_parsed(command in "[A-Z]{3}|VER|USR|XFR|SYN|LST|ADC|REM|BPR|PRP|ADG|REG|CHG|ILN|OUT|911", rest in "( |[0-9]{1,3}|N=|C=|F=|[A-Z]{2}|[ -~é]){0,20}") {
        for frame in frames(format!("{command} {rest}\r\n").as_bytes()) {
            for dialect in Dialect::ALL {
                let _ = ServerCommand::parse(dialect, frame.clone());
            }
        }
    }
}
