//! The pictures of the people and of the room.

use bridge::Host;
use domain::{contact::RemoteTarget, media::Source};

use crate::{
    drawings::{Drawing, PICTURE},
    echo,
    lines::keep,
    parlour::Parlour,
    room::{self, Person},
};

impl Parlour {
    /// Shows everybody's picture.
    pub(crate) async fn show_pictures(&self) {
        let host = self.host.as_ref();
        show(host, &echo::place(), self.echos_picture(false)).await;
        show(host, &room::place(), room::PICTURE).await;
        for person in Person::ALL {
            show(host, &RemoteTarget::Person(person.user()), person.picture()).await;
        }
    }
}

/// Makes `drawing` the picture of `whose`. One that cannot be kept is not shown: nobody waits for a picture.
pub(crate) async fn show(host: &dyn Host, whose: &RemoteTarget, drawing: Drawing) {
    let kept = match drawing.png(PICTURE, PICTURE) {
        Ok(bytes) => keep(host, "picture.png", bytes).await,
        Err(fault) => Err(fault),
    };
    match kept.map(|attachment| attachment.source) {
        Ok(Source::Blob(blob)) => host.picture(whose, Some(blob)),
        Ok(Source::Object(_)) => tracing::warn!(?whose, "a picture was kept as another's object, and is not shown"),
        Err(fault) => tracing::warn!(?whose, %fault, "a picture could not be kept, and is not shown"),
    }
}
