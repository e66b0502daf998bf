//! What a check says of mistakes that people make with a homeserver, each made for real.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::IntoResponse,
};
use bridge::{Fault, Standing};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{Setup, homeserver::free_port};

/// The only fault that there is.
fn only(faults: &[Fault]) -> &Fault {
    let [fault] = faults else { panic!("{faults:?}") };
    assert!(!fault.mend.is_empty(), "{fault}");
    fault
}

/// A homeserver whose clock was left behind, for who asks through here.
async fn in_the_past(
    State(homeserver): State<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method, format!("{homeserver}{uri}")).body(body);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let date = [(header::DATE, "Sat, 01 Jan 2000 00:00:00 GMT")];
    (status, date, answer.bytes().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_explains_what_is_wrong_with_a_homeserver() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    assert_eq!(setup.network().check(Standing::Idle).await, []);

    // A clock that is far off.
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let between = Router::new().fallback(in_the_past).with_state(synapse.url.clone());
    let between = tokio::spawn(async move { axum::serve(listener, between).await });
    let mut section = setup.section.clone();
    section.values.insert("homeserver_url".into(), json!(format!("http://127.0.0.1:{port}")));
    let faults = chrysalis_matrix::network(&section).unwrap().check(Standing::Idle).await;
    let fault = only(&faults);
    assert!(fault.subject == "clock" && fault.problem.contains("behind"), "{fault}");
    between.abort();

    // The registration was written anew, and the homeserver not restarted.
    for of in ["as", "hs"] {
        let file = setup.section.data_directory.join(format!("matrix-{of}-token"));
        std::fs::rename(&file, file.with_extension("old")).unwrap();
    }
    let faults = setup.network().check(Standing::Idle).await;
    let fault = only(&faults);
    assert!(fault.subject == "appservice.as_token" && fault.problem.contains("not restarted"), "{fault}");
    assert!(fault.mend.contains("restart"), "{fault}");
    for of in ["as", "hs"] {
        let file = setup.section.data_directory.join(format!("matrix-{of}-token"));
        std::fs::rename(file.with_extension("old"), &file).unwrap();
    }

    // Presence is switched off.
    synapse.halt().await;
    synapse.configure(|configuration| configuration["presence"] = json!({ "enabled": false }));
    synapse.resume().await;
    let faults = setup.network().check(Standing::Idle).await;
    let fault = only(&faults);
    assert!(fault.subject == "presence" && fault.problem.contains("guessed"), "{fault}");

    // Another appservice claims the same ghosts.
    synapse.halt().await;
    let other = setup.directory.path().join("other.yaml");
    let claim = json!({
        "id": "other", "url": null, "as_token": "other-as", "hs_token": "other-hs", "sender_localpart": "other",
        "namespaces": { "users": [{ "exclusive": true, "regex": "^@msn_.*:example\\.org$" }], "aliases": [], "rooms": [] },
    });
    std::fs::write(&other, claim.to_string()).unwrap();
    synapse.configure(|configuration| {
        configuration["presence"] = json!({ "enabled": true });
        configuration["app_service_config_files"].as_array_mut().unwrap().push(json!(other));
    });
    synapse.resume().await;
    let faults = setup.network().check(Standing::Idle).await;
    let fault = only(&faults);
    assert!(fault.subject == "appservice.user_prefix" && fault.problem.contains("M_EXCLUSIVE"), "{fault}");
    assert!(fault.mend.contains("another appservice"), "{fault}");

    // Somebody had the bot's name before.
    synapse.halt().await;
    let mut registrations = json!([]);
    synapse.configure(|configuration| {
        registrations = std::mem::replace(&mut configuration["app_service_config_files"], json!([]));
    });
    synapse.resume().await;
    synapse.person("msnbot2").await;
    synapse.halt().await;
    let mut section = setup.section.clone();
    section.values["appservice"]["bot"] = json!("msnbot2");
    let network = chrysalis_matrix::network(&section).unwrap();
    std::fs::write(setup.directory.path().join("registration.yaml"), network.registration().unwrap()).unwrap();
    registrations.as_array_mut().unwrap().pop();
    synapse.configure(|configuration| configuration["app_service_config_files"] = registrations);
    synapse.resume().await;
    let faults = network.check(Standing::Idle).await;
    let fault = only(&faults);
    assert!(fault.subject == "appservice.bot" && fault.problem.contains("somebody's own account"), "{fault}");
    synapse.halt().await;
}
