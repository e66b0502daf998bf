//! The body by which a session is asked for: what for, under which number, about what.

use crate::mime::Headers;
use crate::p2p::guid::Guid;

/// What a session is for (`EUF-GUID`). Facts: `MSNPiki`, aMSN, libpurple, `MSNPSharp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An object: a display picture, custom emoticon, wink, voice clip or background.
    Object,
    /// A file, or a background that is given.
    File,
    /// To see the other's webcam.
    SeeWebcam,
    /// To show one's own webcam, or to talk with sound and picture.
    ShowWebcam,
    /// A game or another activity.
    Activity,
    /// A wink by invitation.
    Wink,
    /// Photo sharing.
    Photos,
    /// A shared folder.
    SharedFolder,
    /// Something else.
    Other(Guid),
}

/// The purposes that have a name, with their identifiers.
const NAMED: [(Purpose, Guid); 8] = [
    (Purpose::Object, Guid(0xA426_8EEC_FEC5_49E5_95C3_F126_696B_DBF6)),
    (Purpose::File, Guid(0x5D3E_02AB_6190_11D3_BBBB_00C0_4F79_5683)),
    (Purpose::SeeWebcam, Guid(0x1C9A_A97E_9C05_4583_A3BD_908A_196F_1E92)),
    (Purpose::ShowWebcam, Guid(0x4BD9_6FC0_AB17_4425_A14A_4391_8596_2DC8)),
    (Purpose::Activity, Guid(0x6A13_AF9C_5308_4F35_923A_67E8_DDA4_0C2F)),
    (Purpose::Wink, Guid(0xE073_B06B_636E_45B7_ACA4_6D4B_5978_C93C)),
    (Purpose::Photos, Guid(0x41D3_E74E_04A2_4B37_96F8_08AC_DB61_0874)),
    (Purpose::SharedFolder, Guid(0x5341_42D5_1F2A_431F_A60C_B0CF_723F_DF7D)),
];

impl Purpose {
    /// The purpose with that identifier.
    #[must_use]
    pub fn from_guid(guid: Guid) -> Purpose {
        let named = NAMED.into_iter().find(|&(_, named)| named == guid);
        named.map_or(Purpose::Other(guid), |(purpose, _)| purpose)
    }

    /// Its identifier.
    #[must_use]
    pub fn guid(self) -> Guid {
        match self {
            Purpose::Other(guid) => guid,
            Purpose::Object
            | Purpose::File
            | Purpose::SeeWebcam
            | Purpose::ShowWebcam
            | Purpose::Activity
            | Purpose::Wink
            | Purpose::Photos
            | Purpose::SharedFolder => {
                let named = NAMED.into_iter().find(|&(purpose, _)| purpose == self);
                named.map(|(_, guid)| guid).unwrap_or_default()
            }
        }
    }
}

/// The application of objects in older clients; newer ones ask with 11 or 12. A peer gets the number that it sent.
pub const OBJECT_APPLICATION: u32 = 1;

/// The application of files.
pub const FILE_APPLICATION: u32 = 2;

/// A session that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// Its number, chosen by the inviter: not 0 (MSNSLP), not 64 (ink without an invitation).
    pub session: u32,
    /// The number in the footers of its data.
    pub application: u32,
    /// What it is about, in base64: see [`crate::object::MsnObject::from_context`] and [`crate::p2p::file_context`].
    pub context: String,
}

impl SessionRequest {
    /// Reads the fields of the body. `None` without a purpose or a number. What newer clients add is ignored.
    #[must_use]
    pub fn from_fields(fields: &Headers) -> Option<SessionRequest> {
        Some(SessionRequest {
            purpose: Purpose::from_guid(Guid::parse(fields.get("EUF-GUID")?)?),
            session: session(fields)?,
            application: fields.get("AppID").and_then(|number| number.parse().ok()).unwrap_or_default(),
            context: fields.get("Context").unwrap_or_default().to_owned(),
        })
    }

    /// The fields of the body.
    #[must_use]
    pub fn to_fields(&self) -> Headers {
        Headers::new()
            .with("EUF-GUID", &self.purpose.guid().to_string())
            .with("SessionID", &self.session.to_string())
            .with("AppID", &self.application.to_string())
            .with("Context", &self.context)
    }
}

/// The fields by which a session is accepted or declined.
#[must_use]
pub fn answer(session: u32) -> Headers {
    Headers::new().with("SessionID", &session.to_string())
}

/// The session's number in a body, where it is one. msn-pecan writes large ones as if they were negative, in 64 bits.
#[must_use]
pub fn session(fields: &Headers) -> Option<u32> {
    let text = fields.get("SessionID")?;
    let plain = text.parse::<u32>().ok();
    let negative = || text.parse::<i32>().ok().map(|number| number as u32);
    let extended = || text.parse::<u64>().ok().filter(|number| number >> 32 == 0xffff_ffff).map(|number| number as u32);
    plain.or_else(negative).or_else(extended).filter(|&session| session != 0)
}

#[cfg(test)]
mod tests;
