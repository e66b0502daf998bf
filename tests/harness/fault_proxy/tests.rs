//! Each fault is what it is called.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Client, Response};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Fault, FaultProxy};

/// A server that gives every request the same answer, and counts them.
async fn counting() -> (SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            // Requests of these tests come in one piece.
            let count = stream.read(&mut request).await.unwrap();
            assert!(request[..count].ends_with(b"{\"a\":1}"), "{}", String::from_utf8_lossy(&request[..count]));
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"b\":12345}";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

async fn ask(proxy: &FaultProxy) -> Result<Response, reqwest::Error> {
    let client = Client::builder().no_proxy().build().unwrap();
    client.put(format!("http://{}/send/x?y=z", proxy.address())).body("{\"a\":1}").send().await
}

#[tokio::test]
async fn each_fault_is_what_it_is_called() {
    let (target, asked) = counting().await;
    let proxy = FaultProxy::start(target, 7).await;
    for fault in Fault::ALL {
        let before = asked.load(Ordering::SeqCst);
        proxy.strike(1_000, &[fault]);
        let answer = ask(&proxy).await;
        let reached = asked.load(Ordering::SeqCst) - before;
        let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        let (status_wanted, reached_wanted) = match fault {
            Fault::CutBefore => (None, 0),
            Fault::AnswerLost => (None, 1),
            Fault::AnswerCut | Fault::Delayed => (Some(200), 1),
            Fault::BadGateway => (Some(502), 0),
            Fault::GatewayTimeout => (Some(504), 1),
            Fault::Unavailable => (Some(503), 0),
            Fault::Internal => (Some(500), 0),
            Fault::Limited => (Some(429), 0),
        };
        assert_eq!((status, reached), (status_wanted, reached_wanted), "{fault}");
        let Ok(answer) = answer else { continue };
        let retry_after = answer.headers().get("Retry-After").map(|seconds| seconds.to_str().unwrap().parse::<u64>());
        let body = answer.text().await;
        assert_eq!(body.is_err(), fault == Fault::AnswerCut, "{fault}: {body:?}");
        match fault {
            Fault::BadGateway | Fault::GatewayTimeout => assert!(body.unwrap().starts_with("<html>")),
            Fault::Delayed => assert_eq!(body.unwrap(), "{\"b\":12345}"),
            Fault::Limited => {
                let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
                assert_eq!(body["errcode"], "M_LIMIT_EXCEEDED");
                let wait = body["retry_after_ms"].as_u64().unwrap();
                assert_eq!(retry_after, Some(Ok(wait.div_ceil(1_000))));
            }
            Fault::CutBefore | Fault::AnswerLost | Fault::AnswerCut | Fault::Unavailable | Fault::Internal => {}
        }
    }
    assert!(Fault::ALL.iter().all(|fault| proxy.met().get(fault) == Some(&1)), "{:?}", proxy.met());
    assert_eq!(proxy.impatient(), 0);
    proxy.rest();
    assert_eq!(ask(&proxy).await.unwrap().text().await.unwrap(), "{\"b\":12345}");
    assert_eq!(proxy.asked(), 10);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_fault_of_the_proxy() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let proxy = FaultProxy::start(nobody, 7).await;
    for fault in [Fault::AnswerLost, Fault::Delayed, Fault::GatewayTimeout] {
        proxy.strike(1_000, &[fault]);
        assert!(ask(&proxy).await.is_err(), "{fault}");
    }
    assert!(proxy.met().is_empty(), "{:?}", proxy.met());
}
