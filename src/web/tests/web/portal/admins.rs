//! What those who run the server see of it, and mend.

use server::{Limit, SignUpPolicy};

use crate::house::House;

const BEN: &str = "ben@msn.example";
const LINK_TO_BEN: &str = "<a href=\"/admin/account?of=ben%40msn.example\">ben@msn.example</a>";

async fn house() -> House {
    House::open("http://127.0.0.1", SignUpPolicy::Closed).await
}

#[tokio::test]
async fn networks_and_links_that_do_not_work_are_shown() {
    let house = house().await;
    let (mut ann, mut ben) = (house.browser_of("ann").await, house.browser_of("ben").await);
    let page = ann.get("/admin").await;
    page.has("<th scope=\"row\">net</th>\n<td data-label=\"Its server\"><span class=\"pill \">not known</span></td>")
        .has("data-label=\"Links open\">2</td>")
        .has("data-label=\"Own links\">0</td>")
        .has("<td class=\"number\" data-label=\"Not working\">0</td>")
        .has("All links work.")
        .has("Nothing was given up within 30 days.");
    ben.submit("/links/net", &[("way", "token"), ("answer-token", "good")]).await;
    ann.get("/admin").await.has("data-label=\"Own links\">1</td>").has("All links work.");
    for (token, word, says) in [
        (
            "gone",
            "<span class=\"pill bad\">stopped</span>",
            "because the &#60;token&#62; was taken back. It is to be linked anew.",
        ),
        (
            "late",
            "<span class=\"pill warn\">waiting</span>",
            "As &#60;b&#62;token&#60;/b&#62;. Somebody &#60;lets&#62; you in.",
        ),
        ("slow", "<span class=\"pill warn\">connecting</span>", "It connects, or waits until it may try again."),
    ] {
        ben.submit("/links/net", &[("way", "token"), ("answer-token", token)]).await;
        let page = ann.get("/admin").await;
        page.has(LINK_TO_BEN).has(word).has(says);
        page.has("data-label=\"Own links\">1</td>").has("<td class=\"number bad\" data-label=\"Not working\">1</td>");
    }
    house.close().await;
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_or_forgotten_one_by_one_or_by_network() {
    let house = house().await;
    let mut ann = house.browser_of("ann").await;
    let mut orders = Vec::new();
    for reason in ["<one>", "two", "three", "four"] {
        orders.push(house.gives_up(BEN, reason).await.to_string());
    }
    let page = ann.get("/admin").await;
    page.has("net: adding, or going into, zoe@net.msn.example")
        .has("&#60;one&#62;; 20")
        .has("<td class=\"number bad\" data-label=\"Given up\">4</td>")
        .has("All 4 of net");
    for order in &orders {
        page.has(&format!("aria-label=\"Try again order {order}\""))
            .has(&format!("aria-label=\"Forget order {order}\""));
    }
    let done = ann.submit("/admin", &[("action", "forget"), ("order", &orders[0])]).await;
    assert!(!done.has("role=\"status\">It is forgotten.").body.contains("&#60;one&#62;"), "{}", done.body);
    ann.submit("/admin", &[("action", "forget"), ("order", &orders[0])])
        .await
        .has("role=\"alert\">That is not given up any more");
    ann.submit("/admin", &[("action", "retry"), ("order", &orders[1])]).await.has("role=\"status\">It is tried again.");
    // Whatever names nothing, or cannot be a number, means nothing, and never all.
    for nothing in [
        &[("action", "forget")][..],
        &[("action", "retry")],
        &[("action", "forget"), ("order", "0")],
        &[("action", "forget"), ("order", "-1")],
        &[("action", "forget"), ("order", "")],
        &[("action", "forget"), ("of", ""), ("sure", "yes")],
        &[("action", "forget"), ("of", "net"), ("sure", "yes"), ("order", &orders[2])],
    ] {
        ann.submit("/admin", nothing).await.has("role=\"alert\">Nothing was done").has("All 2 of net");
    }
    ann.submit("/admin", &[("action", "forget"), ("of", "aim"), ("sure", "yes")]).await.has("not given up any more");
    ann.submit("/admin", &[("action", "forget"), ("of", "net")]).await.has("Tick the box first").has("All 2 of net");
    let all = [("action", "forget"), ("of", "net"), ("sure", "yes")];
    ann.submit("/admin", &all).await.has("2 orders are forgotten.").has("Nothing was given up within 30 days.");
    for reason in ["five", "six"] {
        house.gives_up(BEN, reason).await;
    }
    ann.submit("/admin", &[("action", "retry"), ("of", "net")])
        .await
        .has("2 orders are tried again.")
        .has("Nothing was given up");
    house.close().await;
}

#[tokio::test]
async fn what_was_given_up_is_mended_by_admins_with_a_form_of_theirs_alone() {
    let house = house().await;
    let (mut ann, mut ben) = (house.browser_of("ann").await, house.browser_of("ben").await);
    let order = house.gives_up(BEN, "no").await.to_string();
    let proof = ben.get("/profile").await.proof().to_owned();
    for action in ["retry", "forget"] {
        let form = [("action", action), ("order", order.as_str()), ("proof", &proof)];
        ben.post("/admin", &form).await;
        ann.post("/admin", &form).await;
    }
    ann.get("/admin").await.has(&format!("aria-label=\"Forget order {order}\""));
    house.close().await;
}

#[tokio::test]
async fn so_much_is_shown_and_how_much_more_there_is() {
    let house = house().await;
    let mut ann = house.browser_of("ann").await;
    for _ in 0..52 {
        house.gives_up(BEN, "no").await;
    }
    let page = ann.get("/admin").await;
    page.has("And 2 more.").has("All 52 of net");
    assert_eq!(page.body.matches("aria-label=\"Forget order ").count(), 50);
    house.close().await;
}

#[tokio::test]
async fn limits_are_shown_by_their_keys_with_those_that_were_reached() {
    let house = house().await;
    let mut ann = house.browser_of("ann").await;
    let row = |name: &str, most: u32| {
        format!("<th scope=\"row\">{name}</th><td class=\"number\" data-label=\"At most\">{most}</td>")
    };
    ann.get("/admin").await.has(&row("Contacts of one account", 600)).has(&row("Rooms of one account", 500));
    Limit::Rooms.reached(BEN);
    Limit::Lists.reached(BEN);
    Limit::Notices.reached(BEN);
    ann.get("/admin")
        .await
        .has(">reached once</span></td><td data-label=\"Key\"><code>rooms</code>")
        .has(">it or one like it: reached once</span></td><td data-label=\"Key\"><code>contacts</code>")
        .has(
            "Lines of networks for one account in a minute</th><td class=\"number\" data-label=\"At most\">fixed</td>",
        );
    house.close().await;
}
