//! What it costs to read and to write each command, in the bytes that clients and servers send: framing included.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use chrysalis_msnp::{
    dialect::Dialect,
    frame::{Decoder, Direction, Frame, Limits, Side},
    message::Payload,
    notification,
    object::MsnObject,
    p2p::{
        packet::{Header, Packet},
        slp::SlpMessage,
    },
    switchboard,
};
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};

/// What clients say to the notification server.
const CLIENT: [&str; 25] = [
    "VER 1 MSNP12 MSNP11 MSNP10 CVR0\r\n",
    "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs erin@example.com\r\n",
    "USR 3 TWN I erin@example.com\r\n",
    "USR 4 TWN S t=01e0861cbe60d9f0ca5a01e0861cbe60d9f0ca5a&p=x\r\n",
    "SYN 5 2005-05-11T07:05:08.0-07:00 2005-05-11T07:05:08.0-07:00\r\n",
    "GCF 6 Shields.xml\r\n",
    "PNG\r\n",
    "PRP 10 MFN Alice%2520A\r\n",
    "CHG 7 NLN 1342472228 %3Cmsnobj%20Creator%3D%22dave%40example.com%22%20Size%3D%2224539%22%20Type%3D%223%22%2F%3E\r\n",
    "UUX 8 53\r\n<Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>",
    "BLP 9 AL\r\n",
    "GTC 16 N\r\n",
    "ADC 22 FL N=carol@example.com F=carol@example.com\r\n",
    "REM 29 FL 746f9987-3c39-45e4-a5d6-d8c65ef6e628 9ca3d3a6-90a2-457a-baac-b4af5ca80dde\r\n",
    "ADG 15 New%20Group\r\n",
    "RMG 16 9ca3d3a6-90a2-457a-baac-b4af5ca80dde\r\n",
    "REG 17 9ca3d3a6-90a2-457a-baac-b4af5ca80dde Play\r\n",
    "SBP 11 7c35200d-f118-4a0d-896c-a946fc26b35a MFN Alice%2520A\r\n",
    "XFR 13 SB\r\n",
    "QRY 14 PROD0090YUAUV{2B 32\r\nd8d8cb2c2043a603d8286a3343143ee1",
    "URL 18 INBOX\r\n",
    "LKP 19 tel:+15555551212\r\n",
    "IMS 20 OFF\r\n",
    "GSB 21\r\n",
    "OUT\r\n",
];

/// What the notification server says.
const SERVER: [&str; 28] = [
    "VER 1 MSNP12\r\n",
    "CVR 2 7.5.0324 7.5.0324 7.5.0324 https://a.example https://a.example\r\n",
    "USR 3 TWN S ct=1,rver=1,wp=FS_40SEC_0_COMPACT,lc=1,id=1\r\n",
    "SBS 0 null\r\n",
    "SYN 5 2000-01-01T00:00:00.0-00:00 2000-01-01T00:00:00.0-00:00 1 0\r\n",
    "GTC A\r\n",
    "BLP AL\r\n",
    "PRP MFN Erin\r\n",
    "LSG Work c44294ee-929e-49ef-8477-d83efb598dcb\r\n",
    "LST N=carol@example.com F=Carol C=746f9987-3c39-45e4-a5d6-d8c65ef6e628 11 65 c44294ee-929e-49ef-8477-d83efb598dcb\r\n",
    "BPR MOB Y\r\n",
    "ADC 22 FL N=carol@example.com F=carol@example.com C=746f9987-3c39-45e4-a5d6-d8c65ef6e628\r\n",
    "REM 17 BL bob@example.com\r\n",
    "ADG 5 Work c44294ee-929e-49ef-8477-d83efb598dcb\r\n",
    "GCF 6 Shields.xml 2\r\n<>",
    "CHG 7 NLN 1342472228 %3Cmsnobj%2F%3E\r\n",
    "ILN 7 NLN bob@example.com Bob 1073741824 %3Cmsnobj%20Creator%3D%22bob%40example.com%22%2F%3E\r\n",
    "NLN BSY alice@example.com Alice%2520A 1073741824\r\n",
    "FLN carol@example.com\r\n",
    "UBX carol@example.com 53\r\n<Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>",
    "UUX 6 0\r\n",
    "QNG 60\r\n",
    "CHL 0 15570131571988941333\r\n",
    "QRY 9\r\n",
    "RNG f9efae25 127.0.0.11:1864 CKI fc108b27 dave@example.com Dave\r\n",
    "XFR 10 SB 127.0.0.11:1864 CKI f83465d366256640d7f4\r\n",
    "216 27\r\n",
    "OUT SSD\r\n",
];

