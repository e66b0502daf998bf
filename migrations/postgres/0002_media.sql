-- Objects by which Messenger knows pictures, emoticons, winks and clips, and where their bytes are. `hash` is the SHA1D of
-- MSNObjects; `kept` is when the object was last put here.
CREATE TABLE object (
    hash       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    blob       TEXT COLLATE "C" NOT NULL,
    size       BIGINT NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    kept       BIGINT NOT NULL
);

-- Addresses below this server's web pages under which a blob can be fetched, by whoever knows the token.
CREATE TABLE media_link (
    token      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    blob       TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    size       BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);

CREATE INDEX media_link_by_age ON media_link (expires);

-- The picture that a person or room of another network shows: the hash of an object.
ALTER TABLE address ADD COLUMN picture TEXT COLLATE "C";

-- The picture that an account shows to other networks: the hash of an object.
CREATE TABLE account_picture (
    owner TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES account (passport) ON DELETE CASCADE,
    hash  TEXT COLLATE "C" NOT NULL
);

-- What an account has set that Messenger knows nothing of.
CREATE TABLE account_setting (
    owner TEXT COLLATE "C" NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    key   TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, key)
);

-- Numbers of messages are given out in memory, and those of messages that are not kept are in no table: no number above
-- `reserved` was given out. One row.
CREATE TABLE message_number (
    reserved BIGINT NOT NULL
);

INSERT INTO message_number (reserved) VALUES (0);
