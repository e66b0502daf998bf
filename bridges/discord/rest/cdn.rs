//! Pictures and files: where they are, and fetching them piece by piece.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bridge::MediaStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio_util::io::StreamReader;
use url::Url;

use super::{RestFailure, exchange::innermost};
use crate::{
    configuration::{is_discords, is_loopback},
    model::{EmojiId, Guild, StickerFormat, StickerId, User},
};

/// How long a file may take besides what its bytes need.
const LEAST_TIME: Duration = Duration::from_mins(1);
/// The slowest way on which files still come through, in bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// The hosts that keep Discord's files; fetched from when the CDN is Discord's own.
const FILE_HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];

/// The place of pictures and files. Nothing is fetched from anywhere else, whatever a message says.
#[derive(Debug, Clone)]
pub(crate) struct Cdn {
    client: reqwest::Client,
    base: Url,
}

/// A file on its way.
pub(crate) struct Fetched {
    /// Its bytes: an error where there are more than was allowed.
    pub(crate) stream: MediaStream,
    /// Whether they broke off on their way.
    pub(crate) broke: Arc<AtomicBool>,
}

impl Cdn {
    pub(super) const fn new(client: reqwest::Client, base: Url) -> Self {
        Self { client, base }
    }

    /// Somebody's picture, if they have one.
    pub(crate) fn avatar(&self, user: &User) -> Option<Url> {
        let hash = plain(user.avatar.as_deref()?)?;
        Some(self.picture(&["avatars", &user.id.to_string()], hash, "png", 256))
    }

    /// A custom emoji.
    pub(crate) fn emoji(&self, emoji: EmojiId, animated: bool) -> Url {
        self.picture(&["emojis"], &emoji.to_string(), if animated { "gif" } else { "png" }, 64)
    }

    /// A guild's picture, if it has one.
    pub(crate) fn icon(&self, guild: &Guild) -> Option<Url> {
        let hash = plain(guild.icon.as_deref()?)?;
        Some(self.picture(&["icons", &guild.id.to_string()], hash, "png", 256))
    }

    /// A sticker, if it is a picture.
    pub(crate) fn sticker(&self, sticker: StickerId, format: StickerFormat) -> Option<Url> {
        let ending = match format {
            StickerFormat::Png | StickerFormat::AnimatedPng => "png",
            StickerFormat::Gif => "gif",
            StickerFormat::Lottie | StickerFormat::Other => return None,
        };
        let mut url = self.picture(&["stickers"], &sticker.to_string(), ending, 160);
        if ending == "gif" && is_discords(&self.base) {
            // Discord's documentation: these alone are kept on the other host.
            let _ = url.set_host(FILE_HOSTS.last().copied());
        }
        Some(url)
    }

    /// Whether something is fetched from this address.
    pub(crate) fn keeps(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| self.is_ours(&url))
    }

    /// Fetches what is at an address, at most `limit` bytes of it.
    pub(crate) async fn fetch(&self, address: &str, limit: u64) -> Result<Fetched, RestFailure> {
        let url = Url::parse(address).ok().filter(|url| self.is_ours(url)).ok_or_else(|| {
            let message = "the file is kept at an address that is not Discord's".into();
            RestFailure::Refused { status: 0, code: 0, message }
        })?;
        if cfg!(test) && !is_loopback(&url) {
            return Err(RestFailure::NotSent { reason: "tests stay on this computer".into() });
        }
        let time = LEAST_TIME + Duration::from_secs(limit / SLOWEST);
        let answer = self.client.get(url).timeout(time).send().await;
        let answer = answer.map_err(|fault| RestFailure::NotSent { reason: innermost(&fault) })?;
        let status = answer.status();
        if status.is_server_error() || status.as_u16() == 429 {
            let reason = format!("it does not give the file now ({})", status.as_u16());
            return Err(RestFailure::NotSent { reason });
        }
        if !status.is_success() {
            let message = "the file is no longer there".into();
            return Err(RestFailure::Refused { status: status.as_u16(), code: 0, message });
        }
        if answer.content_length().is_some_and(|length| length > limit) {
            let message = format!("the file is larger than {limit} bytes");
            return Err(RestFailure::Refused { status: 413, code: 0, message });
        }
        let broke: Arc<AtomicBool> = Arc::default();
        let stream = bounded(answer, limit, Arc::clone(&broke));
        Ok(Fetched { stream, broke })
    }

    fn is_ours(&self, url: &Url) -> bool {
        let kept_by_discord = is_discords(&self.base)
            && url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| FILE_HOSTS.contains(&host));
        url.username().is_empty() && url.password().is_none() && (url.origin() == self.base.origin() || kept_by_discord)
    }

    fn picture(&self, folder: &[&str], name: &str, ending: &str, size: u16) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(folder).push(&format!("{name}.{ending}"));
        }
        url.query_pairs_mut().append_pair("size", &size.to_string());
        url
    }
}

