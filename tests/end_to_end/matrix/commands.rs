//! The commands that set a homeserver up.

use chrysalis_test_harness::chrysalis;

use super::{CAROL, setup};
use crate::program;

#[tokio::test]
async fn matrix_a_set_up_is_checked_and_its_registration_stays() {
    let mut setup = setup(&[CAROL], "").await;
    let asked_twice = [(); 2].map(|()| setup.server.command(&["registration"], ""));
    assert!(asked_twice.iter().all(|written| written.code == 0), "{asked_twice:?}");
    assert!(asked_twice[0].out.contains("sender_localpart"), "{asked_twice:?}");
    assert_eq!(asked_twice[0].out, asked_twice[1].out);

    // With a server that runs, and without one.
    let checked = setup.server.command(&["check"], "");
    assert_eq!((checked.code, checked.out.as_str()), (0, "everything is in order\n"), "{checked:?}");
    assert!(setup.server.stop().success());
    let checked = setup.server.command(&["check"], "");
    assert_eq!((checked.code, checked.out.as_str()), (0, "everything is in order\n"), "{checked:?}");

    // One line a fault, which names the key.
    for (key, value, named) in [
        ("APPSERVICE__AS_TOKEN", "another", "networks.matrix: appservice.as_token: "),
        ("APPSERVICE__HS_TOKEN", "another", "networks.matrix: appservice.hs_token: "),
        ("HOMESERVER_URL", "http://127.0.0.1:1", "networks.matrix: homeserver_url: "),
        ("SERVER_NAME", "elsewhere.example", "networks.matrix: server_name: "),
    ] {
        let variable = format!("CHRYSALIS__NETWORKS__MATRIX__{key}");
        let environment = [(variable.as_str(), value), ("RUST_LOG", "off")];
        let checked = chrysalis(program(), &setup.server.config(), &["check"], &environment, "");
        assert_eq!(checked.code, 1, "{checked:?}");
        assert_eq!(checked.complaint.lines().count(), 1, "{checked:?}");
        assert!(checked.complaint.starts_with(named), "{checked:?}");
    }
}

#[tokio::test]
async fn matrix_tokens_are_made_once_and_kept_to_oneself() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("chrysalis.toml");
    let section = "[networks.matrix]\nhomeserver_url = \"http://127.0.0.1:8008\"\nserver_name = \"example.org\"\n\
                   [networks.matrix.appservice]\nlisten = \"127.0.0.1:29333\"\nurl = \"http://127.0.0.1:29333\"\n";
    std::fs::write(&config, section).unwrap();
    let file = folder.path().join("registration.yaml");
    let arguments = ["registration", "--output", file.to_str().unwrap()];
    let written = [(); 2].map(|()| {
        let written = chrysalis(program(), &config, &arguments, &[], "");
        assert_eq!(written.code, 0, "{written:?}");
        std::fs::read_to_string(&file).unwrap()
    });
    assert_eq!(written[0], written[1]);
    let printed = chrysalis(program(), &config, &["registration"], &[], "");
    assert_eq!(printed.out, written[0]);
    let secrets = ["data/matrix-as-token", "data/matrix-hs-token", "registration.yaml"];
    for secret in secrets.map(|secret| folder.path().join(secret)) {
        assert_eq!(secret.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", secret.display());
    }

    // What a homeserver may hold to is not written over unasked.
    std::fs::write(&file, "another\n").unwrap();
    let refused = chrysalis(program(), &config, &arguments, &[], "");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.complaint.contains("registration.yaml is there already and says something else"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "another\n");
    let replaced = chrysalis(program(), &config, &[&arguments[..], &["--replace"]].concat(), &[], "");
    assert_eq!(replaced.code, 0, "{replaced:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written[0]);
    let kept = folder.path().join("registration.yaml.before-1");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "another\n");
}
