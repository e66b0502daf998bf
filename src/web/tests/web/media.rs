//! Files of other networks.

use crate::server::{Server, has_line};

async fn with_file(name: &str, media_type: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    std::fs::write(&path, "0123456789").unwrap();
    let server = Server::start("http://127.0.0.1").await;
    server.keep(name, media_type, path);
    (server, folder)
}

#[tokio::test]
async fn a_picture_is_shown_and_anything_else_is_saved() {
    for (name, given, media_type, disposition) in [
        ("sunset.png", "image/png", "image/png", "inline; filename*=UTF-8''sunset.png"),
        ("clip.wav", "audio/x-wav", "audio/x-wav", "inline; filename*=UTF-8''clip.wav"),
        ("page.html", "text/html", "application/octet-stream", "attachment; filename*=UTF-8''page.html"),
        ("x.svg", "image/svg+xml", "application/octet-stream", "attachment; filename*=UTF-8''x.svg"),
        ("a\"\r\n b\u{e9}", "", "application/octet-stream", "attachment; filename*=UTF-8''a%22%0D%0A%20b%C3%A9"),
    ] {
        let (server, _folder) = with_file(name, given).await;
        let answer = server.get("/media/secret/whatever.exe", "").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n0123456789"), "{answer}");
        for line in [
            format!("Content-Type: {media_type}"),
            format!("Content-Disposition: {disposition}"),
            "Content-Length: 10".to_owned(),
            "X-Content-Type-Options: nosniff".to_owned(),
            "Content-Security-Policy: sandbox; default-src 'none'".to_owned(),
            "Cache-Control: private, max-age=3600".to_owned(),
        ] {
            assert!(has_line(&answer, &line), "{line} in {answer}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_part_can_be_asked_for() {
    let (server, _folder) = with_file("long.bin", "application/zip").await;
    let part = server.get("/media/secret/long.bin", "Range: bytes=3-5\r\n").await;
    assert!(part.starts_with("HTTP/1.1 206 ") && part.ends_with("\r\n\r\n345"), "{part}");
    assert!(has_line(&part, "Content-Range: bytes 3-5/10") && has_line(&part, "X-Content-Type-Options: nosniff"));
    let beyond = server.get("/media/secret/long.bin", "Range: bytes=20-\r\n").await;
    assert!(beyond.starts_with("HTTP/1.1 416 "), "{beyond}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_unknown_or_gone_is_not_found() {
    let (server, folder) = with_file("a.png", "image/png").await;
    let long = "x".repeat(200);
    for path in ["/media/guess/a.png", &format!("/media/{long}/a.png"), "/media/secret", "/media/secret/a/b"] {
        assert!(server.get(path, "").await.starts_with("HTTP/1.1 404 "), "{path}");
    }
    drop(folder);
    assert!(server.get("/media/secret/a.png", "").await.starts_with("HTTP/1.1 404 "));
    server.stop().await;
}
