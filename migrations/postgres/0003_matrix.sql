-- In whose window a message of a network is, and what is remembered of it (JSON): by this, what is said of it later finds it.
-- `message` is 0 for what is known and was never shown.
ALTER TABLE message_map ADD COLUMN peer TEXT COLLATE "C";
ALTER TABLE message_map ADD COLUMN gist TEXT COLLATE "C";

CREATE INDEX message_map_by_message ON message_map (owner, message);
CREATE INDEX message_map_by_window ON message_map (owner, peer, message) WHERE gist IS NOT NULL;

-- Who said it, where it was said in a room: an address.
ALTER TABLE message ADD COLUMN author TEXT COLLATE "C";

-- Signs that were put on messages, for a moment: those that come together become one line. `author` is the network's id of who
-- put it, `target` that of the message, `words` the first words of that; `arrived` is when it came here.
CREATE TABLE reaction (
    owner       TEXT COLLATE "C" NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    network     TEXT COLLATE "C" NOT NULL,
    remote      TEXT COLLATE "C" NOT NULL,
    peer        TEXT COLLATE "C" NOT NULL,
    author      TEXT COLLATE "C" NOT NULL,
    author_name TEXT COLLATE "C" NOT NULL,
    target      TEXT COLLATE "C" NOT NULL,
    words       TEXT COLLATE "C" NOT NULL,
    sign        TEXT COLLATE "C" NOT NULL,
    sent        BIGINT NOT NULL,
    arrived     BIGINT NOT NULL,
    PRIMARY KEY (owner, network, remote)
);

CREATE INDEX reaction_by_target ON reaction (owner, network, target, arrived);
CREATE INDEX reaction_by_age ON reaction (arrived);

-- What an account has set for one contact, whether that is on a list or not.
CREATE TABLE contact_setting (
    owner    TEXT COLLATE "C" NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    passport TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, passport, key)
);

-- What a room is about.
ALTER TABLE address ADD COLUMN topic TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Into which rooms an account was asked, and by whom. `answered` is 0 as long as it is not; answered ones are kept for a while
-- because of `prompted`: when it was last shown as somebody who wants to be a contact, 0 for never.
CREATE TABLE room_invitation (
    owner    TEXT COLLATE "C" NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    contact  TEXT COLLATE "C" NOT NULL REFERENCES address (passport),
    asker    TEXT COLLATE "C" NOT NULL,
    asked    BIGINT NOT NULL,
    prompted BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    PRIMARY KEY (owner, contact)
);

-- When an order was given up; for those that were given up before this column was there, when that was first noticed.
ALTER TABLE outbox ADD COLUMN given_up BIGINT;
