use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::code::ErrorCode;
use crate::frame::{Decoder, Limits, Side};
use crate::list::List;
use crate::status::{Capabilities, Status};

fn frame(bytes: &[u8]) -> Option<Frame> {
    let mut decoder = Decoder::new(Side::Notification, Limits::default());
    decoder.push(bytes);
    decoder.next_frame().ok().flatten()
}

fn parse(line: &str) -> Result<ClientCommand, CommandFault> {
    let bytes = if line.contains('\n') { line.to_owned() } else { format!("{line}\r\n") };
    frame(bytes.as_bytes()).map_or_else(|| panic!("no frame: {line}"), ClientCommand::parse)
}

fn fault(transaction: u32, code: ErrorCode, fatal: bool) -> Result<ClientCommand, CommandFault> {
    Err(CommandFault { transaction, code, fatal })
}

/// Commands of aMSN, JML, msn-pecan and msnp11-sdk, in the exact bytes of recordings.
const RECORDED: [&str; 24] = [
    "VER 1 MSNP12 CVR0\r\n",
    "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0812 msmsgs erin@example.com\r\n",
    "USR 3 TWN I erin@example.com\r\n",
    "USR 4 TWN S t=01e0861cbe60d9f0ca5a&p=x\r\n",
    "SYN 5 2000-01-01T00:00:00.0-00:00 2000-01-01T00:00:00.0-00:00\r\n",
    "GCF 6 Shields.xml\r\n",
    "PNG\r\n",
    "PRP 10 MFN Alice%2520A\r\n",
    "CHG 7 NLN 1342472228 %3Cmsnobj%20Creator%3D%22dave%40example.com%22%2F%3E\r\n",
    "UUX 8 53\r\n<Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>",
    "BLP 9 AL\r\n",
    "ADC 22 FL N=carol@example.com F=carol@example.com\r\n",
    "ADC 28 BL N=carol@example.com\r\n",
    "ADC 5 FL C=746f9987-3c39-45e4-a5d6-d8c65ef6e628 9ca3d3a6-90a2-457a-baac-b4af5ca80dde\r\n",
    "ADC 6 AL N=tel:+15555551212\r\n",
    "REM 27 AL carol@example.com\r\n",
    "REM 28 FL 746f9987-3c39-45e4-a5d6-d8c65ef6e628\r\n",
    "REM 29 FL 746f9987-3c39-45e4-a5d6-d8c65ef6e628 9ca3d3a6-90a2-457a-baac-b4af5ca80dde\r\n",
    "SBP 11 7c35200d-f118-4a0d-896c-a946fc26b35a MFN Alice%2520A\r\n",
    "XFR 13 SB\r\n",
    "QRY 14 PROD0090YUAUV{2B 32\r\nd8d8cb2c2043a603d8286a3343143ee1",
    "ADG 15 New%20Group\r\n",
    "GTC 16 N\r\n",
    "OUT\r\n",
];

#[test]
fn recorded_commands_come_back() {
    for recorded in RECORDED {
        let mut written = Vec::new();
        match parse(recorded) {
            Ok(command) => command.write(&mut written),
            Err(fault) => panic!("{recorded}: {fault}"),
        }
        assert_eq!(String::from_utf8_lossy(&written), recorded);
    }
}

