//! What Messenger fetches for itself.

use crate::server::{Server, between, has_line};

#[tokio::test]
async fn the_configuration_comes_bare_and_in_soap_and_is_the_same() {
    let server = Server::start("https://msn.example/a&b").await;
    let path = "/Config/MsgrConfig.asmx";
    let bare = server.get(&format!("{path}?op=GetClientConfig&Country=US&CLCID=0809&PLCID=0409&GeoID=242"), "").await;
    assert!(
        bare.starts_with("HTTP/1.1 200 OK\r\n") && has_line(&bare, "Content-Type: text/xml; charset=utf-8"),
        "{bare}"
    );
    let (_, document) = bare.split_once("\r\n\r\n").unwrap();
    assert!(document.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<MsgrConfig>"), "{document}");
    let header = "SOAPAction: \"http://www.msn.com/webservices/Messenger/Client/GetClientConfig\"\r\n\
                  Content-Type: text/xml; charset=utf-8\r\n";
    let soap = server.post(path, header, "<soap:Envelope/>").await;
    let carried = between(&soap, "<GetClientConfigResult><![CDATA[", "]]></GetClientConfigResult>");
    assert_eq!(carried.trim(), document.split_once('\n').unwrap().1.trim());
    for element in [
        "<MsnTodayURL>https://msn.example/a&#38;b/messenger/today</MsnTodayURL>",
        "<contenturl>https://msn.example/a&#38;b/messenger/today</contenturl>",
        "<domain name=\"msn.example\" />",
        "<MobileMessaging ",
    ] {
        assert!(carried.contains(element), "{element} in {carried}");
    }
    assert_eq!(
        server.post("/config/MsgrConfig.asmx", header, "").await.split("\r\n\r\n").nth(1),
        soap.split("\r\n\r\n").nth(1)
    );
    server.stop().await;
}

#[tokio::test]
async fn every_document_is_well_formed() {
    let server = Server::start("https://msn.example").await;
    for path in ["/Config/MsgrConfig.asmx", "/svcs/mms/tabs.asp"] {
        let answer = server.get(path, "").await;
        let mut reader = quick_xml::Reader::from_str(answer.split("\r\n\r\n").nth(1).unwrap());
        let (mut depth, mut names) = (0, Vec::new());
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(start) => {
                    depth += 1;
                    names.push(String::from_utf8(start.name().as_ref().to_vec()).unwrap());
                }
                quick_xml::events::Event::End(_) => depth -= 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
        assert!(names.contains(&"msntabdata".to_owned()), "{names:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn menus_lead_to_pages_of_this_server_and_advertisements_to_nothing() {
    let server = Server::start("http://127.0.0.1").await;
    for (path, location) in [
        ("/svcs/mms/portal.asp", "http://127.0.0.1/messenger/today"),
        ("/5meen_us/60", "http://127.0.0.1/"),
        ("/5meen_us/106?dave@example.com&Plcid=0409", "http://127.0.0.1/messenger/profile"),
    ] {
        let answer = server.get(path, "").await;
        assert!(answer.starts_with("HTTP/1.1 303 ") && has_line(&answer, &format!("Location: {location}")), "{answer}");
    }
    for path in ["/ADSAdClient31.dll?GetSAd=", "/messenger/none"] {
        let answer = server.get(path, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("<body></body></html>"), "{answer}");
    }
    for path in ["/some/thing", "/robots.txt"] {
        assert!(server.get(path, "").await.starts_with("HTTP/1.1 404 "));
    }
    server.stop().await;
}
