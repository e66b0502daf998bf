//! The three ways in, with the wrong password of an account that nobody has.

use url::{Url, form_urlencoded};

use super::Run;
use crate::{
    Cause, Check, Finding,
    mirror::{nobody, nonce},
    request::{Answer, AskFault, Request, ask, excerpt},
    services::CONVERSATION,
};

const NEXUS: &str = "/rdr/pprdr.asp";
const RST: &str = "/RST.srf";
/// How a server answers that cannot do its work for a while.
const UNAVAILABLE: u16 = 503;

impl Run<'_> {
    /// Tries them all; gives the answers, for their headers. `is_whole`: the mirror has every header that the proxy has let through.
    pub(super) async fn sign_in(&self, url: &Url, mirror: &Answer, is_whole: bool) -> Vec<Answer> {
        let is_gone = |name: &str| is_whole && mirror.header(name).is_none();
        let (nexus, rst, gateway) = tokio::join!(
            ask(self.resolver, url, Request::get(NEXUS)),
            self.rst(url),
            self.gateway(url, is_gone("X-MSN-Messenger")),
        );
        let (finding, login) = judge_nexus(url, &nexus, is_gone("PassportURLs"));
        self.tell(finding).await;
        let login = if let Some(login) = login {
            // One cause is named once.
            let is_away = rst.verdict.cause() == Some(Cause::DatabaseAway);
            self.login(url, &login, is_gone("WWW-Authenticate"), is_away).await
        } else {
            self.tell(Finding::untested(Check::Login, "the nexus names none")).await;
            None
        };
        self.tell(rst).await;
        let (finding, gateway) = gateway;
        self.tell(finding).await;
        nexus.ok().into_iter().chain(login).chain(gateway).collect()
    }

    async fn login(&self, url: &Url, login: &Url, is_gone: bool, is_away: bool) -> Option<Answer> {
        // Our own server names itself, and nobody else is to send us through our own network.
        if self.subject.local.is_some() && login.host() != url.host() {
            let seen = format!("it names {login}, which is not at {url}");
            self.tell(Finding::fault(Check::Login, Cause::LoginUnfit, seen)).await;
            return None;
        }
        let passport: String = form_urlencoded::byte_serialize(nobody(&nonce()).as_bytes()).collect();
        let claim = format!(
            "Authorization: Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in={passport},pwd=doctor,lc=1033,id=507\r\n"
        );
        // The address is whole already.
        let mut base = login.clone();
        base.set_path("");
        let request = Request { method: "GET", path: login.path(), headers: &claim, body: "" };
        let answer = ask(self.resolver, &base, request).await;
        let fault = |seen: String| Finding::fault(Check::Login, Cause::LoginUnfit, seen);
        let finding = match &answer {
            Ok(answer) => match answer.header("WWW-Authenticate") {
                Some(said)
                    if answer.status == 401 && said.contains("Passport1.4") && said.contains("da-status=failed") =>
                {
                    Finding::well(Check::Login, format!("{login} refuses a wrong password"))
                }
                None if answer.status == UNAVAILABLE && is_away => {
                    Finding::untested(Check::Login, "the server cannot do its work now")
                }
                None if answer.status == 401 && is_gone => {
                    Finding::untested(Check::Login, "the header of its answer is taken away")
                }
                Some(said) => fault(format!("{login} answers {} with {}", answer.status, excerpt(said))),
                None => fault(format!("{login} answers {} without WWW-Authenticate", answer.status)),
            },
            Err(problem) => fault(problem.seen(login)),
        };
        self.tell(finding).await;
        answer.ok()
    }

    async fn rst(&self, url: &Url) -> Finding {
        let body = envelope(&nobody(&nonce()));
        let headers = "Content-Type: text/xml; charset=utf-8\r\n";
        let answer = ask(self.resolver, url, Request { method: "POST", path: RST, headers, body: &body }).await;
        let fault = |cause, seen: String| Finding::fault(Check::Rst, cause, seen);
        match &answer {
            Ok(answer) if answer.status == 200 && answer.body.contains("FailedAuthentication") => {
                Finding::well(Check::Rst, "a wrong password is answered with a SOAP fault")
            }
            Ok(Answer { status: UNAVAILABLE, .. }) => {
                fault(Cause::DatabaseAway, format!("{RST} answers {UNAVAILABLE}"))
            }
            Ok(Answer { status: status @ (404 | 405 | 410), .. }) => {
                fault(Cause::RstMissing, format!("{RST} answers {status}"))
            }
            Ok(answer) => {
                fault(Cause::RstBroken, format!("{RST} answers {} with {}", answer.status, excerpt(&answer.body)))
            }
            Err(problem) => fault(Cause::RstBroken, problem.seen(url)),
        }
    }

    async fn gateway(&self, url: &Url, is_gone: bool) -> (Finding, Option<Answer>) {
        let path = format!("/gateway/gateway.dll?Action=open&Server=NS&IP={CONVERSATION}");
        let headers = "Content-Type: application/x-msn-messenger\r\n";
        // Good-bye is said at once, so that no session stays.
        let body = "VER 1 MSNP12 CVR0\r\nOUT\r\n";
        let answer = ask(self.resolver, url, Request { method: "POST", path: &path, headers, body }).await;
        let fault = |seen: String| Finding::fault(Check::Gateway, Cause::GatewayBroken, seen);
        let finding = match &answer {
            Ok(answer) if answer.status == 200 && answer.body.contains("VER 1 MSNP12") => {
                if answer.header("X-MSN-Messenger").is_some() {
                    Finding::well(Check::Gateway, "it carries MSNP")
                } else if is_gone {
                    Finding::untested(Check::Gateway, "the header of its answer is taken away")
                } else {
                    fault("its answer has no X-MSN-Messenger".to_owned())
                }
            }
            Ok(answer) => fault(format!("it answers {} with {}", answer.status, excerpt(&answer.body))),
            Err(problem) => fault(problem.seen(url)),
        };
        (finding, answer.ok())
    }
}

