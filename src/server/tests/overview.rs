//! What those who run the server see of it on a page, and mend.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bridge::{Action, Features, RemoteProfile};
use domain::{NetworkName, RemoteUser};
use store::Lane;

use super::{Reluctant, core, passport};
use crate::{
    Browser, NetworkEntry, Portal, PortalFault, PortalSettings, RegistrationPolicy, Settings, Visit,
    administration::Administration,
};

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn visit(portal: &Portal, address: &str) -> Visit {
    let browser = Browser { agent: "Browser 1.0", from: FROM };
    let token = portal.sign_in(address, "correct horse", browser).await.unwrap();
    portal.visit(&token, FROM).await.unwrap().unwrap()
}

#[tokio::test]
async fn those_who_run_the_server_see_networks_links_and_what_was_given_up() {
    let name: NetworkName = "net".parse().unwrap();
    let bit = 64.try_into().unwrap();
    let network = Arc::new(Reluctant::default());
    let entry = NetworkEntry { name: name.clone(), bit, network, features: Features::PLAIN };
    let (core, _folder) = core(RegistrationPolicy::Closed, vec![entry]).await;
    let settings = PortalSettings { admins: vec![passport("ann@msn.example")], ..PortalSettings::default() };
    core.settings.replace(Settings { portal: settings, ..core.settings.clone() });
    for address in ["ann@msn.example", "ben@msn.example", "eve@msn.example"] {
        Administration::running(&core).add(address, None, "correct horse").await.unwrap();
    }
    let portal = Portal::of(&core);
    let (ann, ben) = (visit(&portal, "ann").await, visit(&portal, "ben").await);
    let zoe = RemoteProfile {
        user: RemoteUser("zoe".to_owned()),
        name: "Zoe".to_owned(),
        login: "zoe".to_owned(),
        server: None,
        account: None,
    };
    let lane = Lane { owner: ben.owner.clone(), contact: core.store.allot(&name, zoe.into()).await.unwrap() };
    for _ in 0..3 {
        core.store.order(&lane.owner, &lane.contact, Action::Unfriend).await.unwrap();
    }
    for _ in 0..2 {
        let next = core.store.next_order(&lane).await.unwrap().unwrap();
        core.store.order_failed(next.id, "no", None).await.unwrap();
    }

    let overview = portal.overview(&ann).await.unwrap();
    let health = &overview.networks[0];
    assert_eq!((health.line.name.as_str(), health.line.links, health.ailing, health.own_links), ("net", 1, 2, 0));
    assert_eq!((health.line.waiting, health.line.parked), (1, 2));
    let ailing: Vec<_> = overview.ailing.iter().map(|link| (link.owner.as_str(), link.status.is_none())).collect();
    assert_eq!((ailing, overview.more_ailing), (vec![("ann@msn.example", true), ("ben@msn.example", true)], 0));
    let deeds: Vec<&str> = overview.given_up.iter().map(|line| line.deed.as_str()).collect();
    assert_eq!((deeds, overview.more_given_up), (vec!["removing, or leaving, zoe@net.msn.example"; 2], 0));

    let first = overview.given_up[0].id.0.to_string();
    let (first, network) = (Some(first.as_str()), Some("net"));
    assert_eq!(portal.retry_given_up(&ben, None, network).await, Err(PortalFault::NotAdmin));
    assert_eq!(portal.forget_given_up(&ben, first, None).await, Err(PortalFault::NotAdmin));
    for (order, of) in [(None, None), (Some("0"), None), (Some("x"), None), (None, Some("")), (first, network)] {
        assert!(
            matches!(portal.forget_given_up(&ann, order, of).await, Err(PortalFault::Unfit(_))),
            "{order:?} {of:?}"
        );
        assert!(matches!(portal.retry_given_up(&ann, order, of).await, Err(PortalFault::Unfit(_))), "{order:?} {of:?}");
    }
    assert_eq!(portal.forget_given_up(&ann, first, None).await, Ok(1));
    assert!(matches!(portal.forget_given_up(&ann, first, None).await, Err(PortalFault::Unfit(_))));
    assert_eq!(portal.retry_given_up(&ann, None, network).await, Ok(1));
    assert_eq!(portal.overview(&ann).await.unwrap().given_up, []);
}
