//! With the addresses of the configuration elsewhere, nothing ever goes to the real Discord, nor to anybody else.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::thread::JoinHandle;

use chrysalis_discord_double::{Double, Route, Status as Shown};
use chrysalis_test_harness::{Server, text};

use super::{ANN, CAROL, GENERAL, Setup, section, tea, window};
use crate::{matrix::picture::png, program};

/// The ends of all connections that one process has, tries to make or has sent something over, looked at all the time.
struct Watch {
    ended: Arc<AtomicBool>,
    looking: JoinHandle<(BTreeSet<SocketAddr>, u32)>,
}

impl Watch {
    fn over(process: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let is_ended = Arc::clone(&ended);
        let looking = std::thread::spawn(move || {
            let (mut seen, mut looks) = (BTreeSet::new(), 0);
            while !is_ended.load(Ordering::Relaxed) {
                seen.extend(peers(process));
                looks += 1;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            (seen, looks)
        });
        Self { ended, looking }
    }

    /// Everybody who was seen, and how often it was looked.
    fn end(self) -> (BTreeSet<SocketAddr>, u32) {
        self.ended.store(true, Ordering::Relaxed);
        self.looking.join().unwrap()
    }
}

/// Whom a process is connected to now, by TCP or UDP.
fn peers(process: u32) -> Vec<SocketAddr> {
    let process = Path::new("/proc").join(process.to_string());
    let Ok(files) = std::fs::read_dir(process.join("fd")) else { return Vec::new() };
    let sockets: BTreeSet<String> = files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut peers = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let table = std::fs::read_to_string(process.join("net").join(table)).unwrap_or_default();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.get(9).is_some_and(|inode| sockets.contains(*inode)) {
                peers.extend(address(fields[2]).filter(|peer| peer.port() != 0));
            }
        }
    }
    peers
}

/// An address as the kernel writes it: words of four bytes in the machine's order, a colon, the port (proc(5)).
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let words = (0..host.len() / 8).map(|word| u32::from_str_radix(&host[word * 8..word * 8 + 8], 16));
    let bytes: Vec<u8> = words.collect::<Result<Vec<_>, _>>().ok()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let host: IpAddr = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
    };
    Some(SocketAddr::new(host, u16::from_str_radix(port, 16).ok()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_elsewhere_keeps_the_whole_program_on_this_machine() {
    // Where the gateway is has to be asked.
    let double = Double::start().await;
    let told = format!("gateway_url = \"{}\"", double.gateway_url());
    let asked = section(&double, "").replace(&told, "gateway_url = \"\"");
    let setup = Setup { server: Server::start_with(program(), &[CAROL], &asked), double };
    let watch = Watch::over(setup.server.process());
    let (bot, guild, ann) = tea(&setup.double);
    let general = guild.channel("general");
    ann.set_presence(Shown::Online, &[]);
    ann.set_avatar(png(60, [0, 0, 255]));
    let refused = setup.add_link(CAROL, "MTAwMA.Gabcde.none-of-the-tokens");
    assert_eq!(refused.code, 1, "{refused:?}");
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, GENERAL]).await;
    let mut talk = window(&mut carol, ANN).await;
    talk.tell(text("hello https://discord.com/channels/1/2/3")).await;
    let chat = ann.direct(&bot);
    chat.wait_for_message(|message| message.content.starts_with("hello")).await;
    // What people send must not lead anywhere either.
    ann.says(&chat, "see https://cdn.discordapp.com/attachments/1/2/cat.png");
    talk.hear_text(ANN).await;
    ann.sends_file(&chat, "notes.txt", "hello");
    talk.receive_file(ANN).await;
    let embed = serde_json::json!({
        "type": "image", "url": "https://cdn.discordapp.com/attachments/1/2/cat.png",
        "thumbnail": { "url": "https://media.discordapp.net/attachments/1/2/cat.png", "width": 9, "height": 9 },
    });
    ann.says_with_embeds(&general, "a picture", vec![embed]);
    let mut room = carol.answer(GENERAL).await;
    room.hear_text(GENERAL).await;
    // A new session asks for the gateway's address again.
    bot.gateway().invalidates(false);
    bot.wait_for_identifies(2).await;
    bot.gateway().wait_until_connected().await;
    let (seen, looks) = watch.end();
    assert!(looks > 50, "{looks} looks");
    assert!(seen.contains(&setup.double.address()), "its own connections are seen: {seen:?}");
    let strange: Vec<_> = seen.iter().filter(|peer| !peer.ip().is_loopback()).collect();
    assert!(strange.is_empty(), "it has spoken to {strange:?}");
    assert!(setup.double.requests(Route::GatewayBot) + setup.double.requests(Route::Gateway) > 1, "it was asked");
    setup.finish();
}

#[test]
fn addresses_are_read_as_the_kernel_writes_them() {
    // The words stand in the order of this machine, which is that of the test.
    let own = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
    let read = |text: &str| address(text).unwrap().to_string();
    assert_eq!(read(&format!("{}:01BB", own([127, 0, 0, 1]))), "127.0.0.1:443");
    let mapped = [[0; 4], [0; 4], [0, 0, 255, 255], [9, 8, 7, 6]].map(own).concat();
    assert_eq!(read(&format!("{mapped}:0035")), "9.8.7.6:53");
}