#[test]
fn loose_forms_are_taken() {
    let chg = |status, capabilities, object: Option<&str>| {
        Ok(ClientCommand::Chg(Chg {
            transaction: 7,
            status,
            capabilities: Capabilities(capabilities),
            object: object.map(str::to_owned),
        }))
    };
    assert_eq!(parse("CHG 7 NLN 2147778596:0"), chg(Status::Online, 2_147_778_596, None));
    assert_eq!(parse("CHG 7 HDN"), chg(Status::Hidden, 0, None));
    assert_eq!(parse("CHG 7 NLN 0 0"), chg(Status::Online, 0, None));

    let adg = ClientCommand::Adg(Adg { transaction: 3, name: "Work & Co".to_owned() });
    assert_eq!(parse("ADG 3 Work%20&%20Co 0"), Ok(adg));
    let reg = Reg { transaction: 3, group: "g".to_owned(), name: "New".to_owned() };
    assert_eq!(parse("REG 3 g New 0"), Ok(ClientCommand::Reg(reg)));

    let rem = |list, target| Ok(ClientCommand::Rem(Rem { transaction: 4, list, target, group: None }));
    assert_eq!(parse("REM 4 AL N=a@b.c"), rem(List::Allow, Target::Passport("a@b.c".to_owned())));
    assert_eq!(parse("REM 4 FL C=guid"), rem(List::Forward, Target::Guid("guid".to_owned())));
    assert_eq!(parse("REM 4 PL a@b.c"), rem(List::Pending, Target::Passport("a@b.c".to_owned())));
    assert_eq!(parse("REM 4 AL tel:+1"), rem(List::Allow, Target::Telephone("+1".to_owned())));

    let unset = Prp { transaction: 5, key: "PHH".to_owned(), value: None };
    assert_eq!(parse("PRP 5 PHH"), Ok(ClientCommand::Prp(unset)));
    let unknown = |name: &[u8], transaction| {
        let command = CommandName::parse(name).unwrap_or_else(|| panic!("no name"));
        Ok(ClientCommand::Unknown { command, transaction })
    };
    assert_eq!(parse("INF 1"), unknown(b"INF", Some(1)));
    assert_eq!(parse("ZZZ"), unknown(b"ZZZ", None));
}

#[test]
fn bad_commands_are_answered() {
    assert_eq!(parse("CHG 7 FLN 0"), fault(7, ErrorCode::INVALID_PARAMETER, false));
    assert_eq!(parse("CHG 7 XXX"), fault(7, ErrorCode::INVALID_PARAMETER, false));
    assert_eq!(parse("CHG 7"), fault(7, ErrorCode::SYNTAX_ERROR, false));
    assert_eq!(parse("CHG x NLN"), fault(0, ErrorCode::SYNTAX_ERROR, true));
    assert_eq!(parse("USR 3 MD5 I a@b.c"), fault(3, ErrorCode::AUTHENTICATION_FAILED, true));
    assert_eq!(parse("USR 3 TWN S"), fault(3, ErrorCode::AUTHENTICATION_FAILED, true));
    assert_eq!(parse("ADC 8 PL N=a@b.c"), fault(8, ErrorCode::INVALID_PARAMETER, true));
    assert_eq!(parse("ADC 8 XX N=a@b.c"), fault(8, ErrorCode::INVALID_PARAMETER, true));
    assert_eq!(parse("ADC 8 FL"), fault(8, ErrorCode::INVALID_PARAMETER, false));
    assert_eq!(parse("ADC 8 AL N=tel:555"), fault(8, ErrorCode::INVALID_PARAMETER, false));
    assert_eq!(parse("REM 8 RL a@b.c"), fault(8, ErrorCode::INVALID_PARAMETER, true));
    assert_eq!(parse("PRP 8 MFNX y"), fault(8, ErrorCode::NOT_EXPECTED, true));
    assert_eq!(parse("BLP 8 XX"), fault(8, ErrorCode::INVALID_PARAMETER, false));
    let long = |command: &str, length| parse(&format!("{command} {}", "x".repeat(length)));
    assert!(long("ADG 9", 61).is_ok());
    assert_eq!(long("ADG 9", 62), fault(9, ErrorCode::GROUP_NAME_TOO_LONG, false));
    assert_eq!(long("ADG 9", 1025), fault(9, ErrorCode::GROUP_NAME_TOO_LONG, true));
    assert!(long("REG 9 g", 127).is_ok());
    assert_eq!(long("REG 9 g", 128), fault(9, ErrorCode::GROUP_NAME_TOO_LONG, true));
    assert!(long("PRP 9 PHM", 95).is_ok() && long("PRP 9 MFN", 387).is_ok());
    assert_eq!(long("PRP 9 PHM", 96), fault(9, ErrorCode::INVALID_PARAMETER, true));
    assert_eq!(long("PRP 9 MFN", 388), fault(9, ErrorCode::INVALID_PARAMETER, true));
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9@.{}-]{0,12}"
}

fn name() -> impl Strategy<Value = String> {
    "[ -~é👍]{1,6}"
}

