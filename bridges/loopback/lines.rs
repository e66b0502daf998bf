//! Something to be said, and how it gets its bytes.

use std::io::Cursor;

use bridge::{Host, HostFault, MediaStream};
use domain::{
    Content,
    content::{Emoticon, Text},
    media::Attachment,
};

use crate::{
    drawings::{self, Drawing, EMOTICON},
    recital, tone,
};

/// The largest file that is carried, in bytes.
pub(crate) const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Something to be said, before its bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// As it is: it has no bytes.
    Plain(Content),
    /// Something of one's own.
    Own(Gift),
    /// What somebody was told, with its bytes read and kept anew, as a network would that has them elsewhere.
    Repeated(Content),
}

/// Something with bytes that is made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gift {
    File,
    Image,
    Emoticons,
    Ink,
    Voice,
    Wink,
}

impl Line {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Plain(Content::text(text))
    }

    /// The line as it is handed in, its bytes kept by `host`. A fault says that it has to be tried again.
    pub(crate) async fn content(&self, host: &dyn Host) -> Result<Content, HostFault> {
        match self {
            Self::Plain(content) => Ok(content.clone()),
            Self::Own(gift) => gift.content(host).await,
            Self::Repeated(told) => repeated(host, told).await,
        }
    }
}

impl Gift {
    async fn content(self, host: &dyn Host) -> Result<Content, HostFault> {
        let rings = Drawing::rings([30, 90, 200], [240, 246, 255]);
        Ok(match self {
            Self::File => Content::File(keep(host, "letter from echo.txt", recital::LETTER.into()).await?),
            Self::Image => Content::Image(keep(host, "echo.png", rings.png(300, 200)?).await?),
            Self::Ink => Content::Ink(keep(host, "ink.gif", drawings::ink()?).await?),
            Self::Voice => Content::Voice(keep(host, "tone.wav", tone::wave()).await?),
            Self::Wink => {
                let thumbnail = keep(host, "wink.png", rings.png(drawings::PICTURE, drawings::PICTURE)?).await?;
                Content::Wink { title: "A call comes back".to_owned(), thumbnail: Some(thumbnail) }
            }
            Self::Emoticons => {
                let still = keep(host, "echo.png", rings.png(EMOTICON, EMOTICON)?).await?;
                let moving = keep(host, "call.gif", drawings::moving_emoticon()?).await?;
                let emoticon =
                    |shortcut: &str, picture, animated| Emoticon { shortcut: shortcut.to_owned(), picture, animated };
                Content::Text(Text {
                    emoticons: vec![emoticon("(echo)", still, false), emoticon("(call)", moving, true)],
                    ..Text::plain("This one stands still (echo), and this one moves (call).")
                })
            }
        })
    }
}

/// Keeps bytes that were made here.
pub(crate) async fn keep(host: &dyn Host, name: &str, bytes: Vec<u8>) -> Result<Attachment, HostFault> {
    let stream: MediaStream = Box::pin(Cursor::new(bytes));
    host.keep_media(name, stream, LARGEST_FILE).await
}

/// The same content, its bytes read and kept anew; in words what cannot be repeated.
async fn repeated(host: &dyn Host, told: &Content) -> Result<Content, HostFault> {
    let mut content = told.clone();
    if let Some(attachment) = content.attachment_mut() {
        match kept_anew(host, attachment).await? {
            Ok(anew) => *attachment = anew,
            Err(words) => return Ok(Content::text(words)),
        }
    }
    if let Content::Text(text) = &mut content {
        for emoticon in std::mem::take(&mut text.emoticons) {
            // Without its picture the shortcut stands for itself.
            if let Ok(picture) = kept_anew(host, &emoticon.picture).await? {
                text.emoticons.push(Emoticon { picture, ..emoticon });
            }
        }
    }
    Ok(content)
}

/// Streams the bytes of `attachment` out of the host and into it. The inner fault is in words and final.
async fn kept_anew(host: &dyn Host, attachment: &Attachment) -> Result<Result<Attachment, String>, HostFault> {
    let name = &attachment.name;
    let kept = match host.open_media(attachment.source).await {
        Ok(Some(stream)) => host.keep_media(name, stream, LARGEST_FILE).await,
        Ok(None) => {
            return Ok(Err(format!("I cannot repeat {name}: it is no longer kept here. Please send it again.")));
        }
        Err(fault) => Err(fault),
    };
    match kept {
        Ok(attachment) => Ok(Ok(attachment)),
        Err(fault @ (HostFault::TooLarge { .. } | HostFault::Full | HostFault::Media(_))) => {
            Ok(Err(format!("I cannot repeat {name}: {fault}.")))
        }
        Err(fault @ (HostFault::Store(_) | HostFault::Secrets(_) | HostFault::Stopping)) => Err(fault),
    }
}
