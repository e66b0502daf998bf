//! The gateway's answers, letter by letter.

use server::PIPE_CAPACITY;

use crate::server::{MOST_SESSIONS, Server, between, has_line};

const OPEN: &str = "/gateway/gateway.dll?Action=open&Server=NS&IP=messenger.hotmail.com";

fn id(answer: &str) -> &str {
    between(answer, "\r\nX-MSN-Messenger: SessionID=", ";")
}

#[tokio::test]
async fn a_session_is_named_in_the_letters_that_old_clients_look_for() {
    let server = Server::start("https://msn.example").await;
    let answer = server
        .exchange(
            "POST http://gateway.messenger.hotmail.com/gateway/gateway.dll?Action=open&Server=SB&IP=1.2.3.4 HTTP/1.1\r\n\
             Accept: */*\r\nUser-Agent: MSMSGS\r\nHost: gateway.messenger.hotmail.com\r\nProxy-Connection: Keep-Alive\r\n\
             Pragma: no-cache\r\nContent-Type: application/x-msn-messenger\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    let session = format!("X-MSN-Messenger: SessionID={}; GW-IP=gateway.messenger.hotmail.com", id(&answer));
    for line in [&session, "Content-Type: application/x-msn-messenger", "Content-Length: 0"] {
        assert!(has_line(&answer, line), "{answer}");
    }
    // No rubbish comes back in the header.
    let answer =
        server.exchange(format!("POST {OPEN} HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    assert!(answer.await.contains("; GW-IP=msn.example\r\n"));
    server.stop().await;
}

#[tokio::test]
async fn bytes_go_to_and_fro_and_the_end_is_told() {
    let server = Server::start("http://127.0.0.1").await;
    let opened = server.post(OPEN, "", "VER 1 MSNP12 CVR0\r\nCVR 2").await;
    let end = server.behind.sessions.lock().unwrap().remove(0);
    let mut buffer = [0; 64];
    let length = end.try_read(&mut buffer).unwrap().unwrap();
    assert_eq!(&buffer[..length], b"VER 1 MSNP12 CVR0\r\nCVR 2");
    end.try_write(&vec![b'x'; PIPE_CAPACITY]).unwrap();
    let polled = server.post(&format!("/gateway/gateway.dll?Action=poll&SessionID={}", id(&opened)), "", "").await;
    assert!(has_line(&polled, "Content-Length: 65536"), "{polled}");
    end.try_write(b"OUT\r\n").unwrap();
    drop(end);
    let path = format!("/gateway/gateway.dll?SessionID={}", id(&polled));
    let last = server.post(&path, "", "OUT\r\n").await;
    assert!(last.ends_with("\r\n\r\nOUT\r\n") && last.contains("; GW-IP=x; Session=close\r\n"), "{last}");
    assert_eq!(undated(&server.post(&path, "", "OUT\r\n").await), undated(&last), "a lost answer is given again");
    let after = server.post(&format!("/gateway/gateway.dll?SessionID={}", id(&last)), "", "").await;
    assert!(after.starts_with("HTTP/1.1 400 "), "{after}");
    server.stop().await;
}

fn undated(answer: &str) -> Vec<&str> {
    answer.split("\r\n").filter(|line| !line.starts_with("Date:")).collect()
}

#[tokio::test]
async fn what_is_no_request_of_a_session_is_refused() {
    let server = Server::start("http://127.0.0.1").await;
    for query in
        ["", "?Action=open", "?Action=open&Server=XX", "?SessionID=1.2", "?Action=poll&SessionID=x", "?Action=x"]
    {
        let answer = server.post(&format!("/gateway/gateway.dll{query}"), "", "PNG\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{query}: {answer}");
    }
    assert!(server.get(OPEN, "").await.starts_with("HTTP/1.1 405 "));
    let large = server.exchange(format!("POST {OPEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n")).await;
    assert!(large.starts_with("HTTP/1.1 413 "), "{large}");
    for _ in 0..MOST_SESSIONS {
        assert!(server.post(OPEN, "", "").await.starts_with("HTTP/1.1 200 "));
    }
    let full = server.post(OPEN, "", "").await;
    assert!(full.starts_with("HTTP/1.1 503 ") && has_line(&full, "Retry-After: 30"), "{full}");
    server.stop().await;
}
