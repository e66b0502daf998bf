//! What a signed-in Messenger fetches and opens over HTTP.

use std::net::{Ipv4Addr, TcpListener};

use chrysalis_test_harness::{Messenger, PASSWORD, Server, by_header, get, post};
use msnp::{
    dialect::Dialect,
    notification::server::{OutReason, ServerCommand},
};

use crate::{ALICE, server};

/// Starts the server again with one more file of configuration.
fn configure(server: &mut Server, text: &str) {
    server.stop();
    let folder = server.config().with_file_name("networks");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("more.toml"), text).unwrap();
    server.run();
}

#[tokio::test]
async fn the_configuration_names_this_server_bare_and_in_soap() {
    let server = server(&[]);
    let web = server.web();
    let bare = get(web, "/Config/MsgrConfig.asmx?op=GetClientConfig&Country=US", "").await;
    assert_eq!(bare.header("Content-Type"), Some("text/xml; charset=utf-8"));
    let today = format!("<MsnTodayURL>http://{web}/messenger/today</MsnTodayURL>");
    assert!(bare.body.contains("<MsgrConfig>") && bare.body.contains(&today), "{}", bare.body);
    let action = "SOAPAction: \"http://www.msn.com/webservices/Messenger/Client/GetClientConfig\"\r\n";
    let soap = post(web, "/Config/MsgrConfig.asmx", action, "<soap:Envelope/>").await;
    assert!(
        soap.body.contains("<GetClientConfigResult><![CDATA[<MsgrConfig>") && soap.body.contains(&today),
        "{}",
        soap.body
    );
    assert_eq!(get(web, "/messenger/today", "").await.status, 200);
    assert_eq!(get(web, "/media/guess/picture.png", "").await.status, 404);
}

#[tokio::test]
async fn messengers_own_ticket_opens_the_password_page_and_the_old_password_changes_it() {
    let server = server(&[ALICE]);
    let web = server.web();
    let ticket = by_header(web, ALICE, PASSWORD).await.unwrap();
    let mut alice = Messenger::connect(server.address(), ALICE, Dialect::Msnp12).await;
    alice.introduce().await;
    alice.send("USR", &format!("TWN S {ticket}")).await;
    let profile = alice
        .find("the profile", |command| match command {
            ServerCommand::Message { payload } => Some(String::from_utf8(payload.to_vec()).unwrap()),
            _ => None,
        })
        .await;
    let auth = profile.lines().find_map(|line| line.strip_prefix("MSPAuth: ")).unwrap();
    let form = format!(
        "mode=ttl&login=alice&username=alice%40example.com&sid=507&kv=1&id=2&sl=19&rru=%2Fmessenger%2Fpassword&auth={}\
         &creds=476f009969be3657a80d1d2ba7e9d95b&svc=mail&js=yes",
        auth.replace('=', "%3D").replace('&', "%26")
    );
    let opened = post(web, "/messenger/login", "", &form).await;
    assert_eq!((opened.status, opened.header("Location")), (303, Some(&*format!("http://{web}/messenger/password"))));
    let cookie = opened.header("Set-Cookie").unwrap().split(';').next().unwrap();
    let cookie = format!("Cookie: {cookie}\r\n");
    let page = get(web, "/messenger/password", &cookie).await;
    assert!(page.status == 200 && page.body.contains(ALICE), "{page:?}");

    let change =
        |old: &str| format!("old={}&new=fresh-word&again=fresh-word", old.replace('%', "%25").replace(',', "%2C"));
    let refused = post(web, "/messenger/password", &cookie, &change("wrong")).await;
    assert!(refused.body.contains("That is not your password now"), "{}", refused.body);
    let changed = post(web, "/messenger/password", &cookie, &change(PASSWORD)).await;
    assert!(changed.body.contains("Your password is changed"), "{}", changed.body);
    assert!(alice.rest().await.iter().any(|told| matches!(told, ServerCommand::Out(None::<OutReason>))));
    assert_eq!(by_header(web, ALICE, PASSWORD).await, None);
    assert!(by_header(web, ALICE, "fresh-word").await.is_some());
    assert_eq!(get(web, "/messenger/password", &cookie).await.status, 403, "the visit ended with its ticket");
}

#[tokio::test]
async fn each_listener_tells_its_clients_its_own_name() {
    let mut server = server(&[ALICE]);
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let (plain, named) = (free(), free());
    let name = format!("messenger.example:{}", named.port());
    let listen = format!("[server]\nlisten = [\"{plain}\", {{ listen = \"{named}\", public_address = \"{name}\" }}]\n");
    for dispatch in [false, true] {
        configure(&mut server, &format!("{listen}dispatch = {dispatch}\n"));
        for (listener, told) in [(plain, plain.to_string()), (named, name.clone())] {
            let mut alice = Messenger::connect(listener, ALICE, Dialect::Msnp12).await;
            if dispatch {
                alice.send("VER", "MSNP12").await;
                alice.next("VER").await;
                let transaction = alice.send("USR", &format!("TWN I {ALICE}")).await;
                let away = ServerCommand::XfrNotification { transaction, address: told.clone(), current: told.clone() };
                assert_eq!(alice.rest().await, [away]);
                alice = Messenger::connect(listener, ALICE, Dialect::Msnp12).await;
            }
            alice.introduce().await;
            let ticket = by_header(server.web(), ALICE, PASSWORD).await.unwrap();
            alice.prove(&ticket).await;
            alice.list().await;
            alice.status("NLN").await;
            assert_eq!(alice.switchboard().await.0, told);
            alice.wire().send("OUT\r\n").await;
            alice.rest().await;
        }
    }
}
