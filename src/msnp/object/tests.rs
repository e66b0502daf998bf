use proptest::prelude::*;

use super::*;

const BOB: &str = "<msnobj Creator=\"bob.bridge@example.net\" Size=\"5000\" Type=\"3\" Location=\"TFR1A.tmp\" \
                   Friendly=\"AAA=\" SHA1D=\"bApYaydh7jg7sOdjnE7QkVOEQuo=\" SHA1C=\"nFKy0xFL6NeC2Sy/3hRtEhKqx6o=\"/>";

const BOB_ENCODED: &str = "%3Cmsnobj%20Creator%3D%22bob.bridge%40example.net%22%20Size%3D%225000%22%20Type%3D%223%22\
    %20Location%3D%22TFR1A.tmp%22%20Friendly%3D%22AAA%3D%22%20SHA1D%3D%22bApYaydh7jg7sOdjnE7QkVOEQuo%3D%22\
    %20SHA1C%3D%22nFKy0xFL6NeC2Sy%2F3hRtEhKqx6o%3D%22%2F%3E";

#[test]
fn the_worked_example() {
    let data: Vec<u8> = (0..5000_u32).map(|place| ((7 * place + 3) % 256) as u8).collect();
    let object = MsnObject::describe("bob.bridge@example.net", ObjectType::DISPLAY_PICTURE, "TFR1A.tmp", &data);
    assert_eq!(object.to_xml(), BOB);
    assert_eq!(object.to_encoded(), BOB_ENCODED);
    assert!(object.matches(&data));
    assert!(!object.matches(b"other"));
    assert_eq!(MsnObject::parse(BOB), Some(object.clone()));
    assert_eq!(MsnObject::parse_encoded(BOB_ENCODED), Some(object));
}

#[test]
fn the_published_example_verifies() {
    let object = MsnObject::parse(
        "<msnobj SHA1C=\"U32o6bosZzluJq82eAtMpx5dIEI=\" SHA1D='trC8SlFx2sWQxZMIBAWSEnXc8oQ=' Friendly=\"AAA=\" \
         Location=\"TFR2C.tmp\" Type=\"3\" Size=\"24539\" Creator=\"buddy1@hotmail.com\"/>",
    );
    let hashes = object.map(|object| (object.description_hash.clone(), object.computed_description_hash()));
    let published = "U32o6bosZzluJq82eAtMpx5dIEI=".to_owned();
    assert_eq!(hashes, Some((Some(published.clone()), published)));
}

#[test]
fn further_attributes_are_kept() {
    // From a recording of msnp11-sdk.
    let text = "<msnobj Creator=\"alice@example.com\" Size=\"50639\" Type=\"3\" Location=\"PIC.tmp\" Friendly=\"AAA=\" \
                SHA1D=\"1QpMNhaF8Mhn7yH4JhNrA0tIQEk=\" SHA1C=\"ojOAcFatItJwzcY/h4iMuHNhSJw=\" contenttype=\"\"/>";
    let object = MsnObject::parse(text);
    assert_eq!(object.map(|object| object.to_xml()).as_deref(), Some(text));
}

#[test]
fn an_object_of_nobody_is_none() {
    for text in
        ["", "0", "<msnobj/>", "<msnobj Creator=\"a@b.c\" Size=\"x\" Type=\"3\" SHA1D=\"y\"/>", "<msnobj Creator="]
    {
        assert_eq!(MsnObject::parse(text), None, "{text}");
    }
}

#[test]
fn what_xml_cannot_hold_is_no_part_of_an_object() {
    let object = MsnObject::parse(&BOB.replace("SHA1D=\"", "SHA1D=\"\u{14}&#x1;")).unwrap();
    assert_eq!(Some(&object), MsnObject::parse(BOB).as_ref());
    assert_eq!(MsnObject::parse(&object.to_xml()), Some(object));
    assert_eq!(MsnObject::parse("<msnobj Creator=\"\u{1}\" Size=\"1\" Type=\"3\" SHA1D=\"y\"/>"), None);
}

#[test]
fn a_friendly_name_has_no_terminator() {
    assert_eq!(friendly_name(""), "AAA=");
    assert_eq!(friendly_name("hi"), STANDARD.encode(b"h\0i\0"));
}

#[test]
fn a_context_ends_with_a_nul_or_not() {
    let object = MsnObject::parse(BOB);
    let context = object.as_ref().map(MsnObject::to_context).unwrap_or_default();
    assert!(context.ends_with("Ii8+AA=="), "{context}");
    assert_eq!(MsnObject::from_context(&context), object);
    let (start, end) = context.split_at(60);
    assert_eq!(MsnObject::from_context(&format!("{start}\r\n {end}")), object);
    assert_eq!(MsnObject::from_context(context.trim_end_matches('=')), object);
    assert_eq!(MsnObject::from_context(&STANDARD.encode(BOB)), object);
    assert_eq!(MsnObject::from_context("*"), None);
    assert_eq!(MsnObject::from_context(""), None);
}

proptest! {
    #[test]
    fn a_described_object_comes_back(creator in "[!-~é]{1,20}", location in "[ -~]{0,12}", data in prop::collection::vec(any::<u8>(), 0..60)) {
        let object = MsnObject::describe(&creator, ObjectType::CUSTOM_EMOTICON, &location, &data);
        prop_assert_eq!(MsnObject::parse_encoded(&object.to_encoded()), Some(object));
    }

    #[test]
    fn anything_can_be_parsed(text in "(<msnobj| |=|\"|'|Creator|Size|SHA1D|Type|/>|&|é|[ -~]){0,20}") {
        let _ = MsnObject::parse(&text);
    }
}
