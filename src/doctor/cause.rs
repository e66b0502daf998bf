//! What can be wrong, in words, and what mends it.

/// Why a Messenger does not sign in.
///
/// The errors that Messenger shows for each are those which people of its time and of its revivals have reported; none of them has been seen
/// against this server. Those beginning with 80072 are the well-known numbers of Windows' own HTTP (`WinINet`), and certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// No server runs on this machine.
    NotRunning,
    /// A name that Messenger asks for has no address.
    NameUnknown,
    /// A name that Messenger asks for leads to another machine.
    NameElsewhere,
    /// The public address is a name without an address.
    AddressUnresolved,
    /// Nobody listens at the public address.
    PortClosed,
    /// The public address does not answer at all, or accepts and says nothing.
    PortSilent,
    /// The connection is ended before anything is said.
    ConnectionEnded,
    /// What answers at the public address is something else.
    NotMsnp,
    /// The server there speaks no MSNP12.
    DialectRefused,
    /// The server there refuses everybody.
    ServerRefuses,
    /// Clients are sent on to where they cannot connect.
    RedirectUnreachable,
    /// The public address is that of another server.
    AddressOtherServer,
    /// The public URL's host is a name without an address.
    UrlUnresolved,
    /// Nobody answers at the public URL.
    UrlUnreachable,
    /// What is said to be https is not.
    UrlNotTls,
    /// What answers at the public URL speaks no HTTP.
    UrlNotHttp,
    /// The proxy at the public URL does not reach the server.
    ProxyCannotReach,
    /// Another server answers at the public URL.
    UrlOtherServer,
    /// Where Messenger signs in, there is no TLS.
    TlsAbsent,
    /// The TLS there has nothing in common with that of Windows XP.
    TlsRefusesOldClients,
    /// The certificate's time is over.
    CertificateOutdated,
    /// The certificate's time has not come.
    CertificateTooEarly,
    /// The certificate is for another name.
    CertificateForAnotherName,
    /// The nexus is not there.
    NexusMissing,
    /// The nexus does not name a login address.
    NexusUnfit,
    /// The login address does not answer as Passport 1.4 does.
    LoginUnfit,
    /// RST is not there.
    RstMissing,
    /// RST fails, or does not answer with a SOAP fault.
    RstBroken,
    /// The server says that its database is away, or takes nothing.
    DatabaseAway,
    /// The HTTP gateway does not carry MSNP.
    GatewayBroken,
    /// A proxy changes the letters of header names.
    HeadersRespelled,
    /// A proxy takes headers away.
    HeadersRemoved,
    /// The proxy is not believed when it says for whom it asks.
    ProxyNotTrusted,
    /// The clocks differ.
    ClockOff,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 34] = [
        Self::NotRunning,
        Self::NameUnknown,
        Self::NameElsewhere,
        Self::AddressUnresolved,
        Self::PortClosed,
        Self::PortSilent,
        Self::ConnectionEnded,
        Self::NotMsnp,
        Self::DialectRefused,
        Self::ServerRefuses,
        Self::RedirectUnreachable,
        Self::AddressOtherServer,
        Self::UrlUnresolved,
        Self::UrlUnreachable,
        Self::UrlNotTls,
        Self::UrlNotHttp,
        Self::ProxyCannotReach,
        Self::UrlOtherServer,
        Self::TlsAbsent,
        Self::TlsRefusesOldClients,
        Self::CertificateOutdated,
        Self::CertificateTooEarly,
        Self::CertificateForAnotherName,
        Self::NexusMissing,
        Self::NexusUnfit,
        Self::LoginUnfit,
        Self::RstMissing,
        Self::RstBroken,
        Self::DatabaseAway,
        Self::GatewayBroken,
        Self::HeadersRespelled,
        Self::HeadersRemoved,
        Self::ProxyNotTrusted,
        Self::ClockOff,
    ];

    /// One word for it, by which it can be looked for.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotRunning => "not-running",
            Self::NameUnknown => "name-unknown",
            Self::NameElsewhere => "name-elsewhere",
            Self::AddressUnresolved => "address-unresolved",
            Self::PortClosed => "port-closed",
            Self::PortSilent => "port-silent",
            Self::ConnectionEnded => "connection-ended",
            Self::NotMsnp => "not-msnp",
            Self::DialectRefused => "dialect-refused",
            Self::ServerRefuses => "server-refuses",
            Self::RedirectUnreachable => "redirect-unreachable",
            Self::AddressOtherServer => "address-other-server",
            Self::UrlUnresolved => "url-unresolved",
            Self::UrlUnreachable => "url-unreachable",
            Self::UrlNotTls => "url-not-tls",
            Self::UrlNotHttp => "url-not-http",
            Self::ProxyCannotReach => "proxy-cannot-reach",
            Self::UrlOtherServer => "url-other-server",
            Self::TlsAbsent => "tls-absent",
            Self::TlsRefusesOldClients => "tls-refuses-old-clients",
            Self::CertificateOutdated => "certificate-outdated",
            Self::CertificateTooEarly => "certificate-too-early",
            Self::CertificateForAnotherName => "certificate-for-another-name",
            Self::NexusMissing => "nexus-missing",
            Self::NexusUnfit => "nexus-unfit",
            Self::LoginUnfit => "login-unfit",
            Self::RstMissing => "rst-missing",
            Self::RstBroken => "rst-broken",
            Self::DatabaseAway => "database-away",
            Self::GatewayBroken => "gateway-broken",
            Self::HeadersRespelled => "headers-respelled",
            Self::HeadersRemoved => "headers-removed",
            Self::ProxyNotTrusted => "proxy-not-trusted",
            Self::ClockOff => "clock-off",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::NotRunning => "No Chrysalis server answers on this machine.",
            Self::NameUnknown => "A name that Messenger asks for has no address.",
            Self::NameElsewhere => "A name that Messenger asks for leads to another machine.",
            Self::AddressUnresolved => "The name in the public address has no address.",
            Self::PortClosed => "Nobody listens at the public address.",
            Self::PortSilent => "The public address does not answer.",
            Self::ConnectionEnded => "The server ends the connection before it says anything.",
            Self::NotMsnp => "What answers at the public address is no Messenger server.",
            Self::DialectRefused => "The server there speaks neither MSNP12 nor its neighbours.",
            Self::ServerRefuses => "The server there turns everybody away.",
            Self::RedirectUnreachable => "Clients are sent on to an address at which they are not served.",
            Self::AddressOtherServer => "The public address leads to another server.",
            Self::UrlUnresolved => "The name in the public URL has no address.",
            Self::UrlUnreachable => "Nobody answers at the public URL.",
            Self::UrlNotTls => "The public URL begins with https, and there is no TLS that works.",
            Self::UrlNotHttp => "What answers at the public URL speaks no HTTP.",
            Self::ProxyCannotReach => "The proxy at the public URL does not reach the server.",
            Self::UrlOtherServer => "Another server answers at the public URL.",
            Self::TlsAbsent => "Where Messenger signs in there is no TLS.",
            Self::TlsRefusesOldClients => "TLS refuses what Windows XP offers: TLS 1.0 with RSA, and 3DES or RC4.",
            Self::CertificateOutdated => "The certificate is out of date.",
            Self::CertificateTooEarly => "The certificate is not good yet.",
            Self::CertificateForAnotherName => "The certificate is for another name.",
            Self::NexusMissing => "The nexus (/rdr/pprdr.asp) is not there.",
            Self::NexusUnfit => "The nexus does not name a login address that clients can go to.",
            Self::LoginUnfit => "The login does not answer a wrong password as Passport 1.4 does.",
            Self::RstMissing => "RST (/RST.srf) is not there.",
            Self::RstBroken => "RST does not answer a wrong password with a SOAP fault.",
            Self::DatabaseAway => "The server cannot do its work: its database does not answer, or takes nothing.",
            Self::GatewayBroken => "The HTTP gateway carries nothing.",
            Self::HeadersRespelled => {
                "A proxy changes the letters of header names, which old clients compare one by one."
            }
            Self::HeadersRemoved => "A proxy takes headers away without which nobody signs in.",
            Self::ProxyNotTrusted => "The proxy is not believed, so that everybody behind it counts as one.",
            Self::ClockOff => "The clocks of this machine and of the server differ.",
        }
    }

    /// What mends it.
    #[must_use]
    pub const fn mend(self) -> &'static str {
        match self {
            Self::NotRunning => {
                "Start it (chrysalis run, or systemctl start chrysalis), and look into its log if it ends."
            }
            Self::NameUnknown => {
                "Write the name into the hosts file of Messenger's machine, or into your name server; /connect has the lines."
            }
            Self::NameElsewhere => {
                "Let the name lead to this server: in the hosts file of Messenger's machine, or in your name server; /connect has the lines."
            }
            Self::AddressUnresolved => {
                "Give the name an address in your DNS, or write an IPv4 address into server.public_address."
            }
            Self::PortClosed | Self::PortSilent => {
                "Let server.listen and server.public_address fit each other, and open the port in firewall and router. Many routers lead nobody back \
                 from inside: ask from another network too (chrysalis doctor --address HOST:PORT)."
            }
            Self::ConnectionEnded => {
                "Look into the server's log: it may be stopping, or a limit bites (limits.connections, limits.connections_per_address). If the log has \
                 nothing, something before the server ends the connection."
            }
            Self::NotMsnp => {
                "Let the port lead to server.listen, not to the web listener or to another program; no HTTP proxy may stand before it."
            }
            Self::DialectRefused => "Let server.public_address lead to this server: another one answers there.",
            Self::ServerRefuses => {
                "Look into the server's log at that moment: the database may not answer, or the server may be stopping."
            }
            Self::RedirectUnreachable => {
                "Write an address into server.public_address that clients reach: IPv4, or a name with an IPv4 address. Or set server.dispatch = false."
            }
            Self::AddressOtherServer => {
                "Write the address of this server into server.public_address, and look where the router sends that port."
            }
            Self::UrlUnresolved => "Give the name an address in your DNS, or write another into web.public_url.",
            Self::UrlUnreachable => {
                "Start the proxy, open its port, and let web.public_url name it. Without a proxy, web.listen has to be an address that clients reach."
            }
            Self::UrlNotTls => {
                "Let the proxy speak TLS at that port with its certificate, or begin web.public_url with http://."
            }
            Self::UrlNotHttp => "Let web.public_url name the proxy, or web.listen itself, and not another port.",
            Self::ProxyCannotReach => "Let the proxy send requests on to web.listen, and look into its own log.",
            Self::UrlOtherServer => {
                "Let web.public_url and the proxy lead to this server's web.listen, all paths, /doctor/mirror too; look which address the name has."
            }
            Self::TlsAbsent => {
                "Put a proxy that speaks TLS on port 443 (config/examples/proxy/windows-xp), and no plain HTTP there. If it is elsewhere: chrysalis \
                 doctor --sign-in HOST:PORT."
            }
            Self::TlsRefusesOldClients => {
                "For Windows XP run the proxy of config/examples/proxy/windows-xp on an address of its own, and ask there: chrysalis doctor --sign-in \
                 HOST:PORT. Without anybody on Windows XP leave it: --skip tls."
            }
            Self::CertificateOutdated => "Have it renewed, and the proxy reload it.",
            Self::CertificateTooEarly => {
                "Set the clock of this machine; if it is right, wait, or have the certificate made anew."
            }
            Self::CertificateForAnotherName => {
                "Make one for the names that clients ask for: config/examples/proxy/windows-xp/certificate.sh does for those of Messenger, or write the \
                 certificate's name into web.public_url."
            }
            Self::NexusMissing => "Let the proxy pass /rdr/pprdr.asp and /nexus on, with what stands behind them.",
            Self::NexusUnfit => {
                "Let the proxy pass the answer on as it is. If this is no Chrysalis: DALogin=host/path has to stand in PassportURLs."
            }
            Self::LoginUnfit => {
                "Let the proxy pass /login2.srf and /login.srf on, the header Authorization and the answer 401 too."
            }
            Self::RstMissing => "Let the proxy pass POST /RST.srf on.",
            Self::RstBroken => {
                "Look into the log of the proxy, then of the server: POST /RST.srf has to be answered by the server itself."
            }
            Self::DatabaseAway => {
                "See that the database's server runs, and that the disk is not full; chrysalis check and the server's log say what it is. If the \
                 server is in order, it is the proxy that answers 503."
            }
            Self::GatewayBroken => {
                "Let the proxy pass POST /gateway/gateway.dll on, its query too; see that limits.gateway_sessions is not reached."
            }
            Self::HeadersRespelled => {
                "Take a proxy that leaves names as they are (nginx, lighttpd, stunnel, HAProxy in tunnel mode), with HTTP/1.1 to clients; Caddy, Traefik and \
                 others written in Go respell them."
            }
            Self::HeadersRemoved => "Let the proxy pass on all headers of the answer.",
            Self::ProxyNotTrusted => {
                "Name the proxy's address in web.trusted_proxies (127.0.0.1 where it runs on the server's machine)."
            }
            Self::ClockOff => {
                "Set the clock, time zone included, on both machines (Windows: w32tm /resync; Linux: timedatectl)."
            }
        }
    }

    /// The errors of Messenger that it is behind, as far as is known.
    #[must_use]
    pub const fn errors(self) -> &'static [&'static str] {
        match self {
            Self::NotRunning
            | Self::PortClosed
            | Self::PortSilent
            | Self::AddressUnresolved
            | Self::NotMsnp
            | Self::RedirectUnreachable
            | Self::AddressOtherServer
            | Self::GatewayBroken => &["81000306"],
            Self::ConnectionEnded | Self::ServerRefuses => &["81000314"],
            Self::NameUnknown => &["80072ee7", "81000306"],
            Self::NameElsewhere => &["81000306", "80048820", "80048821"],
            Self::UrlUnresolved => &["80072ee7"],
            Self::UrlUnreachable | Self::ProxyCannotReach | Self::UrlNotHttp => &["80072efd", "80072ee2", "80048820"],
            Self::UrlNotTls | Self::TlsAbsent => &["80072efd", "80048820"],
            Self::TlsRefusesOldClients => &["80072f7d", "80048820", "80048821"],
            Self::CertificateOutdated | Self::CertificateTooEarly => &["80072f05", "80048820"],
            Self::CertificateForAnotherName => &["80072f06", "80048820"],
            Self::ClockOff => &["80072f05", "80048820", "80048821"],
            Self::DialectRefused | Self::DatabaseAway => &[],
            Self::UrlOtherServer
            | Self::NexusMissing
            | Self::NexusUnfit
            | Self::LoginUnfit
            | Self::RstMissing
            | Self::RstBroken
            | Self::HeadersRespelled
            | Self::HeadersRemoved
            | Self::ProxyNotTrusted => &["80048821"],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_cause_has_a_word_of_its_own_and_a_mend() {
        let words: BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.word()).collect();
        assert_eq!(words.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert!(cause.says().ends_with('.') && cause.mend().ends_with('.'), "{}", cause.word());
            assert!(!cause.mend().contains("  ") && !cause.mend().contains('\n'), "{}", cause.word());
        }
        let behind: BTreeSet<&str> = Cause::ALL.iter().flat_map(|cause| cause.errors()).copied().collect();
        for error in ["80048821", "81000306", "81000314"] {
            assert!(behind.contains(error), "{error}");
        }
    }
}
