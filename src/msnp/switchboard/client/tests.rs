use proptest::prelude::*;

use super::*;
use crate::dialect::Dialect;
use crate::frame::{Decoder, Direction, Limits, Side};
use crate::switchboard::server::ServerCommand;

fn frames(direction: Direction, bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::with_direction(Side::Switchboard, direction, Limits::switchboard());
    decoder.push(bytes);
    std::iter::from_fn(|| decoder.next_frame().ok().flatten()).collect()
}

fn parse(bytes: &[u8]) -> Result<ClientCommand, CommandFault> {
    let frame = frames(Direction::FromClient, bytes).pop();
    frame.map_or_else(|| panic!("no frame"), ClientCommand::parse)
}

/// JML and msnp11-sdk in a session of three, in the exact bytes of recordings.
const CLIENTS: [&[u8]; 6] = [
    b"USR 9 alice@example.com e2d02b7487d47c19b135\r\n",
    b"ANS 1 carol@example.com f3e4e74ad5a99135f1a4 1591d7ed08196617900e4add78e5e5d\r\n",
    b"CAL 2 bob@example.com\r\n",
    b"MSG 2 U 90\r\nMIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: carol@example.com\r\n\r\n\r\n",
    b"MSG 3 N 112\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
      X-MMS-IM-Format: FN=;EF=;CO=0;RL=0\r\n\r\ncarol to group",
    b"OUT\r\n",
];

const SERVER: &[u8] = b"USR 9 OK alice@example.com Alice%2520A\r\n\
    IRO 1 1 2 alice@example.com Alice%2520A 1073741824\r\nIRO 1 2 2 bob@example.com Bob 1073741824\r\nANS 1 OK\r\n\
    CAL 2 RINGING 40017\r\nJOI bob@example.com Bob%20(Matrix) 1342472228\r\n\
    MSG bob@example.com Bob 3\r\nabcACK 2\r\nNAK 3\r\nBYE alice@example.com\r\nBYE bob@example.com 1\r\n217 4\r\nXYZ 1\r\n";

#[test]
fn recorded_commands_come_back() {
    for recorded in CLIENTS {
        let mut written = Vec::new();
        match parse(recorded) {
            Ok(command) => command.write(&mut written),
            Err(fault) => panic!("{fault}"),
        }
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(recorded));
    }
    let mut written = Vec::new();
    for frame in frames(Direction::FromServer, SERVER) {
        ServerCommand::parse(frame).write(Dialect::Msnp12, &mut written);
    }
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(SERVER));
}

#[test]
fn capabilities_are_for_msnp12() {
    let command = ServerCommand::Joi {
        passport: "bob@example.com".to_owned(),
        name: "Bob B".to_owned(),
        capabilities: crate::status::Capabilities(5),
    };
    let mut written = Vec::new();
    command.write(Dialect::Msnp11, &mut written);
    command.write(Dialect::Msnp12, &mut written);
    assert_eq!(written, b"JOI bob@example.com Bob%20B\r\nJOI bob@example.com Bob%20B 5\r\n");
}

#[test]
fn bad_commands_are_answered() {
    let fault = |code, fatal| Err(CommandFault { transaction: 1, code, fatal });
    assert_eq!(parse(b"ANS 1 a@b.c cookie\r\n"), fault(ErrorCode::AUTHENTICATION_FAILED, true));
    assert_eq!(parse(b"USR 1\r\n"), fault(ErrorCode::AUTHENTICATION_FAILED, true));
    assert_eq!(parse(b"CAL 1\r\n"), fault(ErrorCode::SYNTAX_ERROR, false));
    assert_eq!(parse(b"MSG 1 X 1\r\nx"), fault(ErrorCode::INVALID_PARAMETER, false));
    assert_eq!(parse(b"MSG 1 D 3\r\nabc"), fault(ErrorCode::BAD_DATA_MESSAGE, false));
    let text = b"MSG 1 D 29\r\nContent-Type: text/plain\r\n\r\nx";
    assert_eq!(parse(text), fault(ErrorCode::BAD_DATA_MESSAGE, false));
}

#[test]
fn a_packet_needs_class_d() {
    let header = b"MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: dave@example.com\r\n\r\n";
    let packet = [header.as_slice(), &[0; 52]].concat();
    assert_eq!(packet.len(), 141);
    let bytes = [b"MSG 2 D 141\r\n".as_slice(), &packet].concat();
    let said = Msg { transaction: 2, acknowledgement: Acknowledgement::Data, payload: packet.into() };
    assert_eq!(parse(&bytes), Ok(ClientCommand::Msg(said)));
}

proptest! {
    #[test]
    fn written_messages_come_back(letter in "[UNAS]", payload in prop::collection::vec(any::<u8>(), 0..80), transaction in any::<u32>()) {
        let Some(acknowledgement) = Acknowledgement::parse(&letter) else { panic!("no class") };
        let command = ClientCommand::Msg(Msg { transaction, acknowledgement, payload: payload.into() });
        let mut bytes = Vec::new();
        command.write(&mut bytes);
        prop_assert_eq!(parse(&bytes), Ok(command));
    }

    #[test]
    fn anything_can_be_parsed(command in "(USR|ANS|CAL|OUT|XYZ|IRO|JOI|BYE|ACK|911)", rest in "( |[0-9]{1,3}|[ -~é]){0,12}") {
        for frame in frames(Direction::FromClient, format!("{command} {rest}\r\n").as_bytes()) {
            let _ = ServerCommand::parse(frame.clone());
            let _ = ClientCommand::parse(frame);
        }
    }
}
