-- Columns are BIGINT, TEXT or BLOB only, so that one query text serves SQLite and PostgreSQL. Times are milliseconds since
-- the Unix epoch. Keys of AUTOINCREMENT grow for ever and are never given out twice.

CREATE TABLE account (
    passport         TEXT   NOT NULL PRIMARY KEY,
    name             TEXT   NOT NULL,
    password_hash    TEXT   NOT NULL,
    created          BIGINT NOT NULL,
    privacy          TEXT   NOT NULL,
    prompt           TEXT   NOT NULL,
    list_changed     BIGINT NOT NULL,
    settings_changed BIGINT NOT NULL
);

CREATE TABLE property (
    owner TEXT NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
);

-- lists: forward 1, allow 2, block 4, reverse 8; never 0.
CREATE TABLE contact (
    owner    TEXT   NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    passport TEXT   NOT NULL,
    guid     TEXT   NOT NULL,
    lists    BIGINT NOT NULL CHECK (lists BETWEEN 1 AND 15),
    name     TEXT   NOT NULL,
    PRIMARY KEY (owner, passport)
);

CREATE INDEX contact_by_passport ON contact (passport, owner);

CREATE TABLE list_group (
    id    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    owner TEXT    NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    guid  TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    UNIQUE (owner, guid)
);

CREATE TABLE membership (
    owner      TEXT NOT NULL,
    passport   TEXT NOT NULL,
    list_group TEXT NOT NULL,
    PRIMARY KEY (owner, passport, list_group),
    FOREIGN KEY (owner, passport) REFERENCES contact (owner, passport) ON DELETE CASCADE,
    FOREIGN KEY (owner, list_group) REFERENCES list_group (owner, guid) ON DELETE CASCADE
);

CREATE INDEX membership_by_group ON membership (owner, list_group);

-- Remote contacts that their owner took off the contact list: a network that knows them as friends must not bring them back.
CREATE TABLE departed (
    owner    TEXT NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    passport TEXT NOT NULL,
    PRIMARY KEY (owner, passport)
);

-- The addresses of people and rooms of other networks; allotted once, never given back.
CREATE TABLE address (
    network  TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('person', 'room')),
    target   TEXT NOT NULL,
    passport TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    PRIMARY KEY (network, kind, target)
);

-- A message, for as long as an account waits for it: a Messenger payload, or the content of another network (JSON).
CREATE TABLE message (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    author_name TEXT    NOT NULL,
    sent        BIGINT  NOT NULL,
    payload     BLOB,
    content     TEXT,
    CHECK ((payload IS NULL) <> (content IS NULL))
);

CREATE TABLE delivery (
    owner   TEXT   NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    message BIGINT NOT NULL REFERENCES message (id),
    peer    TEXT   NOT NULL,
    PRIMARY KEY (owner, message)
);

CREATE INDEX delivery_by_peer ON delivery (owner, peer, message);
CREATE INDEX delivery_by_message ON delivery (message);

-- What is to be done on other networks. `attempt` counts the tries that were begun; `parked` is why an order was given up.
CREATE TABLE outbox (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key     TEXT    NOT NULL UNIQUE,
    owner   TEXT    NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    contact TEXT    NOT NULL REFERENCES address (passport),
    message BIGINT,
    action  TEXT    NOT NULL,
    attempt BIGINT  NOT NULL,
    parked  TEXT
);

CREATE INDEX outbox_by_lane ON outbox (owner, contact, id);

-- Which message of a network is which of ours, for messages in both directions; it outlives the messages, so that one that
-- a network hands in again is recognised.
CREATE TABLE message_map (
    owner   TEXT   NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    network TEXT   NOT NULL,
    remote  TEXT   NOT NULL,
    message BIGINT NOT NULL,
    kept    BIGINT NOT NULL,
    PRIMARY KEY (owner, network, remote)
);

CREATE INDEX message_map_by_age ON message_map (kept);

-- What a bridge remembers.
CREATE TABLE bridge_value (
    network TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (network, key)
);