/// What clients say in a conversation.
const CALLER: [&str; 5] = [
    "USR 9 alice@example.com e2d02b7487d47c19b135\r\n",
    "ANS 1 carol@example.com f3e4e74ad5a99135f1a4 1591d7ed08196617900e4add78e5e5d\r\n",
    "CAL 2 bob@example.com\r\n",
    "MSG 3 N 112\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
     X-MMS-IM-Format: FN=;EF=;CO=0;RL=0\r\n\r\ncarol to group",
    "OUT\r\n",
];

/// What the switchboard says.
const SWITCHBOARD: [&str; 9] = [
    "USR 9 OK alice@example.com Alice%2520A\r\n",
    "IRO 1 1 2 alice@example.com Alice%2520A 1073741824\r\n",
    "ANS 1 OK\r\n",
    "CAL 2 RINGING 40017\r\n",
    "JOI bob@example.com Bob%20(Matrix) 1342472228\r\n",
    "MSG bob@example.com Bob 112\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
     X-MMS-IM-Format: FN=;EF=;CO=0;RL=0\r\n\r\ncarol to group",
    "ACK 2\r\n",
    "NAK 3\r\n",
    "BYE bob@example.com 1\r\n",
];

/// What payloads hold, by what they are.
const PAYLOADS: [(&str, &str); 4] = [
    (
        "text",
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=B; CO=ff; CS=0; PF=22\r\n\r\nSee you at eight then, at the cinema.",
    ),
    ("typing", "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: carol@example.com\r\n\r\n\r\n"),
    ("nudge", "MIME-Version: 1.0\r\nContent-Type: text/x-msnmsgr-datacast\r\n\r\nID: 1\r\n\r\n"),
    (
        "emoticons",
        "MIME-Version: 1.0\r\nContent-Type: text/x-mms-emoticon\r\n\r\n\
         :fox:\t<msnobj Creator=\"carol@example.com\" Size=\"1000\" Type=\"2\" Location=\"TFR1.tmp\" Friendly=\"AAA=\" \
         SHA1D=\"2jmj7l5rSw0yVb/vlWAYkK/YBwk=\"/>\t",
    ),
];

const OBJECT: &str = "<msnobj Creator=\"carol@example.com\" Size=\"24539\" Type=\"3\" Location=\"TFR2C.tmp\" \
    Friendly=\"AAA=\" SHA1D=\"trC8SlFx2sWQxZMIBAWSEnXc8oQ=\" SHA1C=\"U32o6bosZzluJq82eAtMpx5dIEI=\"/>";

const INVITATION: &str = "INVITE MSNMSGR:carol@example.com MSNSLP/1.0\r\nTo: <msnmsgr:carol@example.com>\r\n\
    From: <msnmsgr:bob@example.com>\r\nVia: MSNSLP/1.0/TLP ;branch={33517CE4-02FC-4428-B6F4-39927229B722}\r\n\
    CSeq: 0 \r\nCall-ID: {9D79AE57-1BD5-444B-B14E-3FC9BB2B5D58}\r\nMax-Forwards: 0\r\n\
    Content-Type: application/x-msnmsgr-sessionreqbody\r\nContent-Length: 98\r\n\r\n\
    EUF-GUID: {A4268EEC-FEC5-49E5-95C3-F126696BDBF6}\r\nSessionID: 2200417\r\nAppID: 1\r\nContext: AA==\r\n\r\n\0";

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300)).sample_size(20);
    group
}

