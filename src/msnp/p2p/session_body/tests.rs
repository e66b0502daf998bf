use proptest::prelude::*;

use super::*;

fn fields(text: &[(&str, &str)]) -> Headers {
    text.iter().fold(Headers::new(), |fields, (name, value)| fields.with(name, value))
}

#[test]
fn purposes_have_their_published_identifiers() {
    assert_eq!(Purpose::Object.guid().to_string(), "{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}");
    assert_eq!(Purpose::File.guid().to_string(), "{5D3E02AB-6190-11D3-BBBB-00C04F795683}");
    assert_eq!(Purpose::SeeWebcam.guid().to_string(), "{1C9AA97E-9C05-4583-A3BD-908A196F1E92}");
    for (purpose, guid) in NAMED {
        assert_eq!((purpose.guid(), Purpose::from_guid(guid)), (guid, purpose));
    }
    assert_eq!(Purpose::Other(Guid(5)).guid(), Guid(5));
}

#[test]
fn what_newer_clients_add_is_ignored() {
    let request = fields(&[
        ("euf-guid", "{a4268eec-fec5-49e5-95c3-f126696bdbf6}"),
        ("SessionID", "2200417"),
        ("SChannelState", "0"),
        ("Capabilities-Flags", "1"),
        ("AppID", "12"),
        ("Context", "PG1z"),
    ]);
    let expected =
        SessionRequest { purpose: Purpose::Object, session: 2_200_417, application: 12, context: "PG1z".to_owned() };
    assert_eq!(SessionRequest::from_fields(&request), Some(expected));
}

#[test]
fn session_numbers_are_32_bits() {
    let number = |text: &str| session(&fields(&[("SessionID", text)]));
    assert_eq!(number("4294967295"), Some(u32::MAX));
    // From a recording of msn-pecan, and the same number as others might write it.
    assert_eq!(number("18446744071660764869"), Some(2_246_180_549));
    assert_eq!(number("-2048786747"), Some(2_246_180_549));
    for wrong in ["0", "", "x", "4294967296", "18446744073709551616", "-2147483649", "1 2"] {
        assert_eq!(number(wrong), None, "{wrong}");
    }
    assert_eq!(session(&Headers::new()), None);
}

#[test]
fn a_request_needs_a_purpose_and_a_number() {
    let purpose = ("EUF-GUID", "{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}");
    assert_eq!(SessionRequest::from_fields(&fields(&[purpose])), None);
    assert_eq!(SessionRequest::from_fields(&fields(&[("SessionID", "5")])), None);
    let bare = SessionRequest::from_fields(&fields(&[purpose, ("SessionID", "5")]));
    assert_eq!(bare.map(|bare| (bare.application, bare.context)), Some((0, String::new())));
}

proptest! {
    #[test]
    fn a_request_comes_back(guid in any::<u128>(), session in 1_u32.., application in any::<u32>(), context in "[A-Za-z0-9+/]{0,40}={0,2}") {
        let request = SessionRequest { purpose: Purpose::from_guid(Guid(guid)), session, application, context };
        prop_assert_eq!(SessionRequest::from_fields(&request.to_fields()), Some(request));
    }
}
