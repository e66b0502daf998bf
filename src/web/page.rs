//! What a browser sees.

use axum::{extract::State, response::Html};

use crate::routes::Web;

/// A page that says what this server is and how to sign in to it.
pub(crate) async fn show(State(web): State<Web>) -> Html<String> {
    // A parsed URL holds neither quotes nor angle brackets.
    let url = web.public_url.as_str().trim_end_matches('/').replace('&', "&amp;");
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Chrysalis</title></head><body>\n\
         <h1>Chrysalis</h1>\n\
         <p>This is a server for MSN Messenger 7.5 and other clients of its time. It shows people of other networks as \
         ordinary Messenger contacts.</p>\n\
         <h2>How to sign in</h2>\n\
         <ol>\n\
         <li>Ask whoever runs this server for an account: an address and a password.</li>\n\
         <li>Point your client here. One that asks for the address of the Passport nexus gets \
         <code>{url}/rdr/pprdr.asp</code> (or <code>{url}/nexus</code>, if it wants a whole URL back); one that asks for an \
         RST address gets <code>{url}/RST.srf</code>.</li>\n\
         <li>Sign in with the address and the password.</li>\n\
         </ol>\n</body></html>\n"
    ))
}