/// The frame that these bytes are.
fn frame(side: Side, direction: Direction, bytes: &str) -> Frame {
    let mut decoder = Decoder::with_direction(side, direction, Limits::default());
    decoder.push(bytes.as_bytes());
    decoder.next_frame().unwrap().unwrap()
}

/// What a command is called in the table: its first words.
fn name(line: &str) -> String {
    let line = line.split("\r\n").next().unwrap_or_default();
    line.split(' ').take(3).map(|word| word.chars().take(16).collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Reads each command and writes it again.
fn each<Command>(
    criterion: &mut Criterion,
    sender: &str,
    (side, direction): (Side, Direction),
    lines: &[&str],
    parse: impl Fn(Frame) -> Command,
    write: impl Fn(&Command, &mut Vec<u8>),
) {
    let mut reading = group(criterion, &format!("read, {sender}"));
    for line in lines {
        let mut decoder = Decoder::with_direction(side, direction, Limits::default());
        reading.bench_function(name(line), |bencher| {
            bencher.iter(|| {
                decoder.push(black_box(line.as_bytes()));
                decoder.next_frame().map(|frame| frame.map(&parse))
            });
        });
    }
    reading.finish();
    let mut writing = group(criterion, &format!("write, {sender}"));
    for line in lines {
        let command = parse(frame(side, direction, line));
        let mut out = Vec::with_capacity(2048);
        writing.bench_function(name(line), |bencher| {
            bencher.iter(|| {
                out.clear();
                write(black_box(&command), &mut out);
                out.len()
            });
        });
    }
}

fn commands(criterion: &mut Criterion) {
    use Direction::{FromClient, FromServer};
    use Side::{Notification, Switchboard};

    each(
        criterion,
        "notification client",
        (Notification, FromClient),
        &CLIENT,
        |frame| notification::client::ClientCommand::parse(frame).unwrap(),
        notification::client::ClientCommand::write,
    );
    each(
        criterion,
        "notification server",
        (Notification, FromServer),
        &SERVER,
        |frame| notification::server::ServerCommand::parse(Dialect::Msnp12, frame),
        |command, out| command.write(Dialect::Msnp12, out),
    );
    each(
        criterion,
        "switchboard client",
        (Switchboard, FromClient),
        &CALLER,
        |frame| switchboard::client::ClientCommand::parse(frame).unwrap(),
        switchboard::client::ClientCommand::write,
    );
    each(
        criterion,
        "switchboard server",
        (Switchboard, FromServer),
        &SWITCHBOARD,
        switchboard::server::ServerCommand::parse,
        |command, out| command.write(Dialect::Msnp12, out),
    );
}

fn bodies(criterion: &mut Criterion) {
    let mut group = group(criterion, "read, body");
    for (name, payload) in PAYLOADS {
        let payload = Bytes::from_static(payload.as_bytes());
        group.bench_function(name, |bencher| bencher.iter(|| Payload::parse(black_box(&payload))));
    }
    group.bench_function("MSNObject", |bencher| bencher.iter(|| MsnObject::parse(black_box(OBJECT))));
    group.bench_function("invitation", |bencher| bencher.iter(|| SlpMessage::parse(black_box(INVITATION.as_bytes()))));
    let mut packet = Vec::new();
    let data = Bytes::from_static(&[7; 1202]);
    let header = Header { total: data.len() as u64, ..Header::default() };
    Packet { header, data, application: 1 }.write(&mut packet);
    let packet = Bytes::from(packet);
    group.bench_function("packet", |bencher| bencher.iter(|| Packet::parse(black_box(&packet))));
    group.finish();

    let mut group = self::group(criterion, "write, body");
    let object = MsnObject::parse(OBJECT).unwrap();
    group.bench_function("MSNObject", |bencher| bencher.iter(|| black_box(&object).to_xml()));
    let invitation = SlpMessage::parse(INVITATION.as_bytes()).unwrap();
    let packet = Packet::parse(&packet).unwrap();
    let mut out = Vec::with_capacity(2048);
    group.bench_function("invitation", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(&invitation).write(&mut out);
        });
    });
    group.bench_function("packet", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(&packet).write(&mut out);
        });
    });
}

criterion_group!(benches, commands, bodies);
criterion_main!(benches);