/// A hash of Discord's, if it is one.
fn plain(hash: &str) -> Option<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!hash.is_empty() && hash.len() <= 64 && hash.bytes().all(fits)).then_some(hash)
}

fn bounded(answer: reqwest::Response, limit: u64, broke: Arc<AtomicBool>) -> MediaStream {
    let mut left = limit;
    let parts = answer.bytes_stream().map_err(move |fault| {
        broke.store(true, Ordering::Relaxed);
        io::Error::other(innermost(&fault))
    });
    let parts = parts.map(move |part| {
        let part = part?;
        left = left
            .checked_sub(part.len() as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than was allowed"))?;
        Ok::<_, io::Error>(part)
    });
    Box::pin(StreamReader::new(Box::pin(parts)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{configuration::tests::read, model::UserId, rest::Rest};

    fn cdn(values: serde_json::Value) -> Cdn {
        Rest::new(&read(values).unwrap()).unwrap().cdn().clone()
    }

    #[test]
    fn pictures_have_discords_addresses() {
        let cdn = cdn(json!({}));
        let user = User { id: UserId(7), avatar: Some("a_1f".into()), ..User::default() };
        assert_eq!(cdn.avatar(&user).unwrap().as_str(), "https://cdn.discordapp.com/avatars/7/a_1f.png?size=256");
        assert_eq!(cdn.avatar(&User { avatar: Some("../x".into()), ..user }), None);
        assert_eq!(cdn.emoji(EmojiId(5), true).as_str(), "https://cdn.discordapp.com/emojis/5.gif?size=64");
        let gif = cdn.sticker(StickerId(9), StickerFormat::Gif).unwrap();
        assert_eq!(gif.as_str(), "https://media.discordapp.net/stickers/9.gif?size=160");
        assert_eq!(cdn.sticker(StickerId(9), StickerFormat::Lottie), None);
    }

    #[tokio::test]
    async fn nothing_is_fetched_from_anywhere_else() {
        let ours = |cdn: &Cdn, text: &str| cdn.is_ours(&Url::parse(text).unwrap());
        let usual = cdn(json!({}));
        assert!(ours(&usual, "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3"));
        assert!(ours(&usual, "https://media.discordapp.net/attachments/1/2/a.png"));
        for other in [
            "http://cdn.discordapp.com/a",
            "https://cdn.discordapp.com:8443/a",
            "https://cdn.discordapp.com@evil.example/a",
            "https://a:b@cdn.discordapp.com/a",
            "https://cdn.discordapp.com.evil.example/a",
            "http://169.254.169.254/latest",
        ] {
            assert!(!ours(&usual, other), "{other}");
            assert!(matches!(usual.fetch(other, 10).await, Err(RestFailure::Refused { .. })), "{other}");
        }
        let own = cdn(json!({ "api_base": "http://127.0.0.1:1", "cdn_base": "http://127.0.0.1:2" }));
        assert!(ours(&own, "http://127.0.0.1:2/a") && !ours(&own, "http://127.0.0.1:1/a"));
        assert!(!ours(&own, "https://cdn.discordapp.com/a"));
    }

    #[tokio::test]
    async fn whoever_points_elsewhere_makes_nobody_knock_there() {
        let knocks: Arc<std::sync::atomic::AtomicUsize> = Arc::default();
        let counted = Arc::clone(&knocks);
        let serve = async |answer: Box<dyn Fn() -> String + Send>| {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut asked = [0; 1024];
                    let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut asked).await;
                    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer().as_bytes()).await;
                }
            });
            address
        };
        let inside = serve(Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }))
        .await;
        let to = format!("http://{inside}/latest");
        let pointing = serve(Box::new(move || {
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }))
        .await;
        let own = cdn(json!({ "api_base": "http://127.0.0.1:1", "cdn_base": format!("http://{pointing}") }));
        let refused = own.fetch(&format!("http://{pointing}/attachments/1/2/a.png"), 10).await;
        assert!(matches!(refused, Err(RestFailure::Refused { status: 302, .. })));
        assert_eq!(knocks.load(Ordering::Relaxed), 0);
    }
}