fn command() -> impl Strategy<Value = ClientCommand> {
    let target = prop_oneof![
        word().prop_map(Target::Passport),
        word().prop_map(Target::Guid),
        "\\+[0-9]{1,9}".prop_map(Target::Telephone),
    ];
    let sign_in = prop_oneof![
        (any::<u32>(), prop::collection::vec(word(), 0..4))
            .prop_map(|(transaction, dialects)| ClientCommand::Ver(Ver { transaction, dialects })),
        (any::<u32>(), word())
            .prop_map(|(transaction, passport)| ClientCommand::Usr(Usr::Initiate { transaction, passport })),
        (any::<u32>(), word())
            .prop_map(|(transaction, ticket)| ClientCommand::Usr(Usr::Ticket { transaction, ticket })),
        (any::<u32>(), word(), word()).prop_map(|(transaction, list_timestamp, settings_timestamp)| {
            ClientCommand::Syn(Syn { transaction, list_timestamp, settings_timestamp })
        }),
    ];
    let contacts =
        prop_oneof![
            (any::<u32>(), target, prop::option::of(name()), prop::option::of(word())).prop_map(
                |(transaction, target, name, group)| {
                    ClientCommand::Adc(Adc { transaction, list: List::Forward, target, name, group })
                }
            ),
            (any::<u32>(), name()).prop_filter_map("too long", |(transaction, name)| {
                let fits = crate::percent::encode_name(&name).len() <= 61;
                fits.then_some(ClientCommand::Adg(Adg { transaction, name }))
            }),
            (any::<u32>(), word(), word(), name()).prop_map(|(transaction, contact, key, value)| ClientCommand::Sbp(
                Sbp { transaction, contact, key, value }
            )),
            (any::<u32>(), "[A-Z]{1,3}", prop::option::of(name()))
                .prop_map(|(transaction, key, value)| ClientCommand::Prp(Prp { transaction, key, value })),
        ];
    let others = prop_oneof![
        (any::<u32>(), any::<u32>(), prop::option::of(word())).prop_map(|(transaction, bits, object)| {
            let capabilities = Capabilities(bits);
            ClientCommand::Chg(Chg { transaction, status: Status::Busy, capabilities, object })
        }),
        (any::<u32>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(transaction, document)| {
            ClientCommand::Uux(Uux { transaction, document: Bytes::from(document) })
        }),
        (any::<u32>(), word(), word(), name(), "[ -~]{0,9}").prop_map(|(transaction, address, locale, name, text)| {
            ClientCommand::Sdc(Sdc { transaction, address, locale, name, text: text.into() })
        }),
        (any::<u32>(), word(), prop::option::of(word()))
            .prop_map(|(transaction, service, parameter)| ClientCommand::Url(Url { transaction, service, parameter })),
    ];
    prop_oneof![sign_in, contacts, others]
}

proptest! {
    #[test]
    fn written_commands_come_back(command in command()) {
        let mut bytes = Vec::new();
        command.write(&mut bytes);
        prop_assert_eq!(frame(&bytes).map(ClientCommand::parse), Some(Ok(command)));
    }

    #[test]
    fn any_line_can_be_parsed(
        command in "(VER|CVR|USR|SYN|GCF|CHG|PNG|CHL|ADC|REM|ADG|RMG|REG|SBP|PRP|BLP|GTC|XFR|LKP|URL|IMS|SND|GSB|OUT|XYZ)",
        rest in "( |[0-9]{1,3}|N=|C=|F=|tel:|[A-Z]{2}|%|TWN|[ -~é]){0,20}",
    ) {
        if let Some(frame) = frame(format!("{command} {rest}\r\n").as_bytes()) {
            let _ = ClientCommand::parse(frame);
        }
    }

    #[test]
    fn any_payload_can_be_parsed(command in "(UUX|QRY|SDC|PGD|MSG)", words in "[0-9a-z ]{0,9}", payload in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut bytes = format!("{command} {words} {}\r\n", payload.len()).into_bytes();
        bytes.extend(payload);
        if let Some(frame) = frame(&bytes) {
            let _ = ClientCommand::parse(frame);
        }
    }
}
