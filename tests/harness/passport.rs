//! The three ways to a ticket. None of them is that of the server's own tests: each reads the answer as its clients did.

use std::net::SocketAddr;

use crate::{Answered, PASSWORD, get, post};

/// A ticket for an account, in the shortest way.
pub async fn ticket(web: SocketAddr, account: &str) -> String {
    by_header(web, account, PASSWORD).await.expect("a ticket")
}

/// As patched clients do: two headers in, one back.
pub async fn by_header(web: SocketAddr, account: &str, password: &str) -> Option<String> {
    let headers = format!("X-User: {account}\r\nX-Password: {password}\r\n");
    let answered = post(web, "/NotRST.srf", &headers, "").await;
    assert_eq!(answered.status, 200);
    answered.header("X-Token").map(str::to_owned)
}

/// As Messenger up to 7.0 does: the nexus names the login address, the login takes the password in a header. The answer of the
/// login, and the ticket as it is to be shown.
pub async fn by_passport(web: SocketAddr, account: &str, password: &str) -> (Answered, Option<String>) {
    let nexus = get(web, "/rdr/pprdr.asp", "").await;
    assert_eq!(nexus.status, 200);
    let login = nexus.header("PassportURLs").and_then(|urls| urls.strip_prefix("DALogin=")).expect("a login address");
    let path = login.strip_prefix(&format!("http://{web}")).expect("the public address");
    let (account, password) = (escaped(account), escaped(password));
    let claim = format!(
        "Authorization: Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in={account},pwd={password},\
         ct=1,rver=1,wp=FS_40SEC_0_COMPACT,lc=1,id=1\r\n"
    );
    let answered = get(web, path, &claim).await;
    let grant = answered.header("Authentication-Info").and_then(|info| info.split_once("from-PP='"));
    let ticket = grant.map(|(_, rest)| rest.split('\'').next().unwrap().to_owned());
    (answered, ticket)
}

/// As Messenger 7.5 does: SOAP. The answer, and the ticket as it is to be shown.
pub async fn by_rst(web: SocketAddr, account: &str, password: &str) -> (Answered, Option<String>) {
    let answered =
        post(web, "/RST.srf", "Content-Type: text/xml; charset=utf-8\r\n", &envelope(account, password)).await;
    let token = token_of(&answered);
    (answered, token)
}

/// Of the tokens in an answer the one for messenger.msn.com: Messenger takes what stands between the tags.
pub fn token_of(answered: &Answered) -> Option<String> {
    let token = answered.body.split("BinarySecurityToken").find(|part| part.contains(">t="))?;
    let (_, value) = token.split_once('>')?;
    Some(value.split('<').next()?.replace("&amp;", "&"))
}

fn envelope(account: &str, password: &str) -> String {
    let password = password.replace('&', "&amp;").replace('<', "&lt;");
    let token = |id: u32, address: &str, policy: &str| {
        format!(
            "<wst:RequestSecurityToken Id=\"RST{id}\"><wst:RequestType>http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue\
             </wst:RequestType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{address}</wsa:Address>\
             </wsa:EndpointReference></wsp:AppliesTo>{policy}</wst:RequestSecurityToken>"
        )
    };
    let tokens = token(0, "http://Passport.NET/tb", "")
        + token(1, "messenger.msn.com", "<wsse:PolicyReference URI=\"?ct=1&amp;id=507\"></wsse:PolicyReference>")
            .as_str();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:wsse=\"http://schemas.xmlsoap.org/ws/2003/06/secext\" xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2002/12/policy\" \
         xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/03/addressing\" xmlns:wst=\"http://schemas.xmlsoap.org/ws/2004/04/trust\">\
         <Header><wsse:Security><wsse:UsernameToken Id=\"user\"><wsse:Username>{account}</wsse:Username>\
         <wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security></Header><Body>\
         <ps:RequestMultipleSecurityTokens xmlns:ps=\"http://schemas.microsoft.com/Passport/SoapServices/PPCRL\" Id=\"RSTS\">\
         {tokens}</ps:RequestMultipleSecurityTokens></Body></Envelope>"
    )
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