/// What the nexus says, and the login that it names.
fn judge_nexus(url: &Url, answer: &Result<Answer, AskFault>, is_gone: bool) -> (Finding, Option<Url>) {
    let fault = |cause, seen: String| (Finding::fault(Check::Nexus, cause, seen), None);
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) => return fault(Cause::NexusMissing, problem.seen(url)),
    };
    let Some(urls) = answer.header("PassportURLs").filter(|_| answer.status == 200) else {
        if is_gone && answer.status == 200 {
            return (Finding::untested(Check::Nexus, "the header of its answer is taken away"), None);
        }
        return fault(Cause::NexusMissing, format!("{NEXUS} answers {} without PassportURLs", answer.status));
    };
    match login_of(urls) {
        Some(login) => (Finding::well(Check::Nexus, format!("it names {login}")), Some(login)),
        None => fault(Cause::NexusUnfit, format!("PassportURLs is {}", excerpt(urls))),
    }
}

/// The login address in `PassportURLs`: clients put `https://` before one that has no scheme.
fn login_of(urls: &str) -> Option<Url> {
    let login = urls.split(',').find_map(|part| part.trim().strip_prefix("DALogin="))?;
    let whole = if login.contains("://") { login.to_owned() } else { format!("https://{login}") };
    Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The request of Messenger 7.5 for its tickets.
fn envelope(passport: &str) -> String {
    let token = |id: u8, address: &str| {
        format!(
            "<wst:RequestSecurityToken Id=\"RST{id}\"><wst:RequestType>http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue\
             </wst:RequestType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{address}</wsa:Address></wsa:EndpointReference>\
             </wsp:AppliesTo></wst:RequestSecurityToken>"
        )
    };
    let [browser, messenger] = [token(0, "http://Passport.NET/tb"), token(1, "messenger.msn.com")];
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:wsse=\"http://schemas.xmlsoap.org/ws/2003/06/secext\" xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2002/12/policy\" \
         xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/03/addressing\" xmlns:wst=\"http://schemas.xmlsoap.org/ws/2004/04/trust\" \
         xmlns:ps=\"http://schemas.microsoft.com/Passport/SoapServices/PPCRL\"><Header><wsse:Security><wsse:UsernameToken Id=\"user\">\
         <wsse:Username>{passport}</wsse:Username><wsse:Password>doctor</wsse:Password></wsse:UsernameToken></wsse:Security></Header>\
         <Body><ps:RequestMultipleSecurityTokens Id=\"RSTS\">{browser}{messenger}</ps:RequestMultipleSecurityTokens></Body></Envelope>"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_login_is_found_as_clients_find_it() {
        let login = |urls: &str| login_of(urls).map(String::from);
        assert_eq!(login("DALogin=msn.example/login2.srf").as_deref(), Some("https://msn.example/login2.srf"));
        assert_eq!(
            login("DARealm=Passport.Net,DALogin=http://a:8080/x,ConfigVersion=15").as_deref(),
            Some("http://a:8080/x")
        );
        for urls in ["", "DALogin=", "DARealm=Passport.Net", "DALogin=ftp://a/b", "dalogin=a/b"] {
            assert_eq!(login(urls), None, "{urls}");
        }
    }

    proptest! {
        #[test]
        fn a_login_is_on_a_host_and_goes_over_http(urls in "(DARealm=x,| )?(DALogin=)?(https?://|ftp://|//)?[ -~é]{0,20}") {
            if let Some(login) = login_of(&urls) {
                prop_assert!(login.has_host() && matches!(login.scheme(), "http" | "https"), "{login}");
                // Else it would be more than one word of the request.
                prop_assert!(login.path().bytes().all(|byte| byte.is_ascii_graphic()), "{login}");
            }
        }
    }
}
